import { join } from 'node:path';
import { Client } from 'pg';

/** Any number that nobody else uses for an advisory lock in this database. */
const MIGRATION_LOCK = 7_283_561_904;

/** A migrating process that stalls holds locks which every order waits for: it loses them instead. */
const STALL_LIMITS = `SET idle_in_transaction_session_timeout = '10s'; SET idle_session_timeout = '30s'`;
/** Whoever comes after a migration that queues for a table queues behind it: rather than that it fails, and is tried again. */
const QUEUE_LIMIT = `SET lock_timeout = '10s'`;

/**
 * Brings the schema up to date. Safe to run from several processes at once (they queue on an advisory lock, which ends
 * with the connection that holds it) and to be killed halfway: the pending migrations are one transaction. Migrations
 * only go forward.
 *
 * @param log one line of progress at a time
 * @param folder of SQL files, Ballast's own unless given
 * @returns the names of the migrations that were applied now
 */
export async function migrate(
  databaseUrl: string,
  log: (line: string) => void,
  folder: string = join(__dirname, 'migrations'),
): Promise<readonly string[]> {
  // The tool exists only as an ES module.
  const { runner } = await import('node-pg-migrate');
  const client = new Client({ connectionString: databaseUrl, application_name: 'ballast-migrate' });
  client.on('error', (error) => {
    log(`Lost the connection to PostgreSQL: ${error.message}`);
  });
  await client.connect();
  try {
    await client.query(STALL_LIMITS);
    await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await client.query(QUEUE_LIMIT);
    const applied = await runner({
      dbClient: client,
      dir: folder,
      direction: 'up',
      migrationsTable: 'migrations',
      singleTransaction: true,
      noLock: true,
      log,
    });
    return applied.map(({ name }) => name);
  } finally {
    await client.end();
  }
}
