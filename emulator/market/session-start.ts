import { MarketDataError, MarketDataErrorCode } from './errors';

/**
 * Where a session begins: at `wantedMs` when given, else at the market's usual place. Throws `invalid-options` when
 * the market has nothing there.
 */
export function chooseSessionStart(range: {
  readonly startMs: number;
  readonly endMs: number;
  readonly usualMs: number;
  readonly wantedMs: number | undefined;
}): number {
  const { startMs, endMs, usualMs, wantedMs } = range;
  const sessionStartMs = wantedMs ?? usualMs;
  if (sessionStartMs >= startMs && sessionStartMs < endMs) return sessionStartMs;
  const iso = (timeMs: number): string => (timeMs === Infinity ? 'for ever' : new Date(timeMs).toISOString());
  throw new MarketDataError(
    MarketDataErrorCode.InvalidOptions,
    `A session cannot start at ${iso(sessionStartMs)}: this market runs from ${iso(startMs)} to ${iso(endMs)}`,
    wantedMs === undefined
      ? 'The recording is too short for the usual warm-up: give a start time inside it, or more data.'
      : 'Give a start time inside the market.',
  );
}
