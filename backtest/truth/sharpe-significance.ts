import { normalCdf, normalQuantile } from '../../domain/distributions';
import { defined } from '../../domain/performance/defined';
import { kurtosis, mean, sampleDeviation, skewness } from '../../domain/statistics';

/** Euler and Mascheroni's constant. */
const EULER_GAMMA = 0.577_215_664_901_532_9;

/** A Sharpe ratio of single returns (not annualised), and what its uncertainty depends on. */
export interface SharpeEstimate {
  readonly sharpe: number;
  /** How many returns it is of. */
  readonly count: number;
  readonly skewness: number;
  /** 3 of a normal distribution. */
  readonly kurtosis: number;
}

/** The estimate of a sample of returns; null when they do not vary. */
export function estimateSharpe(returns: readonly number[]): SharpeEstimate | null {
  const estimate = {
    sharpe: mean(returns) / sampleDeviation(returns),
    count: returns.length,
    skewness: skewness(returns),
    kurtosis: kurtosis(returns),
  };
  return Object.values(estimate).every(Number.isFinite) ? estimate : null;
}

/** The part of the variance of an estimated Sharpe ratio that its returns' shape makes: 1 − γ₃ SR + (γ₄ − 1)/4 · SR². */
const shapeVariance = ({ sharpe, skewness: skew, kurtosis: kurt }: SharpeEstimate): number =>
  1 - skew * sharpe + ((kurt - 1) / 4) * sharpe ** 2;

/**
 * Probabilistic Sharpe ratio: how likely the true ratio is above `benchmark` (per return, not annualised, both).
 * Φ((SR − SR*) √(n − 1) / √(1 − γ₃ SR + (γ₄ − 1)/4 · SR²)): D. Bailey and M. López de Prado, "The Sharpe Ratio Efficient
 * Frontier", Journal of Risk 15(2), 2012.
 */
export const probabilisticSharpe = (estimate: SharpeEstimate, benchmark = 0): number | null =>
  defined(
    normalCdf(
      ((estimate.sharpe - benchmark) * Math.sqrt(estimate.count - 1)) / Math.sqrt(shapeVariance(estimate)),
    ),
  );

/**
 * The highest Sharpe ratio that is to be expected of `trials` strategies of which none has any merit:
 * √V · ((1 − γ) Φ⁻¹(1 − 1/N) + γ Φ⁻¹(1 − 1/(N e))) with Euler's γ and the variance V of the trials' ratios. D. Bailey and
 * M. López de Prado, "The Deflated Sharpe Ratio", Journal of Portfolio Management 40(5), 2014.
 * @param trials how many were tried, the failed ones included; 1 expects nothing
 * @param variance of the trials' ratios, per return
 */
export function expectedHighestSharpe(trials: number, variance: number): number {
  if (trials <= 1) return 0;
  return (
    Math.sqrt(variance) *
    ((1 - EULER_GAMMA) * normalQuantile(1 - 1 / trials) +
      EULER_GAMMA * normalQuantile(1 - 1 / (trials * Math.E)))
  );
}

/**
 * Deflated Sharpe ratio: how likely the true ratio is above zero, given that it is the best of `trials`. The
 * probabilistic ratio against {@link expectedHighestSharpe} (same source).
 * @param variance of the trials' ratios, per return; without it, that of the estimate itself under no merit, 1/(n − 1)
 */
export const deflatedSharpe = (
  estimate: SharpeEstimate,
  trials: number,
  variance = 1 / (estimate.count - 1),
): number | null => probabilisticSharpe(estimate, expectedHighestSharpe(trials, variance));

/**
 * How many returns it takes until a ratio like this one is above `benchmark` with the given confidence (same source as
 * {@link probabilisticSharpe}); null when it is not above it at all.
 */
export function minimumTrackRecord(
  estimate: SharpeEstimate,
  confidence: number,
  benchmark = 0,
): number | null {
  if (estimate.sharpe <= benchmark) return null;
  return defined(
    1 + shapeVariance(estimate) * (normalQuantile(confidence) / (estimate.sharpe - benchmark)) ** 2,
  );
}
