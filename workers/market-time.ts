/** How long a reading of the market's clock serves, and for how long an older one is carried on while nobody tells it. */
export const MARKET_CLOCK = { maxAgeMs: 1_000, maxStaleMs: 60_000 } as const;
