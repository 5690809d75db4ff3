import { Leg } from '../../domain/order';
import { ExitReason } from '../../domain/position';
import { TradingMode } from '../../domain/risk';
import { Instant } from './harness/moments';
import { startServers, type Servers } from './harness/servers';
import { Timings } from './harness/timings';
import { grantPosition, stopEverything, type GrantedPosition } from './harness/trading';
import { World } from './harness/world';

const KILLS = [Instant.Commit, Instant.Request, Instant.Answer] as const;

/** One world per leg of a position; in it, one position after the other, each killed at another instant. */
describe('SIGKILL of the worker', () => {
  const timings = new Timings();
  let servers: Servers;
  let world: World;
  let position: GrantedPosition;
  let positions = 0;

  beforeAll(async () => {
    servers = await startServers();
  });
  beforeEach(async () => {
    positions += 1;
    position = await grantPosition(world, `crash-${positions}`);
  });
  afterAll(async () => {
    timings.print();
    await servers.close();
  });

  const inWorld = (name: string): void => {
    beforeAll(async () => {
      world = await World.open(servers, { name });
    });
    afterAll(() => world.close());
  };

  /** Kills the worker when this order of the position comes to this instant; `begin` sets it going. */
  async function killAt(instant: Instant, leg: Leg, begin: () => Promise<unknown>): Promise<void> {
    const struck = position.id(leg);
    let killedMs = 0;
    const killed = world.at(instant, struck, (worker) => {
      worker.kill();
      killedMs = Date.now();
      return 'drop';
    });
    await Promise.all([killed, begin()]);
    await world.agreement();
    timings.note(`${leg}, ${instant}`, world, position, struck, killedMs);
  }

  const sold = (): number =>
    world.exchange.record().orders.filter(({ side, status }) => side === 'SELL' && status === 'FILLED')
      .length;

  describe('while an entry is sent', () => {
    inWorld('entry');

    it.each([Instant.Commit, Instant.Answer])('%s: the position opens', async (instant) => {
      await killAt(instant, Leg.Entry, () => position.start());
      await position.untilProtected();
      expect(world.placed(position.id(Leg.Entry))).toHaveLength(1);
    });

    it(`${Instant.Request}: the entry is given up, and never sent again`, async () => {
      await killAt(Instant.Request, Leg.Entry, () => position.start());
      expect((await position.untilClosed()).exitReason).toBe(ExitReason.NotEntered);
      expect(world.placed(position.id(Leg.Entry))).toHaveLength(1);
    });
  });

  describe('between fill and stop', () => {
    inWorld('stop');

    it.each(KILLS)('%s: one stop rests', async (instant) => {
      await killAt(instant, Leg.Stop, () => position.start());
      const { orders } = await position.untilProtected();
      const first = orders.find(({ clientOrderId }) => clientOrderId === position.id(Leg.Stop));
      // Only a stop that never arrived is sent again, under an id of its own.
      expect(first?.state).toBe(instant === Instant.Request ? 'abandoned' : 'open');
    });
  });

  describe('while an exit takes the place of the stop', () => {
    inWorld('exit');

    it.each(KILLS)('%s: it is sold once', async (instant) => {
      await position.start();
      await position.untilProtected();
      const before = sold();
      await killAt(instant, Leg.Exit, () => position.leave(ExitReason.Flatten));
      expect((await position.untilClosed()).exitReason).toBe(ExitReason.Flatten);
      expect(sold() - before).toBe(1);
    });
  });

  describe('while the emergency stop sells', () => {
    inWorld('emergency');

    it.each(KILLS)('%s: it is sold once, and the account is flat', async (instant) => {
      await position.start();
      await position.untilProtected();
      const before = sold();
      let epoch = 0;
      await killAt(instant, Leg.Emergency, async () => {
        ({ epoch } = await stopEverything(world, `crash-${positions}`));
      });
      expect((await position.untilClosed()).exitReason).toBe(ExitReason.Emergency);
      expect(sold() - before).toBe(1);
      const change = { reason: 'the next test', by: 'test', epoch };
      await world.store.setMode(world.account.account, TradingMode.Active, change);
    });
  });
});
