import { searchAtOnce, type Trial } from '../../../backtest/optimise/search';
import { createStudy, type TrialResult } from '../../../backtest/optimise/study';
import {
  checkGrid,
  periodsOf,
  rankedTrials,
  sampleStrategies,
  warmupOf,
  type SweepDefinition,
} from '../../../backtest/optimise/sweep';
import { sweepReport } from '../../../backtest/optimise/sweep-report';
import { deflatedSharpe } from '../../../backtest/truth/sharpe-significance';
import { perpetualSchema } from '../../../backtest/rules';
import { findStrategy } from '../../../domain/strategies/registry';
import { sampleDeviation } from '../../../domain/statistics';
import { d, START_MS } from '../support';
import { BARS, emaSetup } from './setup';

const HOUR_MS = 3_600_000;
const ema = findStrategy('ema-cross');
const definition: SweepDefinition = {
  strategyId: 'ema-cross',
  fixed: emaSetup.fixed,
  plan: {
    space: { fast: { kind: 'int', low: 5, high: 12 }, slow: { kind: 'int', low: 8, high: 40 } },
    ...{ method: 'random', trials: 30, seed: 2 },
  },
  ...{ objective: 'totalReturn', minTrades: 1, symbols: emaSetup.symbols, timeframe: '1h' },
  ...{ venue: undefined, finer: undefined, fees: { maker: d('0.001'), taker: d('0.001') } },
  perpetual: perpetualSchema.parse({}),
  ...{ rules: emaSetup.rules, startingBalance: emaSetup.startingBalance, maxHoldingBars: null },
  ...{ outOfSample: 0.25, purge: 40, top: 5 },
};
const [market] = emaSetup.markets;
if (market === undefined) throw new Error('There is a market.');
const at = (bar: number): number => START_MS + bar * HOUR_MS;

describe('the periods of a sweep', () => {
  it('begin when everything has settled, end with the bars, and do not touch', () => {
    // Bars 199 to 1199 are 1001: 250 to test, 40 between, 711 to learn from.
    expect(periodsOf(definition, market, START_MS, 200)).toEqual({
      inSample: { fromMs: at(199), toMs: at(910) },
      outOfSample: { fromMs: at(950), toMs: at(BARS) },
      purgeBars: 40,
    });
    expect(periodsOf(definition, market, at(400), 200).inSample.fromMs).toBe(at(400));
  });

  it('leave out what the longest indicator needs when nobody says, and nothing without a test', () => {
    expect(periodsOf({ ...definition, purge: null }, market, START_MS, 60).purgeBars).toBe(60);
    expect(periodsOf({ ...definition, outOfSample: 0 }, market, START_MS, 200)).toEqual({
      inSample: { fromMs: at(199), toMs: at(BARS) },
      outOfSample: null,
      purgeBars: 0,
    });
  });

  it('are refused when there are too few bars', () => {
    expect(() => periodsOf(definition, market, at(BARS - 40), 10)).toThrow(/too few/);
    expect(() => periodsOf(definition, market, START_MS, BARS + 5)).toThrow(/too few/);
  });
});

it('samples what a space needs at its longest, and refuses a space of which nothing is allowed', () => {
  const longest = ema.parse({ ...emaSetup.fixed, fast: 12, slow: 40 }).warmupBars;
  expect(warmupOf(sampleStrategies(ema, definition), definition)).toBe(longest);
  const none = { ...definition.plan, space: { fast: { kind: 'int', low: 50, high: 60 } } } as const;
  expect(() => sampleStrategies(ema, { fixed: { slow: 20 }, plan: none })).toThrow(/below "slow"/);
});

it('refuses a part of a grid', () => {
  const { plan } = definition;
  // Of 8 × 33 points fast is below slow in all but 5 + 4 + … + 1.
  const grid = { ...plan, method: 'grid', trials: 248 } as const;
  const study = createStudy(ema, emaSetup, 0);
  expect(() => {
    checkGrid(grid, study);
  }).toThrow(/has 249 points/);
  checkGrid({ ...grid, trials: 249 }, study);
  checkGrid({ ...plan, trials: 1 }, study);
});

describe('the report of a sweep', () => {
  const periods = periodsOf(definition, market, START_MS, 200);
  const study = createStudy(ema, emaSetup);
  const made = () =>
    searchAtOnce(definition.plan, {
      allows: (point) => study.allows(point),
      evaluate: (point) => Promise.resolve(study.tryPoint(point, periods.inSample)),
    });
  const reportOf = (trials: readonly Trial<TrialResult>[]) =>
    sweepReport({
      ...{ definition, periods, trials, data: 'a walk', notes: [] },
      ranked: rankedTrials({ trials }, 5).map((trial) => ({
        ...trial,
        outOfSample: periods.outOfSample && study.tryPoint(trial.point, periods.outOfSample),
      })),
    });

  it('says that even the best lost, where it did', async () => {
    const { trials } = await made();
    const toldOf = (totalReturn: number) =>
      reportOf(
        trials.map((trial) => ({
          ...trial,
          result: { ...trial.result, metrics: { ...trial.result.metrics, totalReturn } },
        })),
      ).notes.join(' ');
    expect(toldOf(-0.0259)).toContain('Even the best trial lost money where it was chosen (-2.59 %)');
    expect(toldOf(0.01)).not.toContain('lost money');
  });

  it('deflates the Sharpe ratio of the best by the number and the variance of all trials', async () => {
    const { trials } = await made();
    const report = reportOf(trials);
    const ratios = trials.flatMap(({ result }) => result.sharpe?.sharpe ?? []);
    expect(ratios.length).toBe(30);
    const [best] = rankedTrials({ trials }, 1);
    const estimate = best?.result.sharpe;
    if (estimate === null || estimate === undefined) throw new Error('The best has a ratio.');
    expect(report.sharpe.deflated).toBe(deflatedSharpe(estimate, 30, sampleDeviation(ratios) ** 2));
    expect(report.sharpe.deviation).toBeCloseTo(sampleDeviation(ratios) * Math.sqrt(365), 12);
    expect(report.sharpe.probabilistic).toBeGreaterThan(report.sharpe.deflated ?? 1);
    expect(report.best.map(({ score }) => score)).toEqual(
      trials
        .map(({ score }) => score ?? -Infinity)
        .toSorted((a, b) => b - a)
        .slice(0, 5),
    );
  });

  it('tells of trials without a score, which have no rank', async () => {
    const { trials } = await made();
    const failed = trials.map((trial, index) => (index % 2 === 0 ? { ...trial, score: null } : trial));
    const report = reportOf(failed);
    expect(report).toMatchObject({ trials: 30, failed: 15 });
    expect(report.best.every(({ number }) => number % 2 === 1)).toBe(true);
    const nothing = reportOf(trials.map((trial) => ({ ...trial, score: null })));
    expect(nothing).toMatchObject({ failed: 30, best: [], plateau: null });
  });
});
