import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { migrate } from '../../../adapters/store/migrate';
import { createDatabase } from './support';

let database: Awaited<ReturnType<typeof createDatabase>>;
beforeEach(async () => {
  database = await createDatabase();
});
afterEach(() => database.drop());

const silent = (): void => undefined;

/** Every migration there is, in the order of their names. */
const migrations = readdirSync(join(__dirname, '../../../adapters/store/migrations'))
  .map((file) => file.replace(/\.sql$/, ''))
  .sort();

async function query<T extends object>(sql: string): Promise<readonly T[]> {
  const client = new Client({ connectionString: database.url });
  await client.connect();
  try {
    return (await client.query<T>(sql)).rows;
  } finally {
    await client.end();
  }
}

it('brings up the schema once, in order, and says so', async () => {
  const lines: string[] = [];
  const applied = await migrate(database.url, (line) => lines.push(line));
  expect(applied).toEqual(migrations);
  expect(lines.join('\n')).toContain('order-path');
  expect(await migrate(database.url, silent)).toEqual([]);
  const tables = await query<{ tablename: string }>(
    "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename",
  );
  const names = tables.map(({ tablename }) => tablename);
  for (const table of [
    'accounts',
    'approvals',
    'orders',
    'order_events',
    'fills',
    'positions',
    'halt_epochs',
  ])
    expect(names).toContain(table);
});

it('is safe when several processes start at once', async () => {
  const applied = await Promise.all(Array.from({ length: 4 }, () => migrate(database.url, silent)));
  expect(applied.map((names) => names.length).sort()).toEqual([0, 0, 0, migrations.length]);
});

/** Holds the lock on which the second migration waits, so that the migrating process can be killed right there. */
async function killHalfway(): Promise<void> {
  const blocker = new Client({ connectionString: database.url });
  await blocker.connect();
  await blocker.query('BEGIN; CREATE TABLE candles (blocking text)');
  const script = `require(process.argv[1]).migrate(process.argv[2], () => {})`;
  const loader = require.resolve('../../../scripts/lib/typescript-loader.cjs');
  const child = spawn(
    process.execPath,
    ['--require', loader, '-e', script, require.resolve('../../../adapters/store/migrate'), database.url],
    { stdio: 'ignore' },
  );
  const exited = once(child, 'exit');
  const waiting = `SELECT 1 FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'ballast-migrate' AND wait_event_type = 'Lock'`;
  while ((await query(waiting)).length === 0) {
    if (child.exitCode !== null) throw new Error('The migrating process ended before it could be killed.');
  }
  child.kill('SIGKILL');
  await exited;
  await blocker.query('ROLLBACK');
  await blocker.end();
}

it('leaves nothing behind when it is killed halfway, and the next one completes', async () => {
  await killHalfway();
  const applied = await migrate(database.url, silent);
  expect(applied).toEqual(migrations);
});
