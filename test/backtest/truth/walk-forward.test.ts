import { z } from 'zod';
import type { SearchPlan } from '../../../backtest/optimise/search';
import type { StudySetup } from '../../../backtest/optimise/study';
import { backtestRulesSchema } from '../../../backtest/rules';
import { planFolds, walkForwardTest, type FoldPlan } from '../../../backtest/truth/walk-forward';
import { columnsOf, barAt, type BarColumns } from '../../../domain/bar-columns';
import { DAY_MS } from '../../../domain/performance/realised-equity';
import { erase } from '../../../domain/strategies/prepare';
import { exit, hold, SignalKind, type Strategy } from '../../../domain/strategy';
import { COIN, d, START_MS } from '../support';
import { walk } from './support';

const HOUR_MS = 3_600_000;

/** Buys at one hour of the day and sells at another: a rule that a market may reward for a while. */
const byTheClock: Strategy<{ readonly hour: number }, never> = {
  id: 'by-the-clock',
  summary: 'Holds for three hours from an hour of the day on.',
  parameters: z.strictObject({ hour: z.int().min(0).max(23).default(0) }),
  indicators: () => ({}),
  onBar(view, { hour }) {
    const since = (new Date(view.openTimeMs).getUTCHours() - hour + 24) % 24;
    if (view.position !== null) return since < 3 ? STAY : LEAVE;
    const price = view.close.at(0);
    return since !== 0
      ? STAY
      : {
          kind: SignalKind.Enter,
          side: 'long',
          ...{ referencePrice: price, stopPrice: price * 0.5, targetPrice: price * 2, trailDistance: null },
          because: () => [],
        };
  },
};
const STAY = hold<{ readonly hour: number }, never>(() => []);
const LEAVE = exit<{ readonly hour: number }, never>(() => []);

/** Rises for three hours a day, from an hour that may change, and gives it back in the others. */
function rising(days: number, hourOf: (day: number) => number): BarColumns {
  let close = 100;
  const bars = Array.from({ length: days * 24 }, (_, index) => {
    const open = close;
    const since = ((index % 24) - hourOf(Math.floor(index / 24)) + 24) % 24;
    close = open * (since >= 1 && since <= 3 ? 1.01 : 0.9986);
    const openTimeMs = START_MS + index * HOUR_MS;
    const round = (price: number): number => Math.round(price * 100) / 100;
    return {
      ...{ openTimeMs, open: round(open), close: round(close), volume: 1_000 },
      ...{ high: round(Math.max(open, close)), low: round(Math.min(open, close)) },
    };
  });
  return columnsOf(bars);
}

const plan: SearchPlan = {
  space: { hour: { kind: 'int', low: 0, high: 23 } },
  ...{ method: 'grid', trials: 24, seed: 1 },
};
const FOLDS: FoldPlan = { folds: 4, trainWindows: 2, purge: 0, embargo: 0, anchored: false };

function setupOn(bars: BarColumns): StudySetup {
  return {
    fixed: {},
    symbols: [COIN.symbol],
    markets: [{ instrument: COIN, timeframe: '1h', bars }],
    rules: backtestRulesSchema.parse({ sizing: { kind: 'cash-fraction', fraction: 0.5 } }),
    startingBalance: d('1000'),
    maxHoldingBars: null,
    objective: 'totalReturn',
    minTrades: 3,
  };
}

const walkOver = (bars: BarColumns, change: Partial<FoldPlan> = {}) => {
  const setup = setupOn(bars);
  const [market] = setup.markets;
  if (market === undefined) throw new Error('There is no market.');
  const folds = planFolds({ ...FOLDS, ...change }, market, START_MS, 1);
  return walkForwardTest({ strategy: erase(byTheClock), setup, plan, folds });
};

describe('folds', () => {
  const [market] = setupOn(walk(1_000, { seed: 1 })).markets;
  const of = (change: Partial<FoldPlan>) =>
    planFolds({ ...FOLDS, ...change }, market ?? fail(), START_MS, 41).map(({ train, test }) =>
      [train.fromMs, train.toMs, test.fromMs, test.toMs].map((timeMs) => (timeMs - START_MS) / HOUR_MS),
    );

  it('test windows touch each other and end with the data, and the training moves on with them', () => {
    expect(of({})).toEqual([
      [40, 360, 360, 520],
      [200, 520, 520, 680],
      [360, 680, 680, 840],
      [520, 840, 840, 1_000],
    ]);
  });

  it('anchored ones learn from the beginning, purge and embargo keep a distance', () => {
    expect(of({ anchored: true, purge: 40, embargo: 20 })).toEqual([
      [40, 340, 400, 550],
      [40, 490, 550, 700],
      [40, 640, 700, 850],
      [40, 790, 850, 1_000],
    ]);
  });

  it('refuses what does not divide', () => {
    expect(() => of({ folds: 1_000 })).toThrow(
      '960 bars of COIN/USDT after 41 that warm up do not divide into 1000 folds.',
    );
  });
});

