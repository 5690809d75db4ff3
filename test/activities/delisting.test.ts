import { createEmergencyActivities } from '../../activities/emergency';
import { createMarketActivities } from '../../activities/market';
import { createOrderActivities } from '../../activities/orders';
import { createProtection } from '../../activities/protection';
import { createReconciliationActivities } from '../../activities/reconciliation';
import { createRiskActivities } from '../../activities/risk';
import { readMarks } from '../../activities/account-marks';
import type { Owners } from '../../activities/deps';
import { positionId } from '../../domain/ids';
import { ExchangeFailure, FailureKind } from '../../domain/errors';
import { isUnexplained } from '../../domain/findings';
import { Leg, OrderState, OrderType, type OrderView } from '../../domain/order';
import { DELISTED_REASON, isStranded } from '../../domain/planner';
import { ExitReason, isDelisted, PositionState } from '../../domain/position';
import { riskLimitsSchema, TradingMode } from '../../domain/risk';
import { TriggerCode, triggerLimitsSchema } from '../../domain/triggers';
import { BTC, d } from '../domain/fixtures';
import { ACCOUNT, createBench, DEPLOYMENT, grantOf, START_MS, STRATEGY, TIMING, type Bench } from './bench';

const ETH = { ...BTC, symbol: 'ETH/USDT', base: 'ETH' };
const SYMBOLS = [BTC.symbol, ETH.symbol];
const HELD = '0.999';
/** Wide enough that half an account that is worth nothing does not stop it. */
const LIMITS = riskLimitsSchema.parse({ dailyLossFraction: 0.9, maxDrawdownFraction: 0.9 });
const TRIGGERS = triggerLimitsSchema.parse({});
const MINUTE_MS = 60_000;

const idOf = (symbol: string): string =>
  positionId({ account: ACCOUNT, session: 's1', strategy: STRATEGY, symbol, barCloseMs: START_MS });
const BTC_ID = idOf(BTC.symbol);
const ETH_ID = idOf(ETH.symbol);

