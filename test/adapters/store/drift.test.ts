import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDecisionActivities } from '../../../activities/decision';
import { createHistory } from '../../../adapters/history/history';
import { createViews } from '../../../adapters/store/views';
import { findDrift, type FoundDrift } from '../../../cli/drift-run';
import { barAt, columnsOf, sliceColumns, type BarColumns } from '../../../domain/bar-columns';
import { decimal, fromNumber, toNumber } from '../../../domain/decimal';
import { Leg, OrderEvent, OrderType, Side, type OrderView } from '../../../domain/order';
import type { ExitReason, PositionView } from '../../../domain/position';
import { riskLimitsSchema } from '../../../domain/risk';
import { BUILT_IN_CATALOGUE } from '../../../domain/strategies/catalogue';
import { findStrategy } from '../../../domain/strategies/registry';
import { RandomStream } from '../../../domain/random';
import { buildBallast, runBallast } from '../../cli/ballast-process';
import { createDeps, noOwners, TIMING } from '../../activities/bench';
import { FakeExchange } from '../../activities/fake-exchange';
import {
  ACCOUNT,
  createBench,
  DEPLOYMENT,
  fillOf,
  grantRequest,
  mustFind,
  orderId,
  sendRequest,
  WALL_MS,
  type Bench,
} from './support';

const MINUTE_MS = 60_000;
const START_MS = 1_750_000_020_000 - (1_750_000_020_000 % MINUTE_MS);
const SYMBOL = 'BTC/USDT';
const NAME = 'trend';
const STRATEGY = findStrategy('ema-cross').parse({
  ...{ fast: 3, slow: 8, minAdx: null, trailAtr: null, stopFraction: 0.03 },
});
const BARS = STRATEGY.warmupBars + 60;
const BALANCE = 10_000;
const VENUE = 'binance';

class FakeBinance extends FakeExchange {
  override readonly venue = VENUE;
}

/** Waves of eighteen bars, each opening where the one before closed. */
function waves(): BarColumns {
  const random = new RandomStream(6);
  let close = 100;
  return columnsOf(
    Array.from({ length: BARS }, (_, index) => {
      const open = close;
      close = Math.round((100 + 5 * Math.sin(index / 3) + 0.3 * random.normal()) * 100) / 100;
      return {
        ...{ openTimeMs: START_MS + index * MINUTE_MS, open, close, volume: 1_000 },
        ...{ high: Math.max(open, close) + 0.05, low: Math.min(open, close) - 0.05 },
      };
    }),
  );
}
const bars = waves();

/** What goes wrong in a run that otherwise does what a backtest does. */
interface Faults {
  /** The number of the entry whose fill is worse and late. */
  readonly worseEntry?: number;
  /** At the bar that decides on this entry nobody is there. */
  readonly absentAtEntry?: number;
}

let bench: Bench;
beforeAll(buildBallast);
beforeAll(async () => {
  bench = await createBench(4);
});
afterAll(() => bench.close());

/** Lives through the bars: the decisions, grants, orders and fills of the journal's own code, the exchange played here. */
class LiveRun {
  private readonly decide;
  private readonly key;
  private cash = BALANCE;
  private position: PositionView | undefined;
  private entries = 0;

  constructor(
    private readonly session: string,
    private readonly faults: Faults,
  ) {
    const wallTimeMs = (): number => WALL_MS;
    const exchange = new FakeBinance(wallTimeMs);
    const { store } = bench;
    const deps = createDeps({ store, exchange, timing: TIMING, wallTimeMs, owners: noOwners });
    this.decide = createDecisionActivities(deps).evaluateStrategy;
    this.key = { venue: VENUE, session, symbol: SYMBOL, timeframe: '1m' } as const;
  }

  async live(): Promise<void> {
    const { store } = bench;
    await store.openAccount(ACCOUNT, this.session);
    const first = STRATEGY.warmupBars - 1;
    await store.saveCandles(this.key, listOf(sliceColumns(bars, 0, first)));
    const equity = decimal(String(BALANCE));
    const state = { equity, equityAtDayStart: equity, peakEquity: equity, dayStartMs: START_MS };
    await store.recordEquity(ACCOUNT, this.session, state, START_MS);
    for (let index = first; index < bars.length; index += 1) {
      await this.meetOpen(index);
      await this.meetStop(index);
      await store.saveCandles(this.key, [barAt(bars, index)]);
      await this.close(index);
    }
  }

