import { fromNumber } from '../../domain/decimal';
import { timeframeMs } from '../../domain/bar';
import { UserError } from '../../domain/errors';
import { ownMetrics } from '../../domain/performance/metrics';
import { dayOf, DAY_MS } from '../../domain/performance/realised-equity';
import { DAYS_PER_YEAR } from '../../domain/performance/returns';
import type { ClosedTrade, EquityPoint, Metrics } from '../../domain/performance/types';
import { mean } from '../../domain/statistics';
import type { AnyStrategy } from '../../domain/strategies/prepare';
import type { BacktestResult } from '../backtest';
import type { MarketData } from '../market';
import { searchAtOnce, type SearchPlan } from '../optimise/search';
import type { Point } from '../optimise/space';
import {
  createStudy,
  performanceOf,
  type Period,
  type StudySetup,
  type TrialResult,
} from '../optimise/study';
import { walkForward, type Distance } from './splits';

/** What is learnt from, and what it is then traded on. */
export interface FoldPeriods {
  readonly train: Period;
  readonly test: Period;
}

export interface FoldPlan extends Distance {
  readonly folds: number;
  /** The first training window is so many test windows long. */
  readonly trainWindows: number;
  /** Learn from everything since the beginning; else the window moves on with the test. */
  readonly anchored: boolean;
}

/**
 * Divides the bars of a market: `folds` test windows of the same length that touch each other and end with the data, each
 * after the training window that it is chosen on, `purge` + `embargo` bars away from it.
 * @param fromMs the open of the first bar that may be traded
 * @param warmupBars what the longest indicators need before a first decision
 * @throws UserError when there are too few bars
 */
export function planFolds(
  { folds, trainWindows, anchored, purge, embargo }: FoldPlan,
  market: MarketData,
  fromMs: number,
  warmupBars: number,
): readonly FoldPeriods[] {
  const { openTimeMs } = market.bars;
  const begin = openTimeMs.findIndex((timeMs) => timeMs >= fromMs);
  const first = Math.max(begin === -1 ? openTimeMs.length : begin, warmupBars - 1);
  const bars = openTimeMs.length - first;
  const test = Math.floor((bars - purge - embargo) / (folds + trainWindows));
  const train = bars - purge - embargo - folds * test;
  if (test < 1 || train < 1)
    throw new UserError(
      `${Math.max(0, bars)} bars of ${market.instrument.symbol} after ${warmupBars} that warm up do not divide into ${folds} folds.`,
      'Widen --from and --to, or ask for fewer --folds, a smaller --purge or --embargo.',
    );
  const opensAt = (index: number): number =>
    openTimeMs[first + index] ?? (openTimeMs.at(-1) ?? 0) + timeframeMs(market.timeframe);
  const period = ({ from, to }: { readonly from: number; readonly to: number }): Period => ({
    fromMs: opensAt(from),
    toMs: opensAt(to),
  });
  return walkForward({ bars, train, test, purge, embargo, anchored }).flatMap((split) =>
    split.train.map((learnt) => ({ train: period(learnt), test: period(split.test) })),
  );
}

/** One fold: what was chosen on its training window, and what came of it on the test window. */
export interface Fold extends FoldPeriods {
  /** Null when no trial of the training window has a score: then nothing is traded. */
  readonly point: Point | null;
  readonly trials: number;
  /** Of the chosen parameters, on the training window. */
  readonly inSample: Metrics | null;
  /** Of the same parameters, on the test window. */
  readonly outOfSample: Metrics | null;
  /** Growth per day out of sample, as a part of that in sample; null when there was none in sample. */
  readonly efficiency: number | null;
}

/** The out-of-sample parts, one after the other on one account. */
export interface WalkForwardResult {
  readonly folds: readonly Fold[];
  readonly trades: readonly ClosedTrade[];
  /** At midnights. */
  readonly daily: readonly EquityPoint[];
  readonly startingBalance: number;
  readonly startMs: number;
  readonly endMs: number;
  /** Mean growth per day out of sample as a part of that in sample, over all folds that traded (R. Pardo's efficiency); null below 1 % a year in sample. */
  readonly efficiency: number | null;
}

export interface WalkForwardOptions {
  readonly strategy: AnyStrategy;
  readonly setup: StudySetup;
  readonly plan: SearchPlan;
  readonly folds: readonly FoldPeriods[];
  /** Tries a point, in another thread perhaps; in this one when left out. */
  readonly tryPoint?: (point: Point, period: Period) => Promise<TrialResult>;
  /** Told of every trial that ends. */
  readonly onTrial?: (fold: number) => void;
}