/** One position on each of two pairs, bought and protected. The account owned no coins before. */
describe('a pair that the exchange delists', () => {
  let bench: Bench;
  const woken: string[] = [];
  const reconciliations: string[] = [];
  const owners: Owners = {
    notifyOrder: () => Promise.resolve(true),
    startPosition: () => Promise.resolve(),
    notifyPosition: (id) => Promise.resolve(woken.push(id) > 0),
    wakeReconciliation: (_, trigger) => Promise.resolve(void reconciliations.push(trigger)),
  };

  beforeEach(async () => {
    woken.length = 0;
    reconciliations.length = 0;
    bench = createBench(owners);
    bench.exchange.foreign = { quote: d('10000'), base: d('0') };
    await bench.store.openAccount(ACCOUNT, 's1');
    for (const instrument of [BTC, ETH]) {
      const { symbol } = instrument;
      bench.store.orders.open(grantOf({ symbol, instrument, positionId: idOf(symbol) }));
      await send(idOf(symbol), Leg.Entry);
    }
    expect((await bench.exchange.openOrders()).map(({ symbol }) => symbol)).toEqual(SYMBOLS);
  });

  const known = (id: string) => bench.store.orders.known(id);
  const send = (id: string, leg: Leg, replaces: string | null = null) =>
    createOrderActivities(bench.deps).submitOrder({
      ...{ positionId: id, leg, sequence: 0, stopPrice: null, replaces },
      type: leg === Leg.Entry ? OrderType.Limit : OrderType.Market,
    });
  const newest = (id: string, leg: Leg): OrderView => {
    const order = known(id).orders.findLast((each) => each.leg === leg);
    if (order === undefined) throw new Error(`${id} has no ${leg}.`);
    return order;
  };
  const look = () =>
    createRiskActivities(bench.deps).assessAccount({
      ...{ account: ACCOUNT, symbols: SYMBOLS, limits: LIMITS, triggers: TRIGGERS },
    });
  async function reconcile() {
    const { reconcileAccount } = createReconciliationActivities(bench.deps);
    const first = await reconcileAccount({ account: ACCOUNT, symbols: SYMBOLS });
    return first.lookAgain
      ? reconcileAccount({ account: ACCOUNT, symbols: SYMBOLS, suspected: first.suspected })
      : first;
  }
  const account = async () => (await bench.store.account(ACCOUNT)) ?? { mode: null, modeReason: '' };
  /** From now on prices and rules of every pair are answered like this. */
  function fail(errorClass: string, kind: FailureKind): void {
    const failure = () => Promise.reject(new ExchangeFailure(kind, 'scripted', { errorClass }));
    Object.assign(bench.exchange, { quotes: failure, isListed: failure });
  }

  describe('in the risk desk', () => {
    it('is worth nothing, and the other pair what it was', async () => {
      const before = Number((await look()).equity);
      bench.exchange.delist(BTC.symbol);
      bench.exchange.price = d('110');
      const { equity, problems } = await look();
      expect(problems).toEqual([]);
      expect(before).toBeCloseTo(9_800 + 2 * 0.999 * 100, 9);
      expect(Number(equity)).toBeCloseTo(9_800 + 0.999 * 110, 9);
    });

    it('is said once: pair, quantity, last known price, and what to do', async () => {
      const key = { venue: 'fake', session: 's1', symbol: BTC.symbol, timeframe: '1m' } as const;
      const bar = { openTimeMs: START_MS, open: 101, high: 101, low: 101, close: 101, volume: 1 };
      await bench.store.saveCandles(key, [bar]);
      bench.exchange.delist(BTC.symbol);
      for (let looks = 0; looks < 3; looks += 1) await look();
      expect(bench.store.riskEvents).toMatchObject([{ code: 'delisted' }]);
      const [event] = bench.store.riskEvents;
      for (const part of [
        BTC.symbol,
        `${HELD} BTC`,
        BTC_ID,
        '101 USDT',
        'withdraw or convert',
        'ballast reconcile',
      ])
        expect(event?.message).toContain(part);
      expect(reconciliations.filter((trigger) => trigger.startsWith('delisted'))).toEqual([
        `delisted: ${BTC_ID}`,
      ]);
      expect(woken).toEqual([BTC_ID]);
      // A process that comes after this one has nothing to add.
      await createRiskActivities(bench.deps).assessAccount({
        account: ACCOUNT,
        symbols: SYMBOLS,
        limits: LIMITS,
      });
      expect(bench.store.riskEvents).toHaveLength(1);
    });

    it('stops nothing for want of a stop, while a missing stop of the other pair does', async () => {
      bench.exchange.delist(BTC.symbol);
      await look();
      bench.time.nowMs += 2 * MINUTE_MS;
      expect((await look()).emergency).toBeNull();
      bench.exchange.end(newest(ETH_ID, Leg.Stop).clientOrderId, 'cancelled');
      bench.exchange.closed.add(ETH.symbol);
      for (let looks = 0; looks < 12; looks += 1) {
        bench.time.nowMs += 10_000;
        await look();
      }
      expect((await account()).modeReason).toContain(`${TriggerCode.MissingStop}: Position ${ETH_ID}`);
    });

    it('does not hide a crash of the other pair', async () => {
      bench.exchange.delist(BTC.symbol);
      await look();
      bench.time.nowMs += MINUTE_MS;
      bench.exchange.bars = ({ symbol }) =>
        symbol === ETH.symbol
          ? Promise.resolve([
              {
                openTimeMs: bench.time.nowMs - MINUTE_MS,
                open: 200,
                high: 200,
                low: 100,
                close: 100,
                volume: 1,
              },
            ])
          : Promise.reject(
              new ExchangeFailure(FailureKind.Rejected, 'Invalid symbol.', { errorClass: 'BadSymbol' }),
            );
      expect((await look()).emergency).toContain(`${TriggerCode.FlashCrash}: ${ETH.symbol} fell`);
    });

    it('is proven neither by a time-out nor by one refusal alone', async () => {
      fail('RequestTimeout', FailureKind.Ambiguous);
      await look();
      fail('BadSymbol', FailureKind.Rejected);
      bench.exchange.isListed = () => Promise.resolve(true);
      expect((await look()).problems).toMatchObject([expect.stringContaining('refuses to tell its price')]);
      expect(isDelisted(known(BTC_ID))).toBe(false);
      expect(bench.store.riskEvents).toEqual([]);
    });

    it('is forgotten when it comes back: its position is protected again', async () => {
      bench.exchange.delist(BTC.symbol);
      await look();
      expect(isStranded(known(BTC_ID))).toBe(true);
      bench.exchange.relist(BTC.symbol);
      const { equity } = await look();
      expect(Number(equity)).toBeCloseTo(9_800 + 2 * 0.999 * 100, 9);
      expect(isDelisted(known(BTC_ID))).toBe(false);
      expect(woken).toEqual([BTC_ID, BTC_ID]);
      await createOrderActivities(bench.deps).resolveOrder(newest(BTC_ID, Leg.Entry).clientOrderId);
      expect(newest(BTC_ID, Leg.Stop)).toMatchObject({ state: OrderState.Open, sequence: 1, quantity: HELD });
    });
  });

  it('counts at its last price while nobody bids for it, for then it is only not traded', async () => {
    bench.exchange.quotes = ([symbol = '']) =>
      Promise.resolve([{ symbol, bid: d('0'), ask: d('0'), last: d('100') }]);
    const { marks } = await readMarks(bench.deps, ACCOUNT, BTC.quote);
    expect(Number(marks.equity)).toBeCloseTo(9_800 + 2 * 0.999 * 100, 9);
  });

  it('costs the other pair no bar', async () => {
    bench.exchange.delist(BTC.symbol);
    const { verdicts } = await createMarketActivities(bench.deps).fetchCandles({
      ...{ session: 's1', symbols: SYMBOLS, timeframe: '1m', barCloseMs: START_MS, lookback: 10 },
    });
    expect(verdicts).toMatchObject([
      { ok: false, problem: expect.stringContaining('does not know BTC/USDT') as unknown },
      { symbol: ETH.symbol, ok: true },
    ]);
  });

  describe('for its orders', () => {
    it('is proven by the refusal of an exit, whose stop ends with it', async () => {
      bench.exchange.delist(BTC.symbol);
      await bench.store.wishExit(BTC_ID, ExitReason.Flatten);
      const { order } = await send(BTC_ID, Leg.Exit, newest(BTC_ID, Leg.Stop).clientOrderId);
      expect(order).toMatchObject({ state: OrderState.Rejected, reason: DELISTED_REASON });
      expect(newest(BTC_ID, Leg.Stop)).toMatchObject({
        state: OrderState.Cancelled,
        reason: DELISTED_REASON,
      });
      expect(isStranded(known(BTC_ID))).toBe(true);
    });

    it('sends no stop after another into it, and never gives the position up', async () => {
      bench.exchange.delist(BTC.symbol);
      const stop = newest(BTC_ID, Leg.Stop);
      const told = bench.exchange.orders.get(stop.clientOrderId);
      if (told !== undefined) await bench.deps.desk.news.learn(told.report, 'stream');
      for (let minutes = 0; minutes < 5; minutes += 1) {
        await createProtection(bench.deps).protect(BTC_ID);
        bench.time.nowMs += MINUTE_MS;
      }
      expect(known(BTC_ID)).toMatchObject({ exitReason: null, state: PositionState.Live });
      expect(known(BTC_ID).orders.filter(({ leg }) => leg === Leg.Stop)).toHaveLength(2);
    });

    it('leaves one of unknown fate open until it can no longer arrive', async () => {
      bench.exchange.faults.push('lost');
      const { order } = await bench.deps.desk.submit({
        ...{ deployment: DEPLOYMENT, positionId: BTC_ID, leg: Leg.Exit, sequence: 0, stopPrice: null },
        ...{ type: OrderType.Market, replaces: newest(BTC_ID, Leg.Stop).clientOrderId },
      });
      expect(order.state).toBe(OrderState.Unknown);
      bench.exchange.delist(BTC.symbol);
      await look();
      expect(newest(BTC_ID, Leg.Exit).state).toBe(OrderState.Unknown);
      expect(isStranded(known(BTC_ID))).toBe(false);
      bench.time.nowMs += TIMING.receiveWindowMs + TIMING.visibilityLagMs;
      await look();
      expect(newest(BTC_ID, Leg.Exit)).toMatchObject({
        state: OrderState.Abandoned,
        reason: DELISTED_REASON,
      });
      expect(isStranded(known(BTC_ID))).toBe(true);
    });
  });

  describe('in an emergency stop', () => {
    const emergency = () => createEmergencyActivities(bench.deps);
    const halt = () => bench.store.raiseHalt(ACCOUNT, { key: 'key', reason: 'a test', by: 'tester' });

    it('keeps nothing else from being sold; the rest is named, and the account flat but for it', async () => {
      await halt();
      bench.exchange.delist(BTC.symbol);
      const swept = await emergency().sweepAccount({ account: ACCOUNT });
      expect(swept).toMatchObject({ unsettled: [], openOrders: 0, flat: true });
      expect(swept.stranded).toEqual([
        { positionId: BTC_ID, what: `${HELD} BTC of ${BTC_ID} (BTC/USDT, last known price 100 USDT)` },
      ]);
      expect(await emergency().verifyFlat({ account: ACCOUNT, againAfterMs: 1 })).toBe(true);
      expect(bench.exchange.held(ETH.symbol)).toBe('0');
      expect(known(BTC_ID)).toMatchObject({ state: PositionState.Live, exitReason: ExitReason.Emergency });
      // The desk begins no second stop for it.
      await emergency().reportEmergency({ account: ACCOUNT, epoch: 1, message: 'flat' });
      expect(await look()).toMatchObject({ unsettledPositions: 0, stopUnreported: false });
    });

    it('is not flat while the exchange merely does not answer', async () => {
      await halt();
      const failure = new ExchangeFailure(FailureKind.Ambiguous, 'scripted', {
        errorClass: 'RequestTimeout',
      });
      const { replace } = bench.exchange;
      bench.exchange.replace = (id, request) =>
        request.symbol === BTC.symbol ? Promise.reject(failure) : replace.call(bench.exchange, id, request);
      fail('RequestTimeout', FailureKind.Ambiguous);
      const swept = await emergency().sweepAccount({ account: ACCOUNT });
      expect(swept).toMatchObject({ unsettled: [BTC_ID], stranded: [], flat: false });
    });

    it('is not flat while the pair is listed and its market closed; it is sold when that is over', async () => {
      await halt();
      bench.exchange.closed.add(BTC.symbol);
      for (let passes = 0; passes < 5; passes += 1) {
        expect(await emergency().sweepAccount({ account: ACCOUNT })).toMatchObject({
          ...{ unsettled: [BTC_ID], stranded: [], flat: false },
        });
        bench.time.nowMs += MINUTE_MS;
      }
      bench.exchange.closed.clear();
      expect((await emergency().sweepAccount({ account: ACCOUNT })).flat).toBe(true);
      expect(bench.exchange.held(BTC.symbol)).toBe('0');
    });

    it('is sold by the stop that is under way when it comes back', async () => {
      await halt();
      bench.exchange.delist(BTC.symbol);
      await emergency().sweepAccount({ account: ACCOUNT });
      bench.exchange.relist(BTC.symbol);
      bench.time.nowMs += MINUTE_MS;
      expect(await emergency().sweepAccount({ account: ACCOUNT })).toMatchObject({
        stranded: [],
        flat: true,
      });
      expect(bench.exchange.held(BTC.symbol)).toBe('0');
    });
  });

  describe('in a reconciliation', () => {
    it('reduces the account, which says why, until a person accepts it', async () => {
      bench.exchange.delist(BTC.symbol);
      const { findings } = await reconcile();
      expect(findings.filter(isUnexplained)).toMatchObject([{ kind: 'delisted' }]);
      expect(await account()).toMatchObject({
        mode: TradingMode.Reducing,
        modeReason: expect.stringContaining('the exchange does not list BTC/USDT any more') as unknown,
      });
      await bench.store.setMode(ACCOUNT, TradingMode.Active, { reason: 'known', by: 'operator' });
      await reconcile();
      expect((await account()).mode).toBe(TradingMode.Active);
    });

    it('closes the position with a reason once the coins are gone, which is no riddle', async () => {
      bench.exchange.delist(BTC.symbol);
      await reconcile();
      bench.exchange.withdrawn = d(HELD);
      const { findings } = await reconcile();
      expect(findings).toMatchObject([
        {
          kind: 'missing-coins',
          severity: 'notice',
          message: expect.stringContaining('had delisted BTC/USDT') as unknown,
        },
      ]);
      expect((await account()).mode).toBe(TradingMode.Active);
      const { closed } = await createOrderActivities(bench.deps).settlePosition(BTC_ID);
      expect(closed).toBe(true);
      expect(known(BTC_ID)).toMatchObject({ state: PositionState.Closed, exitReason: ExitReason.Delisted });
      expect(newest(ETH_ID, Leg.Stop).state).toBe(OrderState.Open);
    });

    it('takes coins of a pair that is listed for missing, as ever', async () => {
      bench.exchange.end(newest(BTC_ID, Leg.Stop).clientOrderId, 'cancelled');
      bench.exchange.withdrawn = d('0.5');
      bench.exchange.delist(ETH.symbol);
      const { findings } = await reconcile();
      expect(
        findings
          .filter(isUnexplained)
          .map(({ kind }) => kind)
          .sort(),
      ).toEqual(['delisted', 'missing-coins']);
    });
  });

  it('whose market is only closed is neither delisted nor given up: the stop follows when it opens', async () => {
    bench.exchange.closed.add(BTC.symbol);
    bench.exchange.end(newest(BTC_ID, Leg.Stop).clientOrderId, 'cancelled');
    const entry = newest(BTC_ID, Leg.Entry).clientOrderId;
    await bench.deps.desk.resolve(newest(BTC_ID, Leg.Stop).clientOrderId);
    for (let minutes = 0; minutes < 5; minutes += 1) {
      await createOrderActivities(bench.deps).resolveOrder(entry);
      bench.time.nowMs += MINUTE_MS;
    }
    expect(known(BTC_ID).exitReason).toBeNull();
    expect(isDelisted(known(BTC_ID))).toBe(false);
    bench.exchange.closed.clear();
    await createOrderActivities(bench.deps).resolveOrder(entry);
    expect(newest(BTC_ID, Leg.Stop)).toMatchObject({ state: OrderState.Open, quantity: HELD });
  });
});
