import { createDecisionActivities } from '../../../activities/decision';
import { createMarketActivities } from '../../../activities/market';
import { DecisionOutcome } from '../../../adapters/store/port';
import { decimal } from '../../../domain/decimal';
import { Leg, OrderState } from '../../../domain/order';
import { ExitReason } from '../../../domain/position';
import { ACCOUNT, createBench, START_MS, STRATEGY } from '../bench';
import { LaneBench, MINUTE_MS, SETTINGS, swinging, SYMBOL } from './lane-bench';

/** As many bars as it takes until the swing has given an entry. */
const BARS = 12;

describe('a fast lane', () => {
  let lane: LaneBench;
  beforeEach(() => {
    lane = new LaneBench();
  });
  afterEach(() => lane.cancel());

  /** Closes bars until the strategy enters. @returns the bar it entered on */
  async function untilEntry(from = 0): Promise<number> {
    for (let bar = from; bar < from + BARS; bar += 1) {
      await lane.close(bar);
      if ((await lane.decision(bar))?.outcome === DecisionOutcome.Enter) return bar;
    }
    throw new Error('The market gives no entry.');
  }

  const positions = () => lane.bench.store.livePositions(ACCOUNT);

  it('decides on a bar when the stream tells of it, and asks the exchange for nothing', async () => {
    await lane.start();
    await lane.pass(2_500);
    const { length } = lane.asked;
    await lane.close(0);
    await lane.close(1);
    expect((await lane.decision(0))?.outcome).toBeDefined();
    expect((await lane.decision(1))?.inputs?.candles).toEqual({ ok: true, problem: null, doubts: [] });
    expect(lane.asked).toHaveLength(length);
  });

  it('decides on the newest closed bar when it begins, and on no bar twice', async () => {
    await lane.start();
    await lane.pass(2_500);
    const begun = await lane.decision(-1);
    expect(begun).toBeDefined();
    const record = jest.spyOn(lane.bench.store, 'recordDecision');
    await lane.close(-1);
    await lane.bench.exchange.market.tell({ kind: 'connected' });
    expect(record).not.toHaveBeenCalled();
  });

  it('sends an entry with its stop and gives it an owner, which it tells at the end', async () => {
    await lane.start();
    const bar = await untilEntry();
    const [position] = await positions();
    expect(position?.barCloseMs).toBe(START_MS + (bar + 1) * MINUTE_MS);
    const states = Object.fromEntries(position?.orders.map(({ leg, state }) => [leg, state]) ?? []);
    expect(states).toEqual({ [Leg.Entry]: OrderState.Filled, [Leg.Stop]: OrderState.Open });
    expect(lane.started).toMatchObject([
      { positionId: position?.positionId, symbol: SYMBOL, strategy: STRATEGY },
    ]);
    expect(lane.told).toContain(position?.positionId);
    expect(lane.bench.exchange.received).toEqual(position?.orders.map(({ clientOrderId }) => clientOrderId));
  });

  it('sends no entry that cannot be given an owner', async () => {
    await lane.start();
    lane.bench.deps.owners.startPosition = () => Promise.reject(new Error('Temporal is away'));
    await untilEntry();
    expect(lane.bench.exchange.received).toEqual([]);
  });

  it('fetches what the stream has left out, and decides on the newest bar only', async () => {
    await lane.start();
    await lane.close(0);
    await lane.close(1, { mute: true });
    await lane.close(2, { mute: true });
    await lane.close(3);
    expect(await lane.decision(1)).toBeUndefined();
    expect(await lane.decision(2)).toBeUndefined();
    expect((await lane.decision(3))?.inputs?.candles.ok).toBe(true);
  });

  it('asks for a bar that stays away on a connection that seems to be alive', async () => {
    await lane.start();
    await lane.close(0);
    await lane.close(1, { mute: true });
    await lane.pass(1_000);
    expect(await lane.decision(1)).toBeUndefined();
    await lane.pass(1_500);
    expect((await lane.decision(1))?.inputs?.candles.ok).toBe(true);
  });

  it('says so when a bar cannot be had at all, and goes on with the next', async () => {
    await lane.start();
    lane.bench.exchange.missingBars.add(START_MS + MINUTE_MS);
    await lane.close(0, { mute: true });
    await lane.pass(2_500);
    expect(await lane.decision(0)).toMatchObject({
      outcome: DecisionOutcome.Skipped,
      inputs: { candles: { ok: false } },
    });
    lane.bench.exchange.missingBars.clear();
    await lane.close(1);
    expect((await lane.decision(1))?.inputs?.candles.ok).toBe(true);
  });

  it('asks for no bar that has closed just now: what is told of it may be what it was before its last trades', async () => {
    await lane.start();
    expect(Math.max(...lane.asked)).toBe(START_MS - MINUTE_MS);
    lane.asked.length = 0;
    await lane.close(0, { mute: true });
    await lane.close(1);
    expect(Math.max(...lane.asked)).toBe(START_MS + MINUTE_MS);
    expect(await lane.decision(1)).toBeDefined();
  });

  it('decides once on a bar that the stream tells of while it is asked for', async () => {
    await lane.start();
    await lane.close(0);
    await lane.close(1, { mute: true });
    const { exchange } = lane.bench;
    const bars = exchange.bars.bind(exchange);
    let answer: () => void = () => undefined;
    const answered = new Promise<void>((resolve) => (answer = resolve));
    exchange.bars = (request) => answered.then(() => bars(request));
    await lane.pass(2_500);
    const record = jest.spyOn(lane.bench.store, 'recordDecision');
    const openTimeMs = START_MS + MINUTE_MS;
    const bar = { openTimeMs, ...swinging(openTimeMs) };
    await exchange.market.tell({ kind: 'bar', symbol: SYMBOL, timeframe: '1m', bar });
    await lane.settle();
    const { length } = record.mock.calls;
    expect(length).toBeGreaterThan(0);
    answer();
    await lane.settle();
    expect(record).toHaveBeenCalledTimes(length);
  });

  it('keeps no symbol from its bars because those of another cannot be fetched', async () => {
    await lane.start({ settings: { ...SETTINGS, symbols: [SYMBOL, 'ETH/USDT'] } });
    const { exchange } = lane.bench;
    const bars = exchange.bars.bind(exchange);
    let refused = 0;
    exchange.bars = (request) => {
      if (request.symbol !== SYMBOL) return bars(request);
      refused += 1;
      return Promise.reject(new Error('away'));
    };
    await lane.close(0, { mute: true });
    await lane.pass(2_500);
    expect(await lane.decision(0, 'ETH/USDT')).toBeDefined();
    await lane.pass(200);
    expect(refused).toBe(1);
    await lane.pass(1_000);
    expect(refused).toBe(2);
  });

  it('goes on, and says what is the matter, when none of its pairs is listed any more', async () => {
    lane.bench.exchange.delist(SYMBOL);
    await lane.start();
    await lane.pass(2_500);
    expect(await lane.decision(-1)).toMatchObject({ outcome: DecisionOutcome.Skipped });
    lane.bench.exchange.relist(SYMBOL);
    await lane.close(0, { mute: true });
    await lane.pass(2_500);
    expect((await lane.decision(0))?.inputs?.candles.ok).toBe(true);
  });

  it('journals bars with the next ones when the journal was away', async () => {
    await lane.start();
    await lane.close(0);
    const { store } = lane.bench;
    jest.spyOn(store, 'saveCandles').mockRejectedValueOnce(new Error('away'));
    await lane.close(1);
    await lane.close(2);
    const key = { venue: 'fake', session: 's1', symbol: SYMBOL, timeframe: '1m' } as const;
    const saved = await store.candles(key, START_MS + 3 * MINUTE_MS, 3);
    expect(saved.map(({ openTimeMs }) => (openTimeMs - START_MS) / MINUTE_MS)).toEqual([0, 1, 2]);
  });

  it('tries a decision again that has failed', async () => {
    await lane.start();
    const failing = jest.spyOn(lane.bench.store, 'recordDecision').mockRejectedValueOnce(new Error('away'));
    await lane.close(0);
    failing.mockRestore();
    expect(await lane.decision(0)).toBeUndefined();
    await lane.pass(2_500);
    expect(await lane.decision(0)).toBeDefined();
  });

  it('leaves at the first trade that touches the target', async () => {
    await lane.start();
    const bar = await untilEntry();
    const [position] = await positions();
    const target = position?.targetPrice ?? decimal('0');
    const tellTrade = async (price: number): Promise<void> => {
      const marketTimeMs = lane.bench.time.nowMs;
      await lane.bench.exchange.market.tell({ kind: 'trade', symbol: SYMBOL, price, marketTimeMs });
      await lane.settle();
    };
    lane.bench.time.nowMs += 1_000;
    await tellTrade(Number(target) - 0.01);
    expect((await positions())[0]?.exitReason).toBeNull();
    lane.bench.exchange.moveTo(target);
    await tellTrade(Number(target));
    const [left] = await positions();
    expect(left).toMatchObject({
      exitReason: ExitReason.Target,
      barCloseMs: START_MS + (bar + 1) * MINUTE_MS,
    });
    const exit = left?.orders.find(({ leg }) => leg === Leg.Exit);
    expect(exit?.state).toBe(OrderState.Filled);
    // Everything that it bought is sold, and the stop is gone.
    expect(lane.bench.exchange.offered()).toBe('0');
  });

  it('opens nothing while entries are paused, and says why', async () => {
    await lane.start({ entriesPaused: true });
    for (let bar = 0; bar < BARS; bar += 1) await lane.close(bar);
    expect(await positions()).toEqual([]);
    const decisions = await Promise.all(Array.from({ length: BARS }, (_, bar) => lane.decision(bar)));
    const reasons = decisions.flatMap((decision) => decision?.reasons.map(({ code }) => code) ?? []);
    expect(reasons).toContain('paused');
  });

  it('opens nothing on bars that close before a rest for news is over', async () => {
    await lane.start({ newsPause: { untilMs: START_MS + (BARS + 1) * MINUTE_MS, reason: 'a story' } });
    for (let bar = 0; bar < BARS; bar += 1) await lane.close(bar);
    expect(await positions()).toEqual([]);
    expect(await untilEntry(BARS)).toBeGreaterThanOrEqual(BARS);
  });

  it('opens nothing, and ends, once another lane was opened', async () => {
    await lane.start();
    const opening = { account: ACCOUNT, strategy: STRATEGY, entriesPaused: false, reason: 'another' };
    await lane.bench.store.openLane(opening);
    await untilEntry();
    expect(await positions()).toEqual([]);
    expect(await lane.ended()).toEqual({ reason: 'superseded' });
  });

  it('ends with its session', async () => {
    await lane.start();
    lane.bench.exchange.session = 's2';
    await lane.pass(1);
    expect(await lane.ended()).toEqual({ reason: 'session-over' });
  });

  it('goes on where another has died: an entry that was decided and never granted is granted', async () => {
    await lane.start();
    jest.spyOn(lane.bench.store, 'grant').mockRejectedValueOnce(new Error('killed here'));
    const bar = await untilEntry();
    expect(await positions()).toEqual([]);

    const next = new LaneBench();
    Object.assign(next.bench.store, lane.bench.store);
    next.bench.time.nowMs = lane.bench.time.nowMs;
    next.bench.exchange.moveTo(lane.bench.exchange.price);
    jest.restoreAllMocks();
    await next.start();
    await next.pass(2_500);
    const [position] = await next.bench.store.livePositions(ACCOUNT);
    expect(position?.barCloseMs).toBe(START_MS + (bar + 1) * MINUTE_MS);
    await next.cancel();
  });

  it('waits for the bars of other timeframes that close at the same instant', async () => {
    const filters = [{ id: 'confirm', parameters: { timeframes: ['5m'], average: 'sma', period: 3 } }];
    await lane.start({ settings: { ...SETTINGS, filters } });
    await lane.pass(2_500);
    for (let bar = 0; bar < 4; bar += 1) await lane.close(bar);
    expect(await lane.decision(3)).toBeDefined();
    await lane.close(4);
    expect(await lane.decision(4)).toBeUndefined();
    const bar = { openTimeMs: START_MS, ...swinging(START_MS) };
    await lane.bench.exchange.market.tell({ kind: 'bar', symbol: SYMBOL, timeframe: '5m', bar });
    await lane.settle();
    expect((await lane.decision(4))?.inputs?.candles.ok).toBe(true);
  });

  it('decides as cycles do, bar by bar', async () => {
    const many = 120;
    const cycles = createBench();
    cycles.exchange.history = swinging;
    await cycles.store.openAccount(ACCOUNT, 's1');
    const [market, decisions] = [createMarketActivities(cycles.deps), createDecisionActivities(cycles.deps)];
    const { name: strategy, strategyId, parameters, timeframe, symbols, maxHoldingBars } = SETTINGS;
    const common = { session: 's1', strategyId, parameters, timeframe } as const;
    await lane.start({ entriesPaused: true });
    const codes = new Set<string>();
    for (let bar = 0; bar < many; bar += 1) {
      await lane.close(bar);
      const barCloseMs = START_MS + (bar + 1) * MINUTE_MS;
      cycles.time.nowMs = barCloseMs;
      const { verdicts } = await market.fetchCandles({ ...common, symbols, barCloseMs, lookback: 500 });
      await decisions.evaluateStrategy({
        ...{ ...common, account: ACCOUNT, strategy, barCloseMs, previousBarCloseMs: barCloseMs - MINUTE_MS },
        ...{ maxHoldingBars, entriesPaused: true, verdicts },
      });
      const key = { account: ACCOUNT, session: 's1', strategy, symbol: SYMBOL, barCloseMs };
      const onLane = await lane.decision(bar);
      expect(onLane).toEqual(await cycles.store.decision(key));
      for (const { code } of onLane?.reasons ?? []) codes.add(code);
    }
    // Entries were proposed, or the comparison would say little.
    expect(codes).toContain('paused');
  });
});
