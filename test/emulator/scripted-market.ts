import type {
  IntegerBar,
  Level,
  MarketSource,
  MarketStep,
  Print,
  SymbolSpec,
} from '../../emulator/market/source';

export const MINUTE_MS = 60_000;
/** 2025-01-01T00:00:00Z, where every scripted market begins. */
export const START_MS = 1_735_689_600_000;

export const BTC: SymbolSpec = {
  symbol: 'BTCUSDT',
  base: 'BTC',
  quote: 'USDT',
  tickSize: '0.01',
  stepSize: '0.00001',
  minQuantity: '0.00001',
  maxQuantity: '9000',
  minNotional: '5',
};
export const ETH: SymbolSpec = {
  ...BTC,
  symbol: 'ETHUSDT',
  base: 'ETH',
  stepSize: '0.0001',
  minQuantity: '0.0001',
};

/** A step in the units people read: prices in quote, quantities in base, ladders as `[price, quantity]`. */
export interface ScriptedStep {
  readonly atMs: number;
  readonly symbol?: string;
  readonly bids?: readonly (readonly [number, number])[];
  readonly asks?: readonly (readonly [number, number])[];
  readonly prints?: readonly (readonly ['buy' | 'sell', number, number])[];
}

/**
 * A market that is exactly what a test wrote down. `atMs` counts from `START_MS`. Bars are made from the prints, and
 * one flat day before the start gives averages something to stand on.
 */
export function scriptedMarket(
  steps: readonly ScriptedStep[],
  options: {
    readonly symbols?: readonly SymbolSpec[];
    readonly endMs?: number;
    readonly basePrice?: number;
  } = {},
): MarketSource {
  const symbols = options.symbols ?? [BTC];
  const timeline = steps.map((step) => toStep(step, symbols)).sort((a, b) => a.timeMs - b.timeMs);
  const basePrice = options.basePrice ?? 100;
  return {
    mode: 'simulated',
    description: 'a scripted market',
    symbols,
    startMs: START_MS - 1440 * MINUTE_MS,
    endMs: options.endMs ?? Infinity,
    sessionStartMs: START_MS,
    bars: (symbol, fromMs, toMs) => {
      const made = barsOf(symbol, timeline, fromMs, toMs);
      const flat: IntegerBar[] = [];
      const price = Math.round(basePrice * 100);
      const first = Math.max(START_MS - 1440 * MINUTE_MS, Math.ceil(fromMs / MINUTE_MS) * MINUTE_MS);
      for (let openTimeMs = first; openTimeMs < Math.min(toMs, START_MS); openTimeMs += MINUTE_MS) {
        flat.push({ openTimeMs, open: price, high: price, low: price, close: price, volumeLots: 1000 });
      }
      return [...flat, ...made];
    },
    steps: (fromMs, toMs) => timeline.filter((step) => step.timeMs > fromMs && step.timeMs <= toMs),
    at: (symbol, timeMs) => timeline.findLast((step) => step.symbol === symbol && step.timeMs <= timeMs),
  };
}

/** One tick-and-lot walk without randomness: a sine-like path, a step every `everyMs`, depth of ten levels a side. */
export function waveMarket(
  options: { readonly everyMs?: number; readonly symbols?: readonly SymbolSpec[] } = {},
): MarketSource {
  const everyMs = options.everyMs ?? 1000;
  const symbols = options.symbols ?? [BTC, ETH];
  const midOf = (timeMs: number): number => 6_000_000 + Math.round(30_000 * Math.sin(timeMs / 600_000));
  const stepAt = (symbol: string, timeMs: number): MarketStep => {
    const mid = midOf(timeMs);
    const ladder = (sign: 1 | -1): Level[] =>
      Array.from({ length: 10 }, (_, index) => ({
        priceTicks: mid + sign * (50 + index * 50),
        quantityLots: 20_000 + index * 1000,
      }));
    const rising = midOf(timeMs) >= midOf(timeMs - everyMs);
    const prints: Print[] = [
      { side: rising ? 'buy' : 'sell', priceTicks: mid + (rising ? 50 : -50), quantityLots: 1500 },
      { side: rising ? 'sell' : 'buy', priceTicks: mid + (rising ? -50 : 50), quantityLots: 700 },
    ];
    return { symbol, timeMs, bids: ladder(-1), asks: ladder(1), prints };
  };
  const floor = (timeMs: number): number => Math.floor(timeMs / everyMs) * everyMs;
  return {
    mode: 'simulated',
    description: 'a wave',
    symbols,
    startMs: START_MS - 10 * 1440 * MINUTE_MS,
    endMs: Infinity,
    sessionStartMs: START_MS,
    bars: (_symbol, fromMs, toMs) => {
      const bars: IntegerBar[] = [];
      for (
        let openTimeMs = Math.ceil(fromMs / MINUTE_MS) * MINUTE_MS;
        openTimeMs < toMs;
        openTimeMs += MINUTE_MS
      ) {
        const [open, close] = [midOf(openTimeMs), midOf(openTimeMs + MINUTE_MS)];
        bars.push({
          openTimeMs,
          open,
          close,
          high: Math.max(open, close) + 50,
          low: Math.min(open, close) - 50,
          volumeLots: 132_000,
        });
      }
      return bars;
    },
    *steps(fromMs, toMs) {
      for (let timeMs = floor(fromMs) + everyMs; timeMs <= toMs; timeMs += everyMs) {
        for (const { symbol } of symbols) yield stepAt(symbol, timeMs);
      }
    },
    at: (symbol, timeMs) => stepAt(symbol, floor(timeMs)),
  };
}

function toStep(step: ScriptedStep, symbols: readonly SymbolSpec[]): MarketStep {
  const symbol = step.symbol ?? symbols[0]?.symbol ?? '';
  const lotsPerUnit = Math.round(1 / Number(symbols.find((spec) => spec.symbol === symbol)?.stepSize ?? 1));
  const levels = (rows: readonly (readonly [number, number])[] = []): Level[] =>
    rows.map(([price, quantity]) => ({
      priceTicks: Math.round(price * 100),
      quantityLots: Math.round(quantity * lotsPerUnit),
    }));
  return {
    symbol,
    timeMs: START_MS + step.atMs,
    bids: levels(step.bids),
    asks: levels(step.asks),
    prints: (step.prints ?? []).map(([side, price, quantity]) => ({
      side,
      priceTicks: Math.round(price * 100),
      quantityLots: Math.round(quantity * lotsPerUnit),
    })),
  };
}

function barsOf(symbol: string, timeline: readonly MarketStep[], fromMs: number, toMs: number): IntegerBar[] {
  const bars = new Map<number, IntegerBar>();
  for (const step of timeline) {
    const openTimeMs = Math.floor(step.timeMs / MINUTE_MS) * MINUTE_MS;
    if (step.symbol !== symbol || openTimeMs < fromMs || openTimeMs >= toMs) continue;
    for (const { priceTicks, quantityLots } of step.prints) {
      const bar = bars.get(openTimeMs);
      bars.set(openTimeMs, {
        openTimeMs,
        open: bar?.open ?? priceTicks,
        high: Math.max(bar?.high ?? priceTicks, priceTicks),
        low: Math.min(bar?.low ?? priceTicks, priceTicks),
        close: priceTicks,
        volumeLots: (bar?.volumeLots ?? 0) + quantityLots,
      });
    }
  }
  return [...bars.values()];
}
