import type { ClosedTrade, EquityPoint } from './types';

export const DAY_MS = 86_400_000;

/** The midnight (UTC) at or before a moment. */
export const dayOf = (timeMs: number): number => Math.floor(timeMs / DAY_MS) * DAY_MS;

/** The first midnight (UTC) that is not before a moment. */
export const dayAfter = (timeMs: number): number => Math.ceil(timeMs / DAY_MS) * DAY_MS;

/**
 * Daily equity from the profits of closed trades alone, for when nothing better is known: what is open is worth what was
 * paid for it, so drawdowns inside a trade are missing. A trade counts from the first midnight at or after its close.
 * @param startMs the first point is the midnight at or before it, worth `startingBalance`
 * @param endMs the last point is the first midnight at or after it
 * @returns one point per midnight, the first and the last included
 */
export function realisedEquity(options: {
  readonly trades: readonly Pick<ClosedTrade, 'closeTimeMs' | 'profit'>[];
  readonly startingBalance: number;
  readonly startMs: number;
  readonly endMs: number;
}): readonly EquityPoint[] {
  const { startingBalance, startMs, endMs } = options;
  const closed = options.trades.toSorted((a, b) => a.closeTimeMs - b.closeTimeMs);
  const points: EquityPoint[] = [{ timeMs: dayOf(startMs), equity: startingBalance }];
  const last = dayAfter(endMs);
  let equity = startingBalance;
  let next = 0;
  for (let timeMs = dayOf(startMs) + DAY_MS; timeMs <= last; timeMs += DAY_MS) {
    for (let trade = closed[next]; trade && trade.closeTimeMs <= timeMs; trade = closed[next]) {
      equity += trade.profit;
      next += 1;
    }
    points.push({ timeMs, equity });
  }
  return points;
}
