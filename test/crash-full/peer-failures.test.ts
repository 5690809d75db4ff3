import { resumeTrading } from '../../cli/resume-client';
import { Leg, OrderState, Side } from '../../domain/order';
import { ExitReason, type PositionView } from '../../domain/position';
import { TradingMode } from '../../domain/risk';
import { MAX_STOP_REFUSALS } from '../../domain/planner';
import { newCrowd, prepareParts, soldSince } from '../crash/harness/emptied-book';
import { readJournalRecord } from '../crash/harness/journal-record';
import { Instant } from '../crash/harness/moments';
import { startServers, type Servers } from '../crash/harness/servers';
import {
  grantPosition,
  openPosition,
  type GrantedPosition,
  type PositionWish,
} from '../crash/harness/trading';
import { kill, revive, Victim } from '../crash/harness/victims';
import { waitFor } from '../crash/harness/wait';
import { World } from '../crash/harness/world';

const EVERYTHING = Object.values(Victim);
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** What users of other bots suffered. Each name cites the report; those for which no process needs to die are in test/workflows. */
describe('failures of peers', () => {
  let servers: Servers;
  let world: World;
  const crowd = newCrowd();
  let positions = 0;

  beforeAll(async () => {
    servers = await startServers();
    // With coins that are not Ballast's: without them the exchange itself would refuse what is sold twice.
    const balances = { USDT: '10000', BTC: '0.02' };
    const exchange = { others: Object.values(crowd) };
    world = await World.open(servers, { name: 'peers', balances, exchange });
  });
  afterAll(async () => {
    await world.close();
    await servers.close();
  });

  const nextName = (): string => {
    positions += 1;
    return `peer-${positions}`;
  };
  const granted = (wish?: PositionWish): Promise<GrantedPosition> => grantPosition(world, nextName(), wish);
  async function opened(wish?: PositionWish): Promise<GrantedPosition> {
    const position = await openPosition(world, nextName(), wish);
    await position.untilProtected();
    return position;
  }
  async function leave(position: GrantedPosition): Promise<void> {
    await position.leave(ExitReason.Flatten);
    await position.untilClosed();
    await world.agreement();
  }
  const atExchange = (clientOrderId: string) =>
    world.exchange.record().orders.filter((order) => order.clientOrderId === clientOrderId);
  const soldAtExchange = ({ orders }: PositionView): number =>
    orders
      .filter(({ side }) => side === Side.Sell)
      .flatMap(({ clientOrderId }) => atExchange(clientOrderId))
      .reduce((sum, { executedQuantity }) => sum + Number(executedQuantity), 0);
  const moveOn = (durationMs: number): Promise<void> =>
    world.exchange.clock({ action: 'advanceTo', toMs: world.exchange.record().clockMs + durationMs });
  const killed = (instant: Instant, clientOrderId: string) =>
    world.at(instant, clientOrderId, (worker) => {
      worker.kill();
      return 'drop';
    });
  async function eventsOf(clientOrderId: string): Promise<readonly string[]> {
    const { rows } = await world.pool.query<{ event: string }>(
      'SELECT event FROM order_events WHERE client_order_id = $1 ORDER BY version',
      [clientOrderId],
    );
    return rows.map(({ event }) => event);
  }

  it('freqtrade #7184: the row is committed before the order is sent, and survives the database', async () => {
    const position = await granted();
    const entry = position.id(Leg.Entry);
    const sent = world.at(Instant.Answer, entry, (worker) => {
      worker.stall();
      return 'pass';
    });
    await Promise.all([position.start(), sent]);
    // The exchange has it, the worker has heard nothing yet: what the journal knows now, it knew before.
    expect(atExchange(entry)).toHaveLength(1);
    expect((await position.view()).orders.find(({ leg }) => leg === Leg.Entry)?.state).toBe(
      OrderState.Sending,
    );
    kill(world, [Victim.Postgres]);
    await servers.postgres.restart();
    world.worker.resume();
    await position.untilProtected();
    await world.agreement();
    expect(world.placed(entry)).toHaveLength(1);
    await leave(position);
  });

  it('freqtrade #10436: after a restart an open entry is the same open entry', async () => {
    const position = await openPosition(world, nextName(), { entryFactor: '0.99' });
    await position.untilResting();
    kill(world, EVERYTHING);
    await revive(world, EVERYTHING);
    await world.beginTrading();
    await world.agreement();
    expect(atExchange(position.id(Leg.Entry))).toMatchObject([{ status: 'NEW' }]);
    expect(world.placed(position.id(Leg.Entry))).toHaveLength(1);
    await leave(position);
  });

  it('freqtrade #3647: a cancel that was lost is not taken for done', async () => {
    const position = await openPosition(world, nextName(), { entryFactor: '0.99' });
    await position.untilResting();
    const entry = position.id(Leg.Entry);
    const lost = world.when(Instant.Ask, ['DELETE /api/v3/order', entry], (worker) => {
      worker.kill();
      return 'drop';
    });
    await Promise.all([lost, position.leave(ExitReason.Flatten)]);
    await position.untilClosed();
    expect(atExchange(entry)).toMatchObject([{ status: 'CANCELED' }]);
    await world.agreement();
  });

  it('freqtrade #11461: a stop that is moved through a crash is one stop', async () => {
    const position = await opened();
    const struck = killed(Instant.Answer, position.id(Leg.Stop, 1));
    const [stopPrice] = await Promise.all([position.trail('0.975'), struck]);
    await position.untilTrailed(stopPrice);
    await world.agreement();
    expect(world.placed(position.id(Leg.Stop, 1))).toHaveLength(1);
    await leave(position);
  });

  it('freqtrade #5451: a stop is replaced in one request, never cancelled first', async () => {
    const position = await opened();
    for (const factor of ['0.975', '0.98', '0.985'])
      await position.untilTrailed(await position.trail(factor));
    await world.agreement();
    const { orders } = await position.view();
    const stops = orders.filter(({ leg }) => leg === Leg.Stop);
    expect(stops).toHaveLength(4);
    for (const { clientOrderId } of stops.slice(1))
      expect(world.placed(clientOrderId).map(({ key }) => key)).toEqual(['POST /api/v3/order/cancelReplace']);
    await leave(position);
  });

  it('freqtrade #12360: a stop that somebody cancels by hand is posted anew, without a crash', async () => {
    const position = await opened();
    const { starts } = world.worker;
    await world.port.cancel('BTC/USDT', position.id(Leg.Stop));
    await waitFor('another stop', () => atExchange(position.id(Leg.Stop, 1))[0]);
    await world.agreement();
    expect(world.worker.starts).toBe(starts);
    await leave(position);
  });

  it('nautilus #3176 and #3046: restarts and reconciliations double no order and no fill', async () => {
    const position = await opened();
    const before = await readJournalRecord(world.pool, world.account.account);
    for (const victims of [[Victim.Worker], [Victim.Worker, Victim.Temporal], EVERYTHING]) {
      kill(world, victims);
      await revive(world, victims);
      await world.beginTrading();
    }
    await world.agreement();
    const { orders, fills } = await readJournalRecord(world.pool, world.account.account);
    expect({ orders, fills }).toEqual({ orders: before.orders, fills: before.fills });
    await leave(position);
  });

  it('nautilus #4152 and #4958: an answer that does not come is no rejection', async () => {
    const position = await granted();
    const entry = position.id(Leg.Entry);
    await Promise.all([world.at(Instant.Answer, entry, () => 'drop'), position.start()]);
    await position.untilProtected();
    const events = await eventsOf(entry);
    expect(events).toContain('ambiguous');
    expect(events).not.toContain('refused');
    expect(events).not.toContain('seen-rejected');
    expect(world.placed(entry)).toHaveLength(1);
    await world.agreement();
    await leave(position);
  });

  it('freqtrade #9128: an entry that fills while it is taken back leaves no ghost position', async () => {
    const position = await openPosition(world, nextName(), { entryFactor: '0.99' });
    await position.untilResting();
    await world.exchange.plan({ kind: 'cancel-loses', match: 'DELETE /api/v3/order' });
    await position.leave(ExitReason.Flatten);
    await position.untilClosed();
    const [entry] = atExchange(position.id(Leg.Entry));
    expect(entry?.status).toBe('FILLED');
    // Bought after all, and sold: nothing of it is left but what no order can sell.
    expect(soldAtExchange(await position.view())).toBeCloseTo(Number(entry?.quantity) * 0.999, 4);
    await world.agreement();
  });

  describe('freqtrade #8374: a stop that sells in parts is neither forgotten nor sold twice', () => {
    async function prepare() {
      const position = await opened();
      const [stop, exit] = [position.id(Leg.Stop), position.id(Leg.Exit)];
      const parts = await prepareParts(world, crowd, position);
      const fall = async (): Promise<void> => {
        await parts.fall();
        expect(atExchange(stop)).toMatchObject([{ status: 'EXPIRED' }]);
      };
      /** The stop has sold the part, one exit the rest, and nothing else anything. */
      const judge = async (): Promise<void> => {
        expect((await position.untilClosed()).exitReason).toBe(ExitReason.Stop);
        await world.agreement();
        expect(soldSince(world, stop)).toEqual([parts.part, parts.rest]);
      };
      return { exit, fall, judge };
    }

    it('while nobody buys the rest', async () => {
      const { exit, fall, judge } = await prepare();
      await fall();
      await waitFor('the rest to be offered in vain', () => atExchange(exit)[0]);
      await moveOn(MINUTE_MS);
      await judge();
    });

    it('when the worker is killed before the rest is offered', async () => {
      const { exit, fall, judge } = await prepare();
      await Promise.all([killed(Instant.Request, exit), fall()]);
      await moveOn(MINUTE_MS);
      await judge();
    });

    it('when the worker is dead while the part is sold, and killed again once the rest is', async () => {
      const { exit, fall, judge } = await prepare();
      await world.worker.down();
      await fall();
      await moveOn(MINUTE_MS);
      const again = killed(Instant.Answer, exit);
      world.worker.up();
      await again;
      expect(atExchange(exit)).toMatchObject([{ status: 'FILLED' }]);
      await judge();
    });
  });

  describe('freqtrade #11788: stops that the exchange does not keep are not posted without end', () => {
    /** After the entry, which is the first order. */
    const refusal = { kind: 'code', code: -2010, match: 'POST /api/v3/order', skip: 1 };
    /** Every request by which an order of this leg was placed, whatever became of it, oldest first. */
    const posts = (position: GrantedPosition, leg: Leg) =>
      Array.from({ length: 40 }, (_, sequence) => position.id(leg, sequence)).flatMap((id) =>
        world.placed(id),
      );
    const untilPosted = (position: GrantedPosition, leg: Leg, count: number) =>
      waitFor(`${count} posts`, () => (posts(position, leg).length >= count ? true : undefined), 120_000);
    /** Pauses of a quarter of a second and then always twice that; half of each is given away to the way to the exchange. */
    function expectDoubling(sent: readonly { readonly sentMs: number }[]): void {
      for (const [index, { sentMs }] of sent.slice(1).entries())
        expect(sentMs - (sent[index]?.sentMs ?? 0)).toBeGreaterThanOrEqual((250 * 2 ** index) / 2);
    }
    async function begin(fault: object): Promise<GrantedPosition> {
      const position = await granted();
      await world.exchange.plan(fault);
      await position.start();
      return position;
    }
    afterEach(() => world.exchange.callOffFaults());

    it('after a few refusals the position is left', async () => {
      const position = await begin({ ...refusal, times: MAX_STOP_REFUSALS });
      const view = await position.untilClosed();
      expect(view.exitReason).toBe(ExitReason.Unprotected);
      expect(posts(position, Leg.Stop)).toHaveLength(MAX_STOP_REFUSALS);
      const [sale, ...more] = soldSince(world, position.id(Leg.Entry));
      expect(more).toEqual([]);
      expect(Number(sale)).toBe(soldAtExchange(view));
      await world.agreement();
    });

    it('an exchange that refuses everything is asked ever less often', async () => {
      const position = await begin({ ...refusal, times: 'always' });
      await untilPosted(position, Leg.Exit, 6);
      expectDoubling(posts(position, Leg.Exit));
      expect(posts(position, Leg.Stop)).toHaveLength(MAX_STOP_REFUSALS);
      await world.exchange.callOffFaults();
      expect((await position.untilClosed()).exitReason).toBe(ExitReason.Unprotected);
      expect(soldSince(world, position.id(Leg.Entry))).toHaveLength(1);
      await world.agreement();
    });

    it('an exchange that takes each of them back is given the next ever later', async () => {
      const position = await begin({ kind: 'cancel-order', orderType: 'STOP_LOSS', times: 'always' });
      await untilPosted(position, Leg.Stop, 7);
      // The first one that is taken back is placed anew at once.
      expectDoubling(posts(position, Leg.Stop).slice(1));
      await world.exchange.callOffFaults();
      await position.untilProtected();
      await world.agreement();
      for (const { clientOrderId } of posts(position, Leg.Stop).slice(0, -1))
        expect(atExchange(clientOrderId)).toMatchObject([{ status: 'CANCELED' }]);
      await leave(position);
    });
  });

  it('hummingbot #720: nothing is sent after a stop, nor when trading resumes', async () => {
    const position = await granted();
    const entry = position.id(Leg.Entry);
    const before = world.exchange.record().orders.length;
    await world.worker.down();
    const halt = { key: nextName(), reason: 'a test', by: 'test' };
    await world.store.raiseHalt(world.account.account, halt);
    // Whoever owns it knows nothing of the stop when it begins to work.
    await position.start();
    world.worker.up();
    expect((await position.untilClosed()).openedAtMs).toBeNull();
    await world.agreement();
    const seen = { by: 'test', reason: 'the test goes on' };
    expect(await resumeTrading(world.client, world.account.account, seen)).toBe(TradingMode.Active);
    await world.reconcile();
    await world.agreement();
    expect(world.placed(entry)).toEqual([]);
    expect(atExchange(entry)).toEqual([]);
    expect(world.exchange.record().orders).toHaveLength(before);
    await leave(await opened());
  });

  it('hummingbot #8457: an order accepted just before the network fails is not dropped', async () => {
    const position = await granted();
    const entry = position.id(Leg.Entry);
    let cutMs = 0;
    const accepted = world.at(Instant.Answer, entry, (worker) => {
      worker.cutOff();
      cutMs = Date.now();
      return 'drop';
    });
    await Promise.all([position.start(), accepted]);
    // The stream may have told of it just before; then it is its stop that cannot be placed.
    await waitFor('requests that fail', () =>
      [Leg.Entry, Leg.Stop]
        .map((leg) => world.askedMs(position.id(leg), cutMs))
        .find((ms) => ms !== undefined),
    );
    world.worker.reconnect();
    await position.untilProtected();
    expect(world.placed(entry)).toHaveLength(1);
    expect(await eventsOf(entry)).not.toContain('proven-absent');
    await world.agreement();
    await leave(position);
  });

  it('hummingbot-api #243: after a restart of everything each position has its owner, and can be left', async () => {
    const both = [await opened(), await opened({ symbol: 'ETH/USDT' })];
    kill(world, EVERYTHING);
    await revive(world, EVERYTHING);
    await world.beginTrading();
    await world.agreement();
    for (const position of both) await leave(position);
  });

  it('nautilus #3104: a start with a position from weeks ago goes as any other', async () => {
    const position = await opened({ stopFactor: '0.2', targetFactor: '10' });
    // Day by day: an exchange that computes all of it at once does not answer for so long that the account is stopped.
    for (let day = 0; day < 40; day += 1) await moveOn(DAY_MS);
    kill(world, EVERYTHING);
    await revive(world, EVERYTHING);
    await world.beginTrading();
    await world.agreement();
    const { orders, ledger } = await position.view();
    expect(orders.filter(({ state }) => state === OrderState.Open)).toHaveLength(1);
    expect(Number(ledger.heldQuantity)).toBeGreaterThan(0);
    await leave(position);
  });
});
