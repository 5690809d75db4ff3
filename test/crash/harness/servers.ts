import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { migrate } from '../../../adapters/store/migrate';
import { processEnvironment } from '../../../config/environment';
import { startPostgres } from '../../../workers/embedded-postgres';
import { startDevServer } from '../../../workers/embedded-temporal';
import type { RunningLaunch } from '../../../workers/launch';
import { findFreePort } from '../../../workers/supervisor/ports';

/** A server that can be killed, and started again where it was. */
export class KillableServer {
  private constructor(
    private readonly launch: () => Promise<RunningLaunch>,
    private running: RunningLaunch,
  ) {}

  static async start(launch: () => Promise<RunningLaunch>): Promise<KillableServer> {
    return new KillableServer(launch, await launch());
  }

  /** SIGKILL, at once. */
  kill(): void {
    process.kill(this.running.pid, 'SIGKILL');
  }

  /** Resolves when it has ended. */
  gone(): Promise<void> {
    return this.running.exited;
  }

  /** Starts it anew on its old data and port, once the killed one is gone. */
  async restart(): Promise<void> {
    await this.gone();
    this.running = await this.launch();
  }

  stop(): Promise<void> {
    return this.running.stop();
  }
}

/** Real servers that the tests of one file share. Everything of theirs lies in one temporary folder. */
export interface Servers {
  readonly folder: string;
  readonly postgres: KillableServer;
  readonly postgresPort: number;
  readonly temporal: KillableServer;
  readonly temporalAddress: string;
  /** The password of the database, which no log may show. */
  readonly password: string;
  /** SIGKILLs Temporal, deletes everything it has stored, and starts it empty. */
  forgetWorkflows(): Promise<void>;
  /** A database without a schema. @returns its URL */
  createEmptyDatabase(name: string): Promise<string>;
  /** A fresh database with the current schema. @returns its URL */
  createDatabase(name: string): Promise<string>;
  /** Keeps a copy of a database as it is now, as a dump does. Whoever is connected to the database is cut off. */
  copyDatabase(name: string, copy: string): Promise<void>;
  /** Puts a copy in the place of the database, as restoring a dump does. Whoever is connected is cut off. */
  restoreDatabase(name: string, copy: string): Promise<void>;
  /** Stops the servers; the folder goes too, unless `keep` or BALLAST_CRASH_KEEP says to keep it for a look. */
  close(options?: { readonly keep: boolean }): Promise<void>;
}

const TEMPLATE = 'crash_template';

/**
 * @param suggestAt after how many events Temporal suggests a workflow to continue as new, instead of its own limit
 * @param prefix begins the name of their folder
 */
export async function startServers(suggestAt?: number, prefix = 'ballast-crash-'): Promise<Servers> {
  const folder = mkdtempSync(join(tmpdir(), prefix));
  mkdirSync(join(folder, 'logs'));
  const logTo = (name: string) => (text: string) => {
    appendFileSync(join(folder, 'logs', `${name}.log`), text);
  };
  const { env } = processEnvironment();
  const executable = env.BALLAST_TEMPORAL_CLI;
  if (executable === undefined)
    throw new Error('BALLAST_TEMPORAL_CLI is not set: run the tests with `npm run test:crash`.');
  const postgresPort = await findFreePort();
  let url = '';
  const postgres = await KillableServer.start(async () => {
    const dataDir = join(folder, 'postgres', 'data');
    const running = await startPostgres({ dataDir, port: postgresPort, log: logTo('postgres') });
    ({ url } = running);
    return running;
  });
  // Chosen only now: other suites choose free ports too, and PostgreSQL has taken its time.
  const grpcPort = await findFreePort();
  const dbFile = join(folder, 'temporal.db');
  const dynamicConfig: Record<string, number> = {};
  if (suggestAt !== undefined) dynamicConfig['limit.historyCount.suggestContinueAsNew'] = suggestAt;
  const temporal = await KillableServer.start(() =>
    startDevServer({ executable, dbFile, grpcPort, dynamicConfig, log: logTo('temporal') }),
  );
  await runOn(url, `CREATE DATABASE ${TEMPLATE}`);
  await migrate(databaseUrl(url, TEMPLATE), () => undefined);
  return {
    folder,
    postgres,
    postgresPort,
    temporal,
    temporalAddress: `127.0.0.1:${grpcPort}`,
    password: new URL(url).password,
    async forgetWorkflows() {
      temporal.kill();
      await temporal.gone();
      for (const suffix of ['', '-shm', '-wal']) rmSync(dbFile + suffix, { force: true });
      await temporal.restart();
    },
    async createEmptyDatabase(name) {
      await runOn(url, `CREATE DATABASE ${name}`);
      return databaseUrl(url, name);
    },
    async createDatabase(name) {
      await runOn(url, `CREATE DATABASE ${name} TEMPLATE ${TEMPLATE}`);
      return databaseUrl(url, name);
    },
    async copyDatabase(name, copy) {
      await runOn(url, cutOff(name));
      await runOn(url, `CREATE DATABASE ${copy} TEMPLATE ${name}`);
    },
    async restoreDatabase(name, copy) {
      await runOn(url, cutOff(name));
      await runOn(url, `DROP DATABASE ${name} WITH (FORCE)`);
      await runOn(url, `ALTER DATABASE ${copy} RENAME TO ${name}`);
    },
    async close({ keep } = { keep: env.BALLAST_CRASH_KEEP !== undefined }) {
      await Promise.all([postgres.stop(), temporal.stop()]);
      if (!keep) rmSync(folder, { recursive: true, force: true });
    },
  };
}

const cutOff = (name: string): string =>
  `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`;

function databaseUrl(server: string, name: string): string {
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

async function runOn(url: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