/**
 * Walks forward: on each training window the search chooses parameters, which then trade the test window with the money that
 * the windows before have left. A search sees nothing after its window; a test begins warmed up and flat, and what is held
 * at its end is sold at the last close.
 * @throws UserError when a backtest cannot be run
 */
export async function walkForwardTest(options: WalkForwardOptions): Promise<WalkForwardResult> {
  const { strategy, setup, plan } = options;
  const study = createStudy(strategy, setup);
  const tryPoint = options.tryPoint ?? ((point, period) => Promise.resolve(study.tryPoint(point, period)));
  const joined = new Joined(Number(setup.startingBalance));
  const folds: Fold[] = [];
  for (const [index, periods] of options.folds.entries()) {
    const { trials, best } = await searchAtOnce(plan, {
      allows: (point) => study.allows(point),
      evaluate: (point) => tryPoint(point, periods.train),
      onTrial: () => options.onTrial?.(index),
    });
    const found = { ...periods, trials: trials.length };
    if (best === null) {
      joined.wait(periods.test);
      folds.push({ ...found, point: null, inSample: null, outOfSample: null, efficiency: null });
      continue;
    }
    const balance = fromNumber(joined.balance, BALANCE_PLACES);
    // The money is another one each time, and so is what is computed of the bars: nothing is to be shared.
    const test = createStudy(strategy, { ...setup, startingBalance: balance }, 0);
    const result = test.run(best.point, periods.test);
    joined.add(result, periods.test);
    const inSample = best.result.metrics;
    const outOfSample = ownMetrics(performanceOf(result, periods.test.fromMs));
    const efficiency = ratioOf(
      growthPerDay(outOfSample, periods.test),
      growthPerDay(inSample, periods.train),
    );
    folds.push({ ...found, point: best.point, inSample, outOfSample, efficiency });
  }
  const [first, last] = [options.folds[0], options.folds.at(-1)];
  return {
    ...{ folds, trades: joined.trades, daily: joined.daily, startingBalance: Number(setup.startingBalance) },
    startMs: first?.test.fromMs ?? 0,
    endMs: last?.test.toMs ?? 0,
    efficiency: efficiencyOf(folds),
  };
}

const BALANCE_PLACES = 8;

/** One account over all tests. */
class Joined {
  readonly trades: ClosedTrade[] = [];
  private readonly points = new Map<number, number>();

  constructor(public balance: number) {}

  get daily(): readonly EquityPoint[] {
    return [...this.points]
      .map(([timeMs, equity]) => ({ timeMs, equity }))
      .sort((a, b) => a.timeMs - b.timeMs);
  }

  add({ trades, daily, finalEquity }: BacktestResult, { fromMs }: Period): void {
    this.begin(fromMs);
    this.trades.push(...trades);
    // The midnight after an end is marked anew by the fold that goes on there.
    for (const { timeMs, equity } of daily) if (timeMs > fromMs) this.points.set(timeMs, equity);
    this.balance = finalEquity;
  }

  /** Nothing is traded. */
  wait({ fromMs, toMs }: Period): void {
    this.begin(fromMs);
    for (let timeMs = dayOf(fromMs) + DAY_MS; timeMs < toMs + DAY_MS; timeMs += DAY_MS)
      this.points.set(timeMs, this.balance);
  }

  private begin(fromMs: number): void {
    if (this.points.size === 0) this.points.set(dayOf(fromMs), this.balance);
  }
}

/** Logarithmic, so that long and short windows compare. */
function growthPerDay({ totalReturn = null }: Metrics, { fromMs, toMs }: Period): number | null {
  if (totalReturn === null || totalReturn <= -1) return null;
  return Math.log1p(totalReturn) / ((toMs - fromMs) / DAY_MS);
}

/** Per day, one hundredth a year: a quotient by less tells of its divisor alone. */
const LEAST_GROWTH = Math.log1p(0.01) / DAYS_PER_YEAR;

const ratioOf = (outOfSample: number | null, inSample: number | null): number | null =>
  outOfSample === null || inSample === null || inSample < LEAST_GROWTH ? null : outOfSample / inSample;

function efficiencyOf(folds: readonly Fold[]): number | null {
  const growths = folds.flatMap(({ inSample, outOfSample, train, test }) => {
    const [before, after] = [
      inSample && growthPerDay(inSample, train),
      outOfSample && growthPerDay(outOfSample, test),
    ];
    return before === null || after === null ? [] : [{ before, after }];
  });
  if (growths.length === 0) return null;
  return ratioOf(mean(growths.map(({ after }) => after)), mean(growths.map(({ before }) => before)));
}
