import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';

const host = '127.0.0.1';
const readyPollMs = 100;
const stopTimeoutMs = 10_000;

/** What the Web UI can filter by, and the command line can query. */
export const searchAttributeTypes = {
  Account: 'Keyword',
  Strategy: 'Keyword',
  Symbol: 'Keyword',
  Side: 'Keyword',
  Decision: 'Keyword',
  PnL: 'Double',
  Mode: 'Keyword',
} as const;

/** With one history shard the default of 20 polls a second makes every task wait about 45 ms. */
const dynamicConfig = {
  'history.transferProcessorMaxPollRPS': 2_000,
  'history.timerProcessorMaxPollRPS': 2_000,
};

export interface DevServerOptions {
  /** The Temporal CLI. */
  readonly executable: string;
  /** The SQLite file that keeps every workflow; made if missing. Without one everything is lost at the end. */
  readonly dbFile?: string;
  readonly grpcPort: number;
  /** Left out, there is no Web UI. */
  readonly uiPort?: number;
  /** Further dynamic configuration of the server. */
  readonly dynamicConfig?: Readonly<Record<string, number>>;
}

/** How to start the dev server, for a supervisor. */
export interface DevServerLaunch {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly stopSignal: 'SIGINT';
  readonly stopTimeoutMs: number;
  readonly orphanSignal: 'SIGINT';
  /** For clients and workers, `host:port`. */
  readonly address: string;
  readonly namespace: 'default';
  /** The Web UI, if there is one. */
  readonly uiUrl?: string;
  /** Resolves when the server serves its namespace with all search attributes. */
  ready(signal: AbortSignal): Promise<void>;
}

/** The command of a dev server on the loopback interface. Nothing is started. */
export function describeDevServer(options: DevServerOptions): DevServerLaunch {
  const address = `${host}:${options.grpcPort}`;
  const attributes = Object.entries(searchAttributeTypes).flatMap(([name, type]) => [
    '--search-attribute',
    `${name}=${type}`,
  ]);
  const settings = Object.entries({ ...dynamicConfig, ...options.dynamicConfig }).flatMap(([key, value]) => [
    '--dynamic-config-value',
    `${key}=${value}`,
  ]);
  return {
    command: options.executable,
    args: [
      ...[
        'server',
        'start-dev',
        '--ip',
        host,
        '--port',
        String(options.grpcPort),
        '--log-format',
        'json',
        '--log-level',
        'warn',
      ],
      ...(options.uiPort === undefined ? ['--headless'] : ['--ui-port', String(options.uiPort)]),
      ...(options.dbFile === undefined ? [] : ['--db-filename', options.dbFile]),
      ...attributes,
      ...settings,
    ],
    env: { PATH: '/usr/bin:/bin', HOME: '/nonexistent' },
    stopSignal: 'SIGINT',
    stopTimeoutMs,
    orphanSignal: 'SIGINT',
    address,
    namespace: 'default',
    ...(options.uiPort !== undefined && { uiUrl: `http://${host}:${options.uiPort}` }),
    ready: (signal) => waitUntilServing(address, signal),
  };
}

async function waitUntilServing(address: string, signal: AbortSignal): Promise<void> {
  const connection = Connection.lazy({ address });
  try {
    while (!(await serves(connection))) await sleep(readyPollMs, undefined, { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    await connection.close();
  }
}

/** The namespace answers and knows the search attributes, which are registered only after the server has started. */
async function serves(connection: Connection): Promise<boolean> {
  try {
    const { customAttributes } = await connection.withDeadline(Date.now() + 1_000, () =>
      connection.operatorService.listSearchAttributes({ namespace: 'default' }),
    );
    return Object.keys(searchAttributeTypes).every((name) => name in customAttributes);
  } catch {
    return false;
  }
}
