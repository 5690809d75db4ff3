import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { migrate } from '../../adapters/store/migrate';
import type { BallastConfig } from '../../config/config';
import type { Environment } from '../../config/environment-layer';
import { SECRETS } from '../../config/secret-paths';
import { connectTemporal } from '../../temporal/connection';
import { WORKFLOW_TASK_QUEUE } from '../../workflows/contract';
import type { ChildSpec } from '../supervisor/types';
import type { Services } from './services';

export const ChildName = {
  Postgres: 'postgres',
  Temporal: 'temporal',
  Emulator: 'emulator',
  Worker: 'worker',
} as const;
export type ChildName = (typeof ChildName)[keyof typeof ChildName];

export interface ChildrenOptions {
  /** Complete: with the addresses of the embedded services. */
  readonly config: BallastConfig;
  readonly services: Services;
  readonly env: Environment;
  readonly cwd: string;
  readonly runtimeFile: string;
  /** The process id of a child, once it has one. */
  readonly pidOf: (name: ChildName) => number | undefined;
}

const POLL_MS = 100;

/** What the supervisor is to keep running: the embedded services, and the worker on top of them. */
export function describeChildren(options: ChildrenOptions): readonly ChildSpec[] {
  const { services } = options;
  const embedded: ChildSpec[] = [];
  if (services.postgres !== undefined) embedded.push({ ...services.postgres, name: ChildName.Postgres });
  if (services.temporal !== undefined) embedded.push({ ...services.temporal, name: ChildName.Temporal });
  if (services.emulatorUrl !== null) embedded.push(emulatorChild(options, services.emulatorUrl));
  return [
    ...embedded,
    workerChild(
      options,
      embedded.map(({ name }) => name),
    ),
  ];
}

function emulatorChild({ env, cwd, runtimeFile }: ChildrenOptions, url: string): ChildSpec {
  const withoutSecrets = Object.fromEntries(
    Object.entries(env).filter(([name]) => !SECRETS.some(({ variable }) => variable === name)),
  );
  return {
    name: ChildName.Emulator,
    command: process.execPath,
    args: [...FRUGAL_HEAP, join(__dirname, '..', 'emulator-main.js')],
    env: { ...withoutSecrets, BALLAST_RUNTIME: runtimeFile },
    cwd,
    ready: (signal) => untilTrue(signal, async () => (await fetch(`${url}/api/v3/ping`, { signal })).ok),
  };
}

/**
 * Left alone, V8 lets a worker's heap grow to half a gigabyte before it collects in earnest: most of what a cycle makes is
 * garbage at once. A small young generation halves the worker's memory, and V8 told to favour size lets the old one grow in
 * small steps; the limit on that is far above what it lives on.
 */
const FRUGAL_HEAP = ['--max-semi-space-size=1', '--optimize-for-size', '--max-old-space-size=512'] as const;
/** glibc gives each of the twenty threads an arena of its own, which keeps what it once had: 45 MB for nothing. */
const FRUGAL_MALLOC = { MALLOC_ARENA_MAX: '2' } as const;

function workerChild(options: ChildrenOptions, dependsOn: readonly string[]): ChildSpec {
  const { config, env, cwd, runtimeFile, pidOf } = options;
  return {
    name: ChildName.Worker,
    command: process.execPath,
    args: [...FRUGAL_HEAP, join(__dirname, '..', 'main.js')],
    env: { ...FRUGAL_MALLOC, ...env, BALLAST_RUNTIME: runtimeFile },
    cwd,
    dependsOn,
    prepare: async () => {
      const url = config.postgres.url?.reveal();
      if (url === undefined) throw new Error('The worker needs PostgreSQL, and none is configured.');
      await migrate(url, () => undefined);
    },
    ready: (signal) => untilPolling(config, () => pidOf(ChildName.Worker), signal),
    stopTimeoutMs: config.worker.shutdownGraceMs + 10_000,
  };
}

/** A worker works when Temporal sees this very process poll: earlier ones stay on its list for minutes. */
async function untilPolling(
  config: BallastConfig,
  pid: () => number | undefined,
  signal: AbortSignal,
): Promise<void> {
  const { client, close } = await connectTemporal(config.temporal);
  try {
    await untilTrue(signal, async () => {
      const { pollers } = await client.workflowService.describeTaskQueue({
        namespace: config.temporal.namespace,
        taskQueue: { name: WORKFLOW_TASK_QUEUE },
      });
      return pollers.some(({ identity }) => identity === `${pid() ?? ''}@${hostname()}`);
    });
  } finally {
    await close();
  }
}

/** Asks again until the answer is yes; errors are a no. @throws the signal's reason when it aborts. */
async function untilTrue(signal: AbortSignal, ask: () => Promise<boolean>): Promise<void> {
  while (!(await ask().catch(() => false))) await sleep(POLL_MS, undefined, { signal });
}
