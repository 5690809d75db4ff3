import { marketTimeAt, type ClockReading } from '../domain/clock';

/** The exchange's clock, asked for at most once in a while and carried on by our own in between. */
export interface MarketClock {
  reading(): Promise<ClockReading>;
  /** Market time now. */
  nowMs(): Promise<number>;
}

/**
 * A market clock over `read`. A reading serves for `maxAgeMs` of wall time; when the exchange cannot be asked an older one
 * is carried on, for at most `maxStaleMs`, after which the failure is the caller's.
 */
export function createMarketClock(options: {
  readonly read: () => Promise<ClockReading>;
  readonly wallTimeMs: () => number;
  readonly maxAgeMs: number;
  readonly maxStaleMs: number;
}): MarketClock {
  const { read, wallTimeMs, maxAgeMs, maxStaleMs } = options;
  let asking: Promise<ClockReading> | undefined;
  let last: { readonly reading: ClockReading; readonly takenAtMs: number } | undefined;

  async function reading(): Promise<ClockReading> {
    const ageMs = last === undefined ? Infinity : wallTimeMs() - last.takenAtMs;
    if (last !== undefined && ageMs <= maxAgeMs) return last.reading;
    try {
      // Callers that come while it is asked share the answer.
      asking ??= read().finally(() => {
        asking = undefined;
      });
      last = { reading: await asking, takenAtMs: wallTimeMs() };
      return last.reading;
    } catch (error) {
      if (last === undefined || ageMs > maxStaleMs) throw error;
      return last.reading;
    }
  }

  return { reading, nowMs: async () => marketTimeAt(await reading(), wallTimeMs()) };
}
