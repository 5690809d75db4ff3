import { Leg } from '../../domain/order';
import { Instant, type Verdict } from './harness/moments';
import { startServers, type Servers } from './harness/servers';
import { Timings } from './harness/timings';
import { grantPosition, openPosition, type GrantedPosition } from './harness/trading';
import { World } from './harness/world';

interface Kill {
  readonly what: string;
  /** When, on the entry's way. */
  readonly instant: Instant;
  readonly strike: () => Verdict;
  readonly restart: () => Promise<unknown>;
}

describe('SIGKILL of a server while a position opens', () => {
  const timings = new Timings();
  let servers: Servers;
  let world: World;
  let worlds = 0;

  beforeAll(async () => {
    servers = await startServers();
  });
  beforeEach(async () => {
    worlds += 1;
    world = await World.open(servers, { name: `servers_${worlds}` });
  });
  afterEach(() => world.close());
  afterAll(async () => {
    timings.print();
    await servers.close();
  });

  const kills: readonly Kill[] = [
    {
      what: 'Temporal, while the entry is on its way',
      instant: Instant.Request,
      strike: () => {
        servers.temporal.kill();
        return 'pass';
      },
      restart: () => servers.temporal.restart(),
    },
    {
      what: 'PostgreSQL, before the fill can be journaled',
      instant: Instant.Answer,
      strike: () => {
        servers.postgres.kill();
        return 'pass';
      },
      restart: () => servers.postgres.restart(),
    },
    {
      what: 'the exchange, after acceptance and before the answer',
      instant: Instant.Answer,
      strike: () => {
        world.exchange.kill();
        return 'drop';
      },
      restart: () => world.exchange.restart(),
    },
    {
      what: 'all of them and the worker, after acceptance and before the answer',
      instant: Instant.Answer,
      strike: () => {
        servers.temporal.kill();
        servers.postgres.kill();
        world.exchange.kill();
        world.worker.kill();
        return 'drop';
      },
      restart: () =>
        Promise.all([servers.temporal.restart(), servers.postgres.restart(), world.exchange.restart()]),
    },
  ];

  it.each(kills)('$what', async ({ what, instant, strike, restart }) => {
    const position: GrantedPosition = await grantPosition(world, 'crash');
    const struck = position.id(Leg.Entry);
    let killedMs = 0;
    const killed = world.at(instant, struck, () => {
      killedMs = Date.now();
      return strike();
    });
    await Promise.all([position.start(), killed]);
    await restart();
    await position.untilProtected();
    await world.agreement();
    timings.note(what, world, position, struck, killedMs);
    expect(world.placed(struck)).toHaveLength(1);
    // Life goes on.
    await (await openPosition(world, 'afterwards')).untilProtected();
    await world.agreement();
  });
});