  /** What was wished at the last close is done at the open. */
  private async meetOpen(index: number): Promise<void> {
    const position = this.position && (await mustFind(bench.store, this.position.positionId));
    if (position === undefined) return;
    const { openTimeMs, open } = barAt(bars, index);
    if (position.openedAtMs === null) {
      const isWorse = this.entries === this.faults.worseEntry;
      const entry = await this.send(orderId(position, Leg.Entry), openTimeMs);
      await this.fill(entry, isWorse ? open * 1.002 : open, openTimeMs + (isWorse ? 40_000 : 0));
      this.position = await mustFind(bench.store, position.positionId);
    } else if (position.exitReason !== null) {
      const plan = { deployment: DEPLOYMENT, positionId: position.positionId, leg: Leg.Exit, sequence: 0 };
      await bench.store.plan({ ...plan, type: OrderType.Market, stopPrice: null, replaces: null });
      await this.leave(position, Leg.Exit, open, openTimeMs, position.exitReason);
    }
  }

  private async meetStop(index: number): Promise<void> {
    const { position } = this;
    const { openTimeMs, open, low } = barAt(bars, index);
    if (position === undefined || position.openedAtMs === null) return;
    const stop = toNumber(position.stopPrice);
    if (low > stop) return;
    await this.leave(position, Leg.Stop, Math.min(open, stop), openTimeMs + MINUTE_MS - 1, 'stop');
  }

  private async close(index: number): Promise<void> {
    const barCloseMs = barAt(bars, index).openTimeMs + MINUTE_MS;
    if (index === this.absentAt) return;
    const decided = await this.decide({
      ...{ account: ACCOUNT, session: this.session, strategy: NAME, strategyId: 'ema-cross' },
      ...{ parameters: STRATEGY.parameters, timeframe: '1m', barCloseMs, maxHoldingBars: null },
      previousBarCloseMs: barCloseMs - MINUTE_MS,
      entriesPaused: false,
      verdicts: [{ symbol: SYMBOL, ok: true, problem: null, doubts: [] }],
    });
    const proposal = decided[0]?.proposal ?? null;
    if (proposal === null) return;
    const money = fromNumber(this.cash, 8);
    const granted = await bench.store.grant({
      ...grantRequest({ session: this.session, strategy: NAME, barCloseMs, proposal }),
      ...{ freeQuote: money, equity: money, marketTimeMs: barCloseMs, expiresAtMs: barCloseMs + MINUTE_MS },
    });
    if (!granted.granted) throw new Error(granted.message);
    this.entries += 1;
    this.position = granted.position;
  }

  /** The bar that decides on the entry at which nobody is there, as an undisturbed run has it. */
  private get absentAt(): number | undefined {
    const { absentAtEntry } = this.faults;
    return absentAtEntry === undefined ? undefined : entryBars[absentAtEntry - 1];
  }

  private async send(clientOrderId: string, marketTimeMs: number): Promise<OrderView> {
    const ticket = await bench.store.beginSend(sendRequest(clientOrderId, { marketTimeMs }));
    if (ticket.kind !== 'send') throw new Error(`Not sent: ${JSON.stringify(ticket)}`);
    const order = await bench.store.recordEvent({
      ...{ clientOrderId, event: OrderEvent.SeenOpen, exchangeOrderId: `x-${clientOrderId}` },
    });
    return order ?? ticket.order;
  }

  private async leave(position: PositionView, leg: Leg, price: number, timeMs: number, reason: ExitReason) {
    const order = await this.send(orderId(position, leg), timeMs);
    await this.fill(order, price, timeMs);
    await bench.store.closePosition(position.positionId, reason, timeMs);
    this.position = undefined;
  }

