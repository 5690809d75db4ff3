import { join } from 'node:path';
import { Client } from 'pg';
import { Child } from './child';
import { Instant, type Moment } from './moments';
import { PostgresProxy } from './postgres-proxy';

const MODULE = join(__dirname, '../../../dist/adapters/store/migrate.js');
const SCRIPT = `
  const [, path, url, folder] = process.argv;
  require(path).migrate(url, console.log, folder).catch((error) => {
    console.error(error);
    process.exit(1);
  });`;

export interface MigratingProcess {
  readonly child: Child;
  /** Lets go of the proxy once the process has ended. */
  readonly end: () => Promise<void>;
}

/**
 * A process that brings a schema up to date, watched: `onStatement` hears each statement before PostgreSQL does, with its
 * number from 0.
 * @param folder of migrations, Ballast's own unless given
 */
export async function startMigration(
  { databaseUrl, logPath, folder }: { databaseUrl: string; logPath: string; folder?: string },
  onStatement: (index: number, child: Child, text: string) => void,
): Promise<MigratingProcess> {
  const url = new URL(databaseUrl);
  const seen: { count: number; child?: Child } = { count: 0 };
  const observe = ({ instant, text = '' }: Moment): 'pass' => {
    if (instant !== Instant.Statement || seen.child === undefined) return 'pass';
    onStatement(seen.count, seen.child, text);
    seen.count += 1;
    return 'pass';
  };
  const proxy = await PostgresProxy.start(Number(url.port), observe);
  url.port = String(proxy.port);
  const args = ['-e', SCRIPT, MODULE, url.href, ...(folder === undefined ? [] : [folder])];
  const child = await Child.start(args, {}, logPath);
  seen.child = child;
  return {
    child,
    end: async () => {
      await child.exited;
      await child.kill();
      await proxy.close();
    },
  };
}

/** Everything that a schema consists of, as text to compare. */
export async function schemaOf(databaseUrl: string): Promise<readonly string[]> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ line: string }>(`
      SELECT concat_ws(' ', table_name, column_name, data_type, column_default, is_nullable) AS line
        FROM information_schema.columns WHERE table_schema = 'public'
      UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
      UNION ALL SELECT concat_ws(' ', conrelid::regclass, conname, pg_get_constraintdef(oid))
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace
      UNION ALL SELECT concat_ws(' ', 'migration', name) FROM migrations
      ORDER BY 1`);
    return rows.map(({ line }) => line);
  } finally {
    await client.end();
  }
}
