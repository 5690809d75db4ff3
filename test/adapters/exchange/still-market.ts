import type { IntegerBar, Level, MarketSource, MarketStep } from '../../../emulator/market/source';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const TICKS_PER_UNIT = 100;
const LOTS_PER_UNIT = 100_000;

export const SESSION_START_MS = Date.UTC(2024, 0, 2, 3, 4, 30);
/** From this minute on the price is `CRASHED_PRICE`. */
export const CRASH_MS = Date.UTC(2024, 0, 2, 4, 0);
export const CALM_PRICE = 60_000;
export const CRASHED_PRICE = 57_000;
/** Base units on the best level of either side; the next level, one unit of price away, is endless. */
export const BEST_LEVEL_QUANTITY = 0.5;

const priceAt = (timeMs: number): number => (timeMs < CRASH_MS ? CALM_PRICE : CRASHED_PRICE);

const ladder = (best: number, direction: 1 | -1): readonly Level[] => [
  { priceTicks: best * TICKS_PER_UNIT, quantityLots: BEST_LEVEL_QUANTITY * LOTS_PER_UNIT },
  { priceTicks: (best + direction) * TICKS_PER_UNIT, quantityLots: 1_000 * LOTS_PER_UNIT },
];

const stepAt = (timeMs: number): MarketStep => ({
  symbol: 'BTCUSDT',
  timeMs,
  bids: ladder(priceAt(timeMs) - 1, -1),
  asks: ladder(priceAt(timeMs) + 1, 1),
  // Stops trigger on trades: one lot is sold at the best bid of each minute after the crash.
  prints:
    timeMs < CRASH_MS
      ? []
      : [{ side: 'sell', priceTicks: (priceAt(timeMs) - 1) * TICKS_PER_UNIT, quantityLots: 1 }],
});

const minuteOf = (timeMs: number): number => Math.floor(timeMs / MINUTE_MS) * MINUTE_MS;

function barAt(openTimeMs: number): IntegerBar {
  const ticks = priceAt(openTimeMs) * TICKS_PER_UNIT;
  return { openTimeMs, open: ticks, high: ticks, low: ticks, close: ticks, volumeLots: LOTS_PER_UNIT };
}

function* minutes(fromMs: number, toMs: number): Generator<number> {
  for (let timeMs = fromMs; timeMs < toMs; timeMs += MINUTE_MS) yield timeMs;
}

/** BTC/USDT at a price that stands still, drops once, and stands still again; one step a minute. */
export const stillMarket: MarketSource = {
  mode: 'simulated',
  description: 'a still market with one crash',
  symbols: [
    {
      symbol: 'BTCUSDT',
      base: 'BTC',
      quote: 'USDT',
      tickSize: '0.01',
      stepSize: '0.00001',
      minQuantity: '0.00001',
      maxQuantity: '9000',
      minNotional: '5',
    },
  ],
  startMs: minuteOf(SESSION_START_MS) - DAY_MS,
  endMs: minuteOf(SESSION_START_MS) + DAY_MS,
  sessionStartMs: SESSION_START_MS,
  bars: (_, fromMs, toMs) => [...minutes(Math.ceil(fromMs / MINUTE_MS) * MINUTE_MS, toMs)].map(barAt),
  steps: function* (fromMs, toMs) {
    for (const timeMs of minutes(minuteOf(fromMs) + MINUTE_MS, toMs + 1)) yield stepAt(timeMs);
  },
  at: (_, timeMs) => stepAt(minuteOf(timeMs)),
};
