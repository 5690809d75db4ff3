import { drawdownOf } from '../../domain/performance/drawdown';
import { fromStart, returnsOf } from '../../domain/performance/returns';
import type { EquityPoint, PerformanceInput } from '../../domain/performance/types';
import { returnIntervals, shuffledDrawdown, tradeIntervals, type Sampling } from './confidence';
import type { EntryTest } from './engine-entries';
import type { Interval } from './resampling';
import {
  deflatedSharpe,
  estimateSharpe,
  minimumTrackRecord,
  probabilisticSharpe,
} from './sharpe-significance';
import type { Verdict } from './verdict';

/** How far a result can be believed, from its own days and trades alone. */
export interface Assessment {
  readonly runs: number;
  readonly seed: number;
  readonly confidence: number;
  /** By the stationary bootstrap of daily returns, and of trades. */
  readonly intervals: Readonly<Record<string, Interval>>;
  /** By shuffling the order of trades. */
  readonly order: Readonly<Record<string, Interval>>;
  readonly sharpe: {
    /** Probability that the true ratio is above zero. */
    readonly probabilistic: number | null;
    /** The same, given that this is the best of `trials`. */
    readonly deflated: number | null;
    readonly trials: number;
    /** Days until a ratio like this one is above zero with the confidence asked for. */
    readonly minimumTrackRecordDays: number | null;
  };
  /** Against entries by chance, where the engine could be asked; null when there was no entry. */
  readonly entries?: EntryTest | null;
  /** The deepest fall of an equity that is marked at the close of every bar, where there is one. */
  readonly barDrawdown?: BarDrawdown | null;
  readonly verdict?: Verdict;
}

/** What a midnight's mark does not see. */
export interface BarDrawdown {
  /** Of the peak. */
  readonly fraction: number;
  readonly absolute: number;
  readonly peakMs: number;
  readonly lowMs: number;
  /** From the peak until it was regained, or until the end. */
  readonly days: number;
}

/** @param equity at the close of every bar of what was traded */
export function barDrawdownOf(equity: readonly EquityPoint[], startingBalance: number): BarDrawdown | null {
  const fall = drawdownOf(equity, startingBalance);
  if (fall === null) return null;
  const { fraction, absolute, peakMs, lowMs, days } = fall;
  return { fraction, absolute, peakMs, lowMs, days };
}

export interface AssessmentOptions extends Omit<Sampling, 'meanBlock'> {
  /** How many strategies or settings were tried before this one was chosen, this one included. */
  readonly trials: number;
  /** Of the trials' Sharpe ratios, per day, where they are known. */
  readonly trialSharpeVariance?: number | undefined;
}

/**
 * Everything that can be said about luck without the engine.
 * @returns null when there are no daily returns or no trades to resample
 */
export function assess(
  { trades, equity, startingBalance, startMs }: PerformanceInput,
  { trials, trialSharpeVariance, ...sampling }: AssessmentOptions,
): Assessment | null {
  const returns = returnsOf(fromStart(equity, startingBalance, startMs));
  if (returns === null || returns.length === 0 || trades.length === 0) return null;
  const estimate = estimateSharpe(returns);
  return {
    ...sampling,
    intervals: { ...returnIntervals(returns, sampling), ...tradeIntervals(trades, sampling) },
    order: shuffledDrawdown(trades, startingBalance, sampling),
    sharpe: {
      probabilistic: estimate && probabilisticSharpe(estimate),
      deflated: estimate && deflatedSharpe(estimate, trials, trialSharpeVariance),
      trials,
      minimumTrackRecordDays: estimate && minimumTrackRecord(estimate, sampling.confidence),
    },
  };
}
