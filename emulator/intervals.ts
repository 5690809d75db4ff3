/** Candle intervals, with Binance's names. */
export const Interval = {
  M1: '1m',
  M3: '3m',
  M5: '5m',
  M15: '15m',
  M30: '30m',
  H1: '1h',
  H2: '2h',
  H4: '4h',
  H6: '6h',
  H8: '8h',
  H12: '12h',
  D1: '1d',
  D3: '3d',
  W1: '1w',
  Month: '1M',
} as const;
export type Interval = (typeof Interval)[keyof typeof Interval];

const DAY_MS = 86_400_000;
/** 1970-01-05, the first Monday: weeks open on Mondays. */
const FIRST_MONDAY_MS = 4 * DAY_MS;

/** Lengths in milliseconds of all but the month, which has none. */
const LENGTH_MS: Readonly<Record<Exclude<Interval, '1M'>, number>> = {
  '1m': 60_000,
  '3m': 180_000,
  '5m': 300_000,
  '15m': 900_000,
  '30m': 1_800_000,
  '1h': 3_600_000,
  '2h': 7_200_000,
  '4h': 14_400_000,
  '6h': 21_600_000,
  '8h': 28_800_000,
  '12h': 43_200_000,
  '1d': DAY_MS,
  '3d': 3 * DAY_MS,
  '1w': 7 * DAY_MS,
};

export function isInterval(text: string): text is Interval {
  return text === Interval.Month || text in LENGTH_MS;
}

/** The open time of the candle that `timeMs` lies in, UTC. */
export function openTimeOf(interval: Interval, timeMs: number): number {
  if (interval === Interval.Month) {
    const date = new Date(timeMs);
    return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1);
  }
  const offsetMs = interval === Interval.W1 ? FIRST_MONDAY_MS : 0;
  return Math.floor((timeMs - offsetMs) / LENGTH_MS[interval]) * LENGTH_MS[interval] + offsetMs;
}

/** The last millisecond of the candle that opens at `openTimeMs`. */
export function closeTimeOf(interval: Interval, openTimeMs: number): number {
  if (interval !== Interval.Month) return openTimeMs + LENGTH_MS[interval] - 1;
  const date = new Date(openTimeMs);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1) - 1;
}

/** The open time of the candle `count` before the one that `timeMs` lies in. */
export function openTimeBefore(interval: Interval, timeMs: number, count: number): number {
  const openMs = openTimeOf(interval, timeMs);
  if (interval !== Interval.Month) return openMs - count * LENGTH_MS[interval];
  const date = new Date(openMs);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() - count, 1);
}
