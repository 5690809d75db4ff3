import { setImmediate } from 'node:timers/promises';
import { createEmergencyActivities } from '../../activities/emergency';
import { createReconciliationActivities } from '../../activities/reconciliation';
import { createRiskActivities } from '../../activities/risk';
import { ExchangeFailure } from '../../domain/errors';
import { Leg, OrderType } from '../../domain/order';
import { riskLimitsSchema, TradingMode } from '../../domain/risk';
import { triggerLimitsSchema, type TriggerLimits } from '../../domain/triggers';
import { BTC, d } from '../domain/fixtures';
import { ACCOUNT, createBench, DEPLOYMENT, grantOf, noOwners, type Bench } from './bench';
import type { FakeExchange } from './fake-exchange';

const LIMITS = riskLimitsSchema.parse({});
const TRIGGERS = triggerLimitsSchema.parse({});
const STEP_MS = 2_000;

describe('a look at an account', () => {
  let bench: Bench;
  let activities: ReturnType<typeof createRiskActivities>;
  const notified: string[] = [];
  const woken: string[] = [];

  beforeEach(async () => {
    notified.length = 0;
    woken.length = 0;
    bench = createBench({
      ...noOwners,
      notifyOrder: ({ clientOrderId }) => Promise.resolve(notified.push(clientOrderId) > 0),
      notifyPosition: (positionId) => Promise.resolve(woken.push(positionId) > 0),
    });
    activities = createRiskActivities(bench.deps);
    await createReconciliationActivities(bench.deps).reconcileAccount({
      account: ACCOUNT,
      symbols: [BTC.symbol],
    });
  });

  const look = (change: Partial<TriggerLimits> = {}) =>
    activities.assessAccount({
      account: ACCOUNT,
      symbols: [BTC.symbol],
      limits: LIMITS,
      triggers: { ...TRIGGERS, ...change },
    });

  /** Looks again and again, as the risk desk does, until one finds the account halted; at most for `ms`. */
  async function looksFor(ms: number, change: Partial<TriggerLimits> = {}) {
    let found = await look(change);
    for (let passedMs = 0; passedMs < ms && found.emergency === null; passedMs += STEP_MS) {
      bench.time.nowMs += STEP_MS;
      found = await look(change);
    }
    return found;
  }

  const resume = () => activities.resumeTrading({ account: ACCOUNT, reason: 'understood', by: 'operator' });

  /** From now on every request of these fails as an exchange that is gone makes it fail. */
  function silence(...methods: readonly (keyof FakeExchange)[]): () => void {
    const { exchange } = bench;
    for (const method of methods)
      Object.defineProperty(exchange, method, {
        configurable: true,
        value: () =>
          Promise.reject(new ExchangeFailure('ambiguous', 'scripted outage', { errorClass: 'NetworkError' })),
      });
    return () => {
      for (const method of methods) Reflect.deleteProperty(exchange, method);
    };
  }
  const goSilent = () =>
    silence('clock', 'balances', 'quotes', 'bars', 'instruments', 'openOrders', 'lookUp');

  async function hold(): Promise<string> {
    const { positionId } = grantOf();
    bench.store.orders.open(grantOf());
    const order = { deployment: DEPLOYMENT, positionId, sequence: 0, replaces: null };
    await bench.deps.desk.submit({ ...order, leg: Leg.Entry, type: OrderType.Limit, stopPrice: null });
    return positionId;
  }
  const protect = (positionId: string, sequence = 0) =>
    bench.deps.desk.submit({
      ...{ deployment: DEPLOYMENT, positionId, leg: Leg.Stop, sequence, replaces: null },
      ...{ type: OrderType.StopMarket, stopPrice: d('90') },
    });

  it('is quiet about a quiet account', async () => {
    const positionId = await hold();
    await protect(positionId);
    const found = await looksFor(120_000);
    expect(found).toMatchObject({
      mode: TradingMode.Active,
      emergency: null,
      problems: [],
      livePositions: 1,
    });
  });

  it('halts when the exchange has not answered for its time, and not for a short outage', async () => {
    await look();
    const answers = goSilent();
    expect(await looksFor(28_000)).toMatchObject({ mode: TradingMode.Active, equity: null });
    expect((await look()).problems).not.toEqual([]);
    answers();
    await look();
    const back = goSilent();
    const found = await looksFor(60_000);
    expect(found.emergency).toMatch(/^exchange-unreachable: The exchange has not answered for 30 s/);
    expect(found.mode).toBe(TradingMode.Halted);
    back();
  });

  it('goes on counting an outage that a process before this one has seen', async () => {
    await look();
    goSilent();
    await looksFor(20_000);
    const next = createBench(noOwners);
    Object.assign(next.store, bench.store);
    activities = createRiskActivities({
      ...next.deps,
      exchange: bench.deps.exchange,
      clock: bench.deps.clock,
    });
    next.time.nowMs = bench.time.nowMs;
    bench = { ...bench, deps: next.deps };
    expect((await looksFor(20_000)).emergency).toContain('exchange-unreachable');
  });

  it('halts when requests of one kind fail one after the other though others succeed', async () => {
    silence('balances');
    const found = await looksFor(120_000);
    expect(found.emergency).toMatch(/^api-failures: 40 requests about the account failed/);
  });

  it('halts in a flash crash, counted from the last resume on', async () => {
    const bars = bench.exchange.bars.bind(bench.exchange);
    let fallenMs = Infinity;
    bench.exchange.bars = async (request) =>
      (await bars(request)).map((bar) => ({ ...bar, high: bar.openTimeMs < fallenMs ? 100 : 89 }));
    await look();
    bench.exchange.price = d('90.01');
    expect(await look()).toMatchObject({ mode: TradingMode.Active });
    bench.exchange.price = d('90');
    fallenMs = bench.time.nowMs;
    expect((await look()).emergency).toMatch(/^flash-crash: BTC\/USDT fell by 10\.00 %, from 100 to 90/);
    await resume();
    // The bars of before the resume still show the old price.
    expect(await looksFor(30_000)).toMatchObject({ mode: TradingMode.Active, emergency: null });
    bench.time.nowMs += 120_000;
    bench.exchange.price = d('80');
    expect((await look()).emergency).toMatch(/from 89 to 80/);
  });

  it('halts when orders flood, counted from the last resume on', async () => {
    const orderFlood = { orders: 5, withinMs: 10_000 };
    const { sends } = bench.store.orders;
    const send = (atMs: number) => sends.push({ account: ACCOUNT, atMs });
    for (let order = 0; order < 4; order += 1) send(bench.time.nowMs);
    expect((await look({ orderFlood })).emergency).toBeNull();
    send(bench.time.nowMs - 10_001);
    expect((await look({ orderFlood })).emergency).toBeNull();
    send(bench.time.nowMs);
    expect((await look({ orderFlood })).emergency).toMatch(/^order-flood: 5 orders were sent within 10 s/);
    bench.time.nowMs += 1;
    await resume();
    expect((await look({ orderFlood })).emergency).toBeNull();
  });

  it('halts when data is stale, but not while the market stands still or has ended', async () => {
    const bars = bench.exchange.bars.bind(bench.exchange);
    const frozenMs = bench.time.nowMs;
    bench.exchange.bars = (request) => bars({ ...request, untilMs: frozenMs });
    bench.time.nowMs += 299_000;
    expect((await look()).emergency).toBeNull();
    bench.exchange.state = 'paused';
    bench.time.nowMs += 3_600_000;
    expect((await look()).emergency).toBeNull();
    bench.exchange.state = 'ended';
    expect((await look()).emergency).toBeNull();
    bench.exchange.state = 'running';
    expect((await look()).emergency).toMatch(/^stale-data: The newest bar of BTC\/USDT closed 3899 s/);
  });

  it('halts when a resident stop stays missing though the exchange answers', async () => {
    const positionId = await hold();
    expect((await looksFor(56_000)).emergency).toBeNull();
    await protect(positionId);
    expect((await look()).emergency).toBeNull();
    // The stop ends, and nobody places another: the time begins anew.
    bench.exchange.trigger = () => undefined;
    await bench.deps.desk.cancel(stopOf(positionId));
    expect((await looksFor(58_000)).emergency).toBeNull();
    const found = await looksFor(10_000);
    expect(found.emergency).toMatch(/^missing-stop: Position .* has had no resident stop for 60 s/);
  });

  it('does not count the time in which the exchange was silent against a missing stop', async () => {
    await hold();
    expect((await looksFor(40_000)).emergency).toBeNull();
    const answers = goSilent();
    await looksFor(20_000);
    answers();
    expect((await looksFor(58_000)).emergency).toBeNull();
    expect((await looksFor(10_000)).emergency).toContain('missing-stop');
  });

  it('has a stop looked up that the exchange does not show, so that its position repairs it', async () => {
    const positionId = await hold();
    await protect(positionId);
    await look();
    // Somebody cancels it at the exchange, and the user stream loses the news.
    await bench.exchange.cancel(BTC.symbol, stopOf(positionId));
    bench.time.nowMs += 10_000;
    expect((await look()).emergency).toBeNull();
    expect(bench.store.orders.order(stopOf(positionId))?.state).toBe('cancelled');
    expect(notified).toEqual([stopOf(positionId)]);
  });

  it('halts again after a resume when what stopped it still holds, in its own time and with its own reason', async () => {
    await look();
    goSilent();
    await looksFor(60_000);
    expect(await resume()).toBe(TradingMode.Active);
    expect(await looksFor(20_000)).toMatchObject({ mode: TradingMode.Active, emergency: null });
    expect((await looksFor(20_000)).emergency).toContain('exchange-unreachable');
    expect((await bench.store.account(ACCOUNT))?.haltEpoch).toBe(2);
    expect(bench.store.riskEvents.map(({ code }) => code)).toEqual([
      'exchange-unreachable',
      'exchange-unreachable',
    ]);
  });

  it('halts for what a reconciliation cannot explain, when told so', async () => {
    await bench.store.setMode(ACCOUNT, TradingMode.Reducing, {
      reason: 'reconciliation: a stray',
      by: 'test',
    });
    expect(await look()).toMatchObject({ mode: TradingMode.Reducing, emergency: null });
    const { emergency } = await look({ reconciliationMismatch: 'unexplained' });
    expect(emergency).toBe('reconciliation-mismatch: Journal and exchange disagree: a stray.');
  });

  it('halts for coins that a reconciliation misses, by default', async () => {
    const { store } = bench;
    const message = 'positions hold 1 BTC, the account only 0';
    await store.setMode(ACCOUNT, TradingMode.Reducing, {
      ...{ reason: `reconciliation: ${message}`, by: 'reconciliation' },
    });
    const finding = { kind: 'missing-coins', severity: 'unexplained', subject: 'BTC/1', message } as const;
    await store.recordReconciliation({
      ...{ account: ACCOUNT, session: 's1', key: 'a run', trigger: 'a test', marketTimeMs: 0 },
      report: {
        ...{ session: 's1', marketTimeMs: 0, sinceMs: 0, mode: TradingMode.Reducing, checkedOrders: 0 },
        ...{ recoveredFills: 0, adoptedPositions: [], findings: [finding], done: [] },
      },
    });
    const { emergency } = await look();
    expect(emergency).toBe(`reconciliation-mismatch: Journal and exchange disagree: ${message}.`);
  });

  it('wakes positions that have only to be closed once a stop has reported, now and then', async () => {
    const positionId = await hold();
    const { sweepAccount, reportEmergency } = createEmergencyActivities(bench.deps);
    const epoch = await bench.store.raiseHalt(ACCOUNT, { key: 'k', reason: 'a test', by: 'tester' });
    expect(await look()).toMatchObject({ stopUnreported: true, unsettledPositions: 1 });
    await sweepAccount({ account: ACCOUNT });
    expect(await look()).toMatchObject({ stopUnreported: true, unsettledPositions: 0, livePositions: 1 });
    expect(woken).toEqual([]);
    await reportEmergency({ account: ACCOUNT, epoch, message: 'flat' });
    await setImmediate();
    woken.length = 0;
    for (let looks = 0; looks < 6; looks += 1) {
      expect(await look()).toMatchObject({ stopUnreported: false, unsettledPositions: 0 });
      bench.time.nowMs += STEP_MS;
    }
    expect(woken).toEqual([positionId, positionId]);
  });

  it('decides nothing without the journal', async () => {
    bench.store.account = () => Promise.reject(new Error('scripted: the journal is down'));
    await expect(look()).rejects.toThrow('the journal is down');
  });

  const stopOf = (positionId: string): string => {
    const stop = bench.store.orders.known(positionId).orders.find(({ leg }) => leg === Leg.Stop);
    return stop?.clientOrderId ?? '';
  };
});
