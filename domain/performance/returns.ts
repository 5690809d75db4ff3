import { mean, quantile, sampleDeviation, sum } from '../statistics';
import { defined } from './defined';
import { DAY_MS } from './realised-equity';
import type { EquityPoint } from './types';

/** Markets of crypto are open every day. */
export const DAYS_PER_YEAR = 365;
const YEAR_MS = DAYS_PER_YEAR * DAY_MS;
/** A deviation this small beside the returns themselves is the rounding of equal returns, and zero in truth. */
const ROUNDING = 1e-12;

/** The equity from the beginning: the starting balance comes first when the first point is later than the start. */
export function fromStart(
  equity: readonly EquityPoint[],
  startingBalance: number,
  startMs: number,
): readonly EquityPoint[] {
  const [first] = equity;
  return first !== undefined && first.timeMs <= startMs
    ? equity
    : [{ timeMs: startMs, equity: startingBalance }, ...equity];
}

/**
 * Simple returns from each point to the next.
 * @returns null when an equity on the way is not above zero: from there on a return means nothing
 */
export function returnsOf(equity: readonly EquityPoint[]): readonly number[] | null {
  const returns: number[] = [];
  let before: number | undefined;
  for (const { equity: value } of equity) {
    if (before !== undefined) {
      if (!(before > 0)) return null;
      returns.push(value / before - 1);
    }
    before = value;
  }
  return returns;
}

/** A rate per year as the rate per day that compounds to it. */
export const dailyRate = (yearly: number): number => (1 + yearly) ** (1 / DAYS_PER_YEAR) - 1;

/** Compound annual growth rate: (final / starting)^(365 / days) − 1. Null for no time, or when money is owed. */
export function cagr(starting: number, final: number, durationMs: number): number | null {
  if (!(durationMs > 0) || !(starting > 0) || final < 0) return null;
  return defined((final / starting) ** (YEAR_MS / durationMs) - 1);
}

/** Sample deviation of daily returns, annualised: s · √365. */
export const volatility = (returns: readonly number[]): number | null =>
  defined(sampleDeviation(returns) * Math.sqrt(DAYS_PER_YEAR));

/**
 * Sharpe ratio, annualised: mean(r − c) / s(r − c) · √365 with the sample deviation s and cash c (W. F. Sharpe, "The
 * Sharpe Ratio", Journal of Portfolio Management 1994). Null for fewer than two returns, or when they do not vary.
 */
export function sharpe(returns: readonly number[], cash = 0): number | null {
  const excess = returns.map((value) => value - cash);
  return annualised(mean(excess), sampleDeviation(excess), excess);
}

/**
 * Sortino ratio, annualised: mean(r − c) / √(mean(min(0, r − c)²)) · √365; the mean is over all days, not the losing
 * ones alone (F. Sortino and L. Price, "Performance Measurement in a Downside Risk Framework", Journal of Investing
 * 1994). Null when no day is below c.
 */
export function sortino(returns: readonly number[], cash = 0): number | null {
  const excess = returns.map((value) => value - cash);
  return annualised(mean(excess), downsideDeviation(excess), excess);
}

const downsideDeviation = (returns: readonly number[]): number =>
  Math.sqrt(sum(returns.map((value) => Math.min(0, value) ** 2)) / returns.length);

function annualised(average: number, deviation: number, returns: readonly number[]): number | null {
  const largest = returns.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return deviation > ROUNDING * largest ? defined((average / deviation) * Math.sqrt(DAYS_PER_YEAR)) : null;
}

/**
 * Historical value at risk of one day: the loss that all but `1 − confidence` of the days stay within, as a positive
 * fraction of equity. The quantile is linear between days.
 */
export const valueAtRisk = (returns: readonly number[], confidence: number): number | null =>
  defined(-quantile(returns, 1 - confidence));

/** Conditional value at risk (expected shortfall): the mean loss of the days at or beyond {@link valueAtRisk}. */
export function conditionalValueAtRisk(returns: readonly number[], confidence: number): number | null {
  const limit = quantile(returns, 1 - confidence);
  return defined(-mean(returns.filter((value) => value <= limit)));
}
