import { resumeTrading } from '../../cli/resume-client';
import { isUnexplained } from '../../domain/findings';
import { clientOrderIdPrefix } from '../../domain/ids';
import { Leg } from '../../domain/order';
import { ExitReason } from '../../domain/position';
import { TradingMode } from '../../domain/risk';
import { judgeRecords } from '../crash/harness/compare-records';
import { startServers, type Servers } from '../crash/harness/servers';
import { grantPosition, stopEverything, type GrantedPosition } from '../crash/harness/trading';
import { waitFor } from '../crash/harness/wait';
import { World } from '../crash/harness/world';

/** What the other deployment spends looks like a loss; that is not what is tested here. */
const limits = { dailyLossFraction: 0.9, maxDrawdownFraction: 0.9 };

/** Each with servers, a journal and a worker of its own, on one exchange, and by mistake with the keys of one account. */
describe('two deployments on one account', () => {
  const servers: Servers[] = [];
  const worlds: World[] = [];
  const pair = <T>(things: readonly T[]): readonly [T, T] => {
    const [one, other] = things;
    if (one === undefined || other === undefined) throw new Error('There are no two of it.');
    return [one, other];
  };

  beforeAll(async () => {
    servers.push(await startServers(), await startServers());
    const [mine, theirs] = pair(servers);
    const one = await World.open(mine, { name: 'one', limits });
    worlds.push(one, await World.open(theirs, { name: 'other', limits, joins: one }));
  });
  afterAll(async () => {
    for (const world of [...worlds].reverse()) await world.close(); // the exchange is the first one's
    for (const each of servers) await each.close();
  });

  const account = async (world: World) => {
    const state = await world.store.account(world.account.account);
    if (state === undefined) throw new Error('The account is not in the journal.');
    return state;
  };
  const untilMode = (world: World, mode: TradingMode): Promise<unknown> =>
    waitFor(`${world.account.deployment} to be ${mode}`, async () =>
      (await account(world)).mode === mode ? true : undefined,
    );
  const ordersOf = (world: World) => {
    const prefix = clientOrderIdPrefix(world.account.deployment);
    return world.exchange.record().orders.filter(({ clientOrderId }) => clientOrderId.startsWith(prefix));
  };
  /** The ids of the other's orders that a look at the exchange finds unexplained. */
  async function unexplained(world: World): Promise<readonly string[]> {
    const { findings } = await world.reconcile();
    return findings.filter(isUnexplained).map(({ subject }) => subject);
  }
  const idsOf = (world: World): readonly string[] =>
    ordersOf(world).map(({ clientOrderId }) => clientOrderId);

  /** Both journals together are what the exchange has, to the last unit of money: nobody touched what is the other's. */
  const untilWhole = (): Promise<unknown> =>
    waitFor('the exchange to have what both journals say', async () => {
      const [one, other] = pair(await Promise.all(worlds.map((world) => world.records())));
      const journal = {
        orders: [...one.journal.orders, ...other.journal.orders],
        fills: [...one.journal.fills, ...other.journal.fills],
        positions: [...one.journal.positions, ...other.journal.positions],
        events: one.journal.events + other.journal.events,
      };
      const differences = judgeRecords({ ...one, exchange: other.exchange, journal });
      if (differences.length > 0) throw new Error(differences.map(({ text }) => text).join('\n'));
      return true;
    });

  it('both reduce and name each other, neither touches what is the other’s, and one that is left alone goes on', async () => {
    const [one, other] = pair(worlds);
    const foreign = (world: World): World => (world === one ? other : one);
    // Granted before either can see anything of the other.
    const granted = [await grantPosition(one, 'first'), await grantPosition(other, 'second')];
    await Promise.all(granted.map((position) => position.start()));
    const [kept, sold] = pair<GrantedPosition>(granted);
    await Promise.all(granted.map((position) => position.untilProtected()));

    for (const world of worlds) {
      await untilMode(world, TradingMode.Reducing);
      const { modeReason } = await account(world);
      expect(modeReason).toContain(
        `whose ids begin with ${clientOrderIdPrefix(foreign(world).account.deployment)}`,
      );
      expect(idsOf(foreign(world)).filter((id) => modeReason.includes(id))).not.toEqual([]);
      expect([...(await unexplained(world))].sort()).toEqual([...idsOf(foreign(world))].sort());
      await expect(grantPosition(world, 'third')).rejects.toThrow(/Risk refuses/);
    }
    await untilWhole();

    // The emergency stop of one sells its own coins, and verifies with an exchange on which the other's stop rests.
    await stopEverything(other, 'one-of-two');
    expect((await sold.untilClosed()).exitReason).toBe(ExitReason.Emergency);
    await untilWhole();
    expect(ordersOf(one).map(({ clientOrderId, status }) => ({ clientOrderId, status }))).toEqual([
      { clientOrderId: kept.id(Leg.Entry), status: 'FILLED' },
      { clientOrderId: kept.id(Leg.Stop), status: 'NEW' },
    ]);
    for (const world of worlds)
      for (const id of idsOf(foreign(world))) expect(world.askedMs(id, 0)).toBeUndefined();

    // Stopped, and still not explained: what it has traded is on the record.
    await other.worker.down();
    expect(await unexplained(one)).not.toEqual([]);
    expect((await account(one)).mode).toBe(TradingMode.Reducing);
    const seen = { by: 'a person', reason: 'the other deployment has been shut down' };
    expect(await resumeTrading(one.client, one.account.account, seen)).toBe(TradingMode.Active);
    expect(await unexplained(one)).toEqual([]);
    expect((await account(one)).mode).toBe(TradingMode.Active);
    const next = await grantPosition(one, 'fourth');
    await next.start();
    await next.untilProtected();
    for (const position of [kept, next]) {
      await position.leave(ExitReason.Flatten);
      await position.untilClosed();
    }
    await untilWhole();
    expect((await account(one)).mode).toBe(TradingMode.Active);
  });
});