const fail = (): never => {
  throw new Error('There is no market.');
};

describe('walking forward', () => {
  it('finds a rule that lasts, and keeps what it promised', async () => {
    const { folds, trades, efficiency, daily, startMs, endMs } = await walkOver(rising(48, () => 7));
    expect(folds.map(({ point }) => point)).toEqual(Array.from({ length: 4 }, () => ({ hour: 7 })));
    expect(efficiency).toBeGreaterThan(0.9);
    expect(efficiency).toBeLessThan(1.1);
    expect(folds.every(({ trials, efficiency: one }) => trials === 24 && (one ?? 0) > 0.8)).toBe(true);
    // Joined on one account: from the first test on, without gaps, to what the trades have made.
    expect(daily[0]).toEqual({ timeMs: startMs, equity: 1_000 });
    expect(daily.map(({ timeMs }) => timeMs)).toEqual(daily.map((_, day) => startMs + day * DAY_MS));
    expect(daily.at(-1)?.timeMs).toBe(endMs);
    const profit = trades.reduce((total, trade) => total + trade.profit, 0);
    expect(daily.at(-1)?.equity).toBeCloseTo(1_000 + profit, 6);
    expect(trades.every(({ openTimeMs }) => openTimeMs >= startMs)).toBe(true);
  });

  it('shows that a rule which changes every few days is worth nothing out of sample', async () => {
    const { folds, efficiency, daily } = await walkOver(rising(48, (day) => (Math.floor(day / 8) * 5) % 24));
    // In sample there is always an hour that was right for a while.
    expect(folds.every(({ inSample }) => (inSample?.totalReturn ?? 0) > 0.05)).toBe(true);
    expect(efficiency).toBeLessThan(0.2);
    expect(daily.at(-1)?.equity).toBeLessThan(1_050);
  });

  it('chooses the same whatever comes after the training window', async () => {
    const bars = rising(48, () => 7);
    const folds = (await walkOver(bars)).folds;
    const until = folds[1]?.train.toMs ?? 0;
    const crash = columnsOf(
      Array.from({ length: bars.length }, (_, index) => {
        const bar = barAt(bars, index);
        return bar.openTimeMs < until ? bar : { ...bar, open: 50, high: 51, low: 49, close: 50 };
      }),
    );
    const altered = (await walkOver(crash)).folds;
    expect(altered.slice(0, 1)).toEqual(folds.slice(0, 1));
    expect(altered[1]).toMatchObject({ point: folds[1]?.point, inSample: folds[1]?.inSample });
    expect(altered[1]?.outOfSample).not.toEqual(folds[1]?.outOfSample);
  });

  it('is not divided by next to nothing', async () => {
    const bars = rising(48, () => 7);
    const rules = backtestRulesSchema.parse({ sizing: { kind: 'cash-fraction', fraction: 0.00007 } });
    const setup = { ...setupOn(bars), rules, startingBalance: d('100000') };
    const [market] = setup.markets;
    const folds = planFolds(FOLDS, market ?? fail(), START_MS, 1);
    const result = await walkForwardTest({ strategy: erase(byTheClock), setup, plan, folds });
    expect(result.trades.length).toBeGreaterThan(10);
    expect(result.folds.every(({ inSample }) => (inSample?.totalReturn ?? 0) > 0)).toBe(true);
    expect(result).toMatchObject({ efficiency: null });
  });

  it('waits where nothing could be chosen', async () => {
    const bars = rising(48, () => 7);
    const setup = { ...setupOn(bars), minTrades: 1_000 };
    const [market] = setup.markets;
    const folds = planFolds(FOLDS, market ?? fail(), START_MS, 1);
    const result = await walkForwardTest({ strategy: erase(byTheClock), setup, plan, folds });
    expect(result).toMatchObject({ trades: [], efficiency: null });
    expect(result.daily.every(({ equity }) => equity === 1_000)).toBe(true);
    expect(result.folds[0]).toMatchObject({ point: null, trials: 24, outOfSample: null });
  });
});
