/** A candle. `openTimeMs` is UTC; the bar is known only once `openTimeMs + timeframe` has passed in exchange time. */
export interface Bar {
  readonly openTimeMs: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  /** In base units. */
  readonly volume: number;
}

export const Timeframe = {
  M1: '1m',
  M3: '3m',
  M5: '5m',
  M15: '15m',
  M30: '30m',
  H1: '1h',
  H4: '4h',
  D1: '1d',
  W1: '1w',
} as const;
export type Timeframe = (typeof Timeframe)[keyof typeof Timeframe];

const MINUTE_MS = 60_000;
const DAY_MS = 1_440 * MINUTE_MS;
/** 1970-01-05, the first Monday: weeks open on Mondays at 00:00 UTC, as on Binance. */
const FIRST_MONDAY_MS = 4 * DAY_MS;

const LENGTH_MS: Readonly<Record<Timeframe, number>> = {
  '1m': MINUTE_MS,
  '3m': 3 * MINUTE_MS,
  '5m': 5 * MINUTE_MS,
  '15m': 15 * MINUTE_MS,
  '30m': 30 * MINUTE_MS,
  '1h': 60 * MINUTE_MS,
  '4h': 240 * MINUTE_MS,
  '1d': DAY_MS,
  '1w': 7 * DAY_MS,
};

/** The length of a bar in milliseconds. */
export const timeframeMs = (timeframe: Timeframe): number => LENGTH_MS[timeframe];

/** The open time of the bar that `timeMs` lies in: the latest boundary not after it. Fit for hot loops. */
export function openTimeOf(timeMs: number, timeframe: Timeframe): number {
  const length = LENGTH_MS[timeframe];
  const offset = timeframe === Timeframe.W1 ? FIRST_MONDAY_MS : 0;
  return Math.floor((timeMs - offset) / length) * length + offset;
}

/** The close time of the newest bar that is closed at `marketTimeMs`: the latest boundary not after it. */
export const lastCloseMs = (marketTimeMs: number, timeframe: Timeframe): number =>
  openTimeOf(marketTimeMs, timeframe);

/** Bars of a source that a decision is given at least, and that are judged with the newest; a strategy that looks further back gets what it needs. */
export const LOOKBACK_BARS = 500;
