import { Leg } from '../../domain/order';
import { ExitReason } from '../../domain/position';
import { Instant } from './harness/moments';
import { startServers, type Servers } from './harness/servers';
import { Timings } from './harness/timings';
import { grantPosition, stopEverything, type GrantedPosition } from './harness/trading';
import { World } from './harness/world';

const KILLS = [Instant.Commit, Instant.Request, Instant.Answer] as const;

/**
 * Each test holds one position for each instant of an order's way to the exchange, and kills the worker when that
 * position's order gets there: three kills within seconds, the later ones while the earlier ones are being made good.
 */
describe('SIGKILL of the worker before the commit, before the send, and before the answer', () => {
  const timings = new Timings();
  let servers: Servers;
  let world: World;
  let positions: readonly GrantedPosition[];
  let worlds = 0;

  beforeAll(async () => {
    servers = await startServers();
  });
  beforeEach(async () => {
    worlds += 1;
    world = await World.open(servers, { name: `killed_${worlds}` });
    positions = [];
    for (const [index] of KILLS.entries())
      positions = [...positions, await grantPosition(world, `crash-${index}`)];
  });
  afterEach(() => world.close());
  afterAll(async () => {
    timings.print();
    await servers.close();
  });

  /** Kills the worker whenever one of the positions' orders of this leg comes to its instant; `begin` sets them going. */
  async function killEach(leg: Leg, begin: () => Promise<unknown>): Promise<void> {
    const kills = positions.map(async (position, index) => {
      const instant = KILLS[index] ?? Instant.Commit;
      const struck = position.id(leg);
      let killedMs = 0;
      await world.at(instant, struck, (worker) => {
        worker.kill();
        killedMs = Date.now();
        return 'drop';
      });
      return () => {
        timings.note(`${leg}, ${instant}`, world, position, struck, killedMs);
      };
    });
    const [notes] = await Promise.all([Promise.all(kills), begin()]);
    await world.agreement();
    for (const note of notes) note();
  }

  const start = (): Promise<unknown> => Promise.all(positions.map((position) => position.start()));
  const protectedAll = (): Promise<unknown> =>
    Promise.all(positions.map((position) => position.untilProtected()));
  const exchangeOrders = (side: string, status: string): number =>
    world.exchange.record().orders.filter((order) => order.side === side && order.status === status).length;

  it('while entries are sent', async () => {
    await killEach(Leg.Entry, start);
    const [unsent, lost, unanswered] = positions;
    await unsent?.untilProtected();
    await unanswered?.untilProtected();
    // An entry is never sent twice: the one that was lost on its way is given up.
    expect((await lost?.untilClosed())?.exitReason).toBe(ExitReason.NotEntered);
    expect(exchangeOrders('BUY', 'FILLED')).toBe(2);
  });

  it('between fill and stop', async () => {
    await killEach(Leg.Stop, start);
    await protectedAll();
    expect(exchangeOrders('SELL', 'NEW')).toBe(positions.length);
  });

  it('while exits take the place of stops', async () => {
    await start();
    await protectedAll();
    await killEach(Leg.Exit, () =>
      Promise.all(positions.map((position) => position.leave(ExitReason.Flatten))),
    );
    const closed = await Promise.all(positions.map((position) => position.untilClosed()));
    expect(closed.map(({ exitReason }) => exitReason)).toEqual(positions.map(() => ExitReason.Flatten));
    expect(exchangeOrders('SELL', 'FILLED')).toBe(positions.length);
  });

  it('while the emergency stop sells', async () => {
    await start();
    await protectedAll();
    await killEach(Leg.Emergency, () => stopEverything(world));
    const closed = await Promise.all(positions.map((position) => position.untilClosed()));
    expect(closed.map(({ exitReason }) => exitReason)).toEqual(positions.map(() => ExitReason.Emergency));
    expect(exchangeOrders('SELL', 'FILLED')).toBe(positions.length);
  });
});