  /** Fills all of it; the fee is taken in quote, as a backtest does. */
  private async fill(order: OrderView, price: number, timeMs: number): Promise<void> {
    const quantity = toNumber(order.quantity);
    const fee = price * quantity * 0.001;
    this.cash += (order.side === Side.Buy ? -1 : 1) * price * quantity - fee;
    const fill = fillOf(order, `t-${order.clientOrderId}`, order.quantity, {
      ...{ price: fromNumber(price, 4), fee: fromNumber(fee, 8), feeAsset: 'USDT', marketTimeMs: timeMs },
    });
    await bench.store.recordFills(ACCOUNT, [fill], 'stream');
  }
}

const listOf = (columns: BarColumns) => Array.from({ length: columns.length }, (_, at) => barAt(columns, at));

const drift = (session: string): Promise<FoundDrift> =>
  findDrift(
    {
      account: { deployment: DEPLOYMENT, account: ACCOUNT, venue: VENUE },
      views: () => Promise.resolve(createViews(bench.pool)),
      store: () => Promise.resolve(bench.store),
      history: () => Promise.resolve(createHistory(bench.pool)),
      config: { strategies: [], risk: riskLimitsSchema.parse({}), mode: 'simulated' },
    },
    BUILT_IN_CATALOGUE,
    { name: NAME, session, fromMs: undefined, toMs: undefined },
  );

/** Indices of the bars that decide on entries, learnt from the run without faults. */
let entryBars: readonly number[] = [];
const indexOf = (closeMs: number): number => (closeMs - START_MS) / MINUTE_MS - 1;

it('is silent about a run that did what the backtester does', async () => {
  await new LiveRun('s1', {}).live();
  const found = await drift('s1');
  entryBars = found.trades.map(({ testDecidedMs }) => indexOf(testDecidedMs));
  expect(found).toMatchObject({ missing: [], extra: [], notes: [] });
  expect(found.settings).toMatchObject({ strategyId: 'ema-cross', timeframe: '1m' });
  expect(found.decisions).toMatchObject({ compared: 61, same: 61, differing: [] });
  expect(found.trades.length).toBeGreaterThanOrEqual(3);
  const reasons = found.trades.map(({ live }) => live.exitReason);
  expect(reasons).toContain('strategy');
  for (const trade of found.trades) {
    expect(trade.entryBps).toBeCloseTo(0, 6);
    expect(trade.entryDelayMs).toBe(0);
    expect(trade.sizeDifference).toBeCloseTo(0, 9);
    if (trade.live.exit !== null) expect(trade).toMatchObject({ sameExit: true, exitDelayMs: 0 });
  }
  expect(found.cost.totalBps).toBeCloseTo(0, 4);
  expect(found.profit.live).toBeCloseTo(found.profit.backtest, 4);
});

it('finds the worse fill, the missing decision and the trade that it cost', async () => {
  await new LiveRun('s2', { worseEntry: 1, absentAtEntry: 2 }).live();
  const found = await drift('s2');
  const [worse] = found.trades;
  expect(worse?.entryBps).toBeCloseTo(20, 1);
  expect(worse?.entryDelayMs).toBe(40_000);
  expect(found.trades.filter(({ entryBps }) => Math.abs(entryBps) > 0.01)).toHaveLength(1);
  const absent = START_MS + ((entryBars[1] ?? 0) + 1) * MINUTE_MS;
  expect(found.missing).toEqual([
    expect.objectContaining({ decidedMs: absent, why: 'nothing was decided on its bar' }),
  ]);
  expect(found.decisions.byCause).toMatchObject({ missing: 1, bars: 0, decision: 0 });
  // While the backtest holds what was missed, it leaves where the journal has nothing to leave.
  expect(found.decisions.differing[0]).toMatchObject({ closeMs: absent, live: null, backtest: 'enter' });
  expect(found.decisions.differing.slice(1).every(({ cause }) => cause === 'held')).toBe(true);
  expect(found.cost.entryBps).toBeGreaterThan(1);
  expect(found.profit.live).not.toBeCloseTo(found.profit.backtest, 2);
});

