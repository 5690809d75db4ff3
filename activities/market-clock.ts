import { marketTimeAt, type ClockReading } from '../domain/clock';

/** The exchange's clock, asked for at most once in a while and carried on by our own in between. */
export interface MarketClock {
  reading(): Promise<ClockReading>;
  /** Market time now. */
  nowMs(): Promise<number>;
}

/**
 * A market clock over `read`. A reading serves for `maxAgeMs` of wall time; one that is older than `refreshAfterMs` is asked for anew
 * behind the caller's back, so that who asks often never waits. When the exchange cannot be asked an older one is carried on, for at most
 * `maxStaleMs`, after which the failure is the caller's.
 */
export function createMarketClock(options: {
  readonly read: () => Promise<ClockReading>;
  readonly wallTimeMs: () => number;
  /** As long as `maxAgeMs` unless told. */
  readonly refreshAfterMs?: number;
  readonly maxAgeMs: number;
  readonly maxStaleMs: number;
}): MarketClock {
  const { read, wallTimeMs, maxAgeMs, maxStaleMs, refreshAfterMs = maxAgeMs } = options;
  let asking: Promise<ClockReading> | undefined;
  let last: { readonly reading: ClockReading; readonly takenAtMs: number } | undefined;

  /** Callers that come while it is asked share the answer. */
  function ask(): Promise<ClockReading> {
    asking ??= read()
      .then((reading) => {
        last = { reading, takenAtMs: wallTimeMs() };
        return reading;
      })
      .finally(() => {
        asking = undefined;
      });
    return asking;
  }

  async function reading(): Promise<ClockReading> {
    const ageMs = last === undefined ? Infinity : wallTimeMs() - last.takenAtMs;
    if (last !== undefined && ageMs <= maxAgeMs) {
      if (ageMs > refreshAfterMs) ask().catch(() => undefined);
      return last.reading;
    }
    try {
      return await ask();
    } catch (error) {
      if (last === undefined || ageMs > maxStaleMs) throw error;
      return last.reading;
    }
  }

  return { reading, nowMs: async () => marketTimeAt(await reading(), wallTimeMs()) };
}
