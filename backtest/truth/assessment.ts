import { fromStart, returnsOf } from '../../domain/performance/returns';
import type { PerformanceInput } from '../../domain/performance/types';
import { returnIntervals, shuffledDrawdown, tradeIntervals, type Sampling } from './confidence';
import type { Interval } from './resampling';
import {
  deflatedSharpe,
  estimateSharpe,
  minimumTrackRecord,
  probabilisticSharpe,
} from './sharpe-significance';

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
}

/**
 * Everything that can be said about luck without the engine.
 * @param trials how many strategies or settings were tried before this one was chosen, this one included
 * @returns null when there are no daily returns or no trades to resample
 */
export function assess(
  { trades, equity, startingBalance, startMs }: PerformanceInput,
  { trials, ...sampling }: Omit<Sampling, 'meanBlock'> & { readonly trials: number },
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
      deflated: estimate && deflatedSharpe(estimate, trials),
      trials,
      minimumTrackRecordDays: estimate && minimumTrackRecord(estimate, sampling.confidence),
    },
  };
}
