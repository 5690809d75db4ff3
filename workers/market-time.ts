/** From when on a reading of the market's clock is renewed, how long it serves, and for how long it is carried on while nobody tells it. */
export const MARKET_CLOCK = { refreshAfterMs: 500, maxAgeMs: 1_000, maxStaleMs: 60_000 } as const;
