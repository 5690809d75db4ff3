import { mean } from '../statistics';
import { DAY_MS } from './realised-equity';
import type { EquityPoint } from './types';

/** How far and how long an equity was below its highest. Fractions are of the peak. */
export interface Drawdown {
  /** The deepest by fraction, and its peak, its lowest point and where it had regained the peak (null: not yet). */
  readonly fraction: number;
  readonly peakMs: number;
  readonly lowMs: number;
  readonly regainedMs: number | null;
  /** From that peak until it was regained, or until the last point. */
  readonly days: number;
  /** The deepest by amount, which may be another one. */
  readonly absolute: number;
  /** The longest time without a new highest. */
  readonly longestDays: number;
  /** At the last point. */
  readonly current: number;
  /** √(mean of squared drawdowns) (P. Martin's ulcer index, as a fraction). */
  readonly ulcer: number;
}

/** One drawdown at every point of an equity, 0 at a highest; the starting balance is the first peak. */
export function underwater(equity: readonly EquityPoint[], startingBalance: number): readonly number[] {
  let peak = startingBalance;
  return equity.map(({ equity: value }) => {
    peak = Math.max(peak, value);
    return peak > 0 ? (peak - value) / peak : 0;
  });
}

interface Peak {
  readonly timeMs: number;
  readonly equity: number;
}

/** @returns null when there is no equity */
export function drawdownOf(equity: readonly EquityPoint[], startingBalance: number): Drawdown | null {
  const [first] = equity;
  const last = equity.at(-1);
  if (first === undefined || last === undefined) return null;
  const depths = underwater(equity, startingBalance);
  let peak: Peak = { timeMs: first.timeMs, equity: startingBalance };
  let deepest = { peak, lowMs: first.timeMs, fraction: 0 };
  let absolute = 0;
  let longestMs = 0;
  let isBelow = false;
  for (const [index, point] of equity.entries()) {
    const depth = depths[index] ?? 0;
    const wasBelow = isBelow;
    isBelow = point.equity < peak.equity;
    if (isBelow || wasBelow) longestMs = Math.max(longestMs, point.timeMs - peak.timeMs);
    if (!isBelow) peak = point;
    absolute = Math.max(absolute, peak.equity - point.equity);
    if (depth > deepest.fraction) deepest = { peak, lowMs: point.timeMs, fraction: depth };
  }
  const { fraction, lowMs } = deepest;
  const regained = equity.find((point) => point.timeMs >= lowMs && point.equity >= deepest.peak.equity);
  return {
    fraction,
    peakMs: deepest.peak.timeMs,
    lowMs,
    regainedMs: regained?.timeMs ?? null,
    days: fraction === 0 ? 0 : ((regained ?? last).timeMs - deepest.peak.timeMs) / DAY_MS,
    absolute,
    longestDays: longestMs / DAY_MS,
    current: depths.at(-1) ?? 0,
    ulcer: Math.sqrt(mean(depths.map((depth) => depth ** 2))),
  };
}