it('tells a bar that was corrected afterwards from a decision that is another one', async () => {
  const { store } = bench;
  const entry = entryBars.at(-1) ?? 0;
  const closeMs = START_MS + (entry + 1) * MINUTE_MS;
  const quiet = (entryBars[0] ?? 0) - 2;
  const key = { venue: VENUE, session: 's1', symbol: SYMBOL, timeframe: '1m' } as const;
  const bar = barAt(bars, entry);
  const low = bar.low - 4;
  await store.saveCandles(key, [{ ...bar, low, close: low + 0.5 }]);
  await store.recordDecision({
    ...{ account: ACCOUNT, session: 's1', strategy: NAME, symbol: SYMBOL },
    barCloseMs: START_MS + (quiet + 1) * MINUTE_MS,
    outcome: 'refused',
    reasons: [{ code: 'tampered', text: 'Somebody else decided' }],
    ...{ close: fromNumber(bars.close[quiet] ?? 0, 8), positionId: null },
  });
  const { decisions, extra } = await drift('s1');
  expect(decisions.differing[0]).toMatchObject({
    ...{ closeMs: START_MS + (quiet + 1) * MINUTE_MS, live: 'refused', backtest: 'stay', cause: 'decision' },
    why: ['Somebody else decided'],
  });
  expect(decisions.differing.find((one) => one.closeMs === closeMs)).toMatchObject({
    ...{ live: 'enter', backtest: 'stay', cause: 'bars' },
  });
  expect(extra).toHaveLength(1);
  expect(extra[0]?.live.barCloseMs).toBe(closeMs);
});

it('prints what it has found, on the command line', () => {
  const cwd = mkdtempSync(join(tmpdir(), 'ballast-drift-'));
  const { status, stdout, stderr } = runBallast(cwd, ['drift', NAME, '--session', 's2'], {
    BALLAST_POSTGRES_URL: bench.url,
  });
  rmSync(cwd, { recursive: true });
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout).toContain('No decision in the journal, nobody was there to decide: 1.');
  expect(stdout).toMatch(/BTC\/USDT +\S+ \S+ +0\.0 % +20\.0 +40s/);
  expect(stdout).toMatch(/Trades that only the backtest has[\s\S]*nothing was decided on its bar/);
});

it('says what there is nothing of', async () => {
  await expect(drift('never')).rejects.toThrow(
    '"trend" has decided nothing in the session never of account main.',
  );
});

it('says with whom the account was shared', async () => {
  const marketTimeMs = START_MS + (BARS - 5) * MINUTE_MS;
  const { granted } = await bench.store.grant({
    ...grantRequest({ session: 's2', strategy: 'another', barCloseMs: marketTimeMs }),
    ...{ marketTimeMs, expiresAtMs: marketTimeMs + MINUTE_MS },
  });
  expect(granted).toBe(true);
  expect((await drift('s2')).notes).toEqual([
    'The account was shared with another (1 positions). The backtest had it alone: sizes differ for that reason, and none of its entries was refused for that.',
  ]);
});

it('takes the settings that were in force, from where they were', async () => {
  const views = createViews(bench.pool);
  const entry = { account: ACCOUNT, session: 's2', strategy: NAME } as const;
  const settings = {
    ...{ strategyId: 'ema-cross', strategyVersion: null, maxHoldingBars: null },
    timeframe: '1m',
    parameters: { ...STRATEGY.parameters, fast: 4 },
  } as const;
  const changedMs = START_MS + (BARS - 20) * MINUTE_MS;
  await bench.store.recordSettings({ ...entry, barCloseMs: changedMs, settings });
  await bench.store.recordSettings({ ...entry, barCloseMs: changedMs + MINUTE_MS, settings });
  const run = await views.run({ account: ACCOUNT, session: 's2', strategy: NAME });
  expect(run?.settings.map(({ fromBarCloseMs }) => fromBarCloseMs)).toEqual([
    START_MS + STRATEGY.warmupBars * MINUTE_MS,
    changedMs,
  ]);
  const found = await drift('s2');
  expect(found.settings.parameters).toMatchObject({ fast: 4 });
  expect(found.fromMs).toBe(changedMs);
  expect(found.notes.join(' ')).toContain('Its settings changed at');
});
