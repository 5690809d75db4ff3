import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { migrate } from '../../adapters/store/migrate';
import { ExitReason } from '../../domain/position';
import type { Child } from '../crash/harness/child';
import { schemaOf, startMigration } from '../crash/harness/migration';
import { startServers, type Servers } from '../crash/harness/servers';
import { openPosition } from '../crash/harness/trading';
import { waitFor } from '../crash/harness/wait';
import { World } from '../crash/harness/world';

const silent = (): void => undefined;
const MIGRATIONS = join(__dirname, '../../adapters/store/migrations');
/** What a later version may do to the tables that every order needs. */
const NEXT = `-- Up Migration
ALTER TABLE orders ADD COLUMN next_note text;
ALTER TABLE positions ADD COLUMN next_note text;
CREATE INDEX orders_next ON orders (next_note);`;

describe('SIGKILL while the schema is migrated', () => {
  let servers: Servers;
  let databases = 0;
  beforeAll(async () => {
    servers = await startServers();
  });
  afterAll(() => servers.close());

  const emptyDatabase = (): Promise<string> => {
    databases += 1;
    return servers.createEmptyDatabase(`migration_${databases}`);
  };
  const logPath = (): string => join(servers.folder, 'logs', 'migration.log');

  async function statementsOf(): Promise<number> {
    let statements = 0;
    const databaseUrl = await emptyDatabase();
    const { end } = await startMigration({ databaseUrl, logPath: logPath() }, (index) => {
      statements = index + 1;
    });
    await end();
    return statements;
  }

  it.each([
    [
      'the migrating process',
      (child: Child) => {
        child.signal('SIGKILL');
      },
    ],
    [
      'PostgreSQL',
      () => {
        servers.postgres.kill();
      },
    ],
  ])('of %s, before each statement: the next one completes', async (victim, strike) => {
    const complete = await emptyDatabase();
    await migrate(complete, silent);
    const expected = await schemaOf(complete);
    const statements = await statementsOf();
    expect(statements).toBeGreaterThan(8);
    for (let struck = 0; struck < statements; struck += 1) {
      const databaseUrl = await emptyDatabase();
      const { end } = await startMigration({ databaseUrl, logPath: logPath() }, (index, child) => {
        if (index === struck) strike(child);
      });
      await end();
      if (victim === 'PostgreSQL') await servers.postgres.restart();
      await migrate(databaseUrl, silent);
      expect(await schemaOf(databaseUrl)).toEqual(expected);
    }
  });

  describe('beside an old worker', () => {
    let world: World;
    let folder: string;
    let positions = 0;
    beforeAll(async () => {
      world = await World.open(servers, { name: 'old_worker' });
      folder = join(servers.folder, 'next-migrations');
      cpSync(MIGRATIONS, folder, { recursive: true });
      writeFileSync(join(folder, '9999999999999_next.sql'), NEXT);
    });
    afterAll(() => world.close());

    async function trades(): Promise<void> {
      positions += 1;
      const position = await openPosition(world, `migrated-${positions}`);
      await position.untilProtected();
      await position.leave(ExitReason.Flatten);
      await position.untilClosed();
      await world.agreement();
    }

    it('that is killed inside, once it holds the tables: trading goes on', async () => {
      const { end } = await startMigration(
        { databaseUrl: world.databaseUrl, logPath: logPath(), folder },
        (_, child, text) => {
          if (text.includes('INSERT INTO') && text.includes('migrations')) child.signal('SIGKILL');
        },
      );
      await end();
      await trades();
      expect((await schemaOf(world.databaseUrl)).join('\n')).not.toContain('next_note');
    });

    it('that stalls inside loses its locks: trading goes on', async () => {
      let stalled = false;
      const { child, end } = await startMigration(
        { databaseUrl: world.databaseUrl, logPath: logPath(), folder },
        (_, stalling, text) => {
          if (!text.includes('INSERT INTO') || !text.includes('migrations')) return;
          stalling.signal('SIGSTOP');
          stalled = true;
        },
      );
      await waitFor('the migration to stall', () => (stalled ? true : undefined));
      await trades();
      child.signal('SIGCONT');
      await end();
      expect((await schemaOf(world.databaseUrl)).join('\n')).not.toContain('next_note');
    });

    it('that completes: the old worker trades on the new schema', async () => {
      expect(await migrate(world.databaseUrl, silent, folder)).toEqual(['9999999999999_next']);
      await trades();
    });
  });
});
