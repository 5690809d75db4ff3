import type { BarFeed, FeedBar } from './bar-feed';
import { type BarPath, planPath, STEP_MS, STEPS_PER_BAR } from './bar-path';
import { ladder, spreadTicks } from './liquidity';
import { hash32 } from '../../domain/random';
import type { IntegerBar, MarketSource, MarketStep, SymbolSpec } from './source';
import { mergeSteps } from './merge-steps';
import { requireListed } from './symbols';

/** Paths kept per symbol: the current minute and those that a slow reader may still ask about. */
const CACHED_PATHS = 4;

/** The one-second market of one symbol: the path inside each bar and the book around it. */
class BarSymbol {
  private readonly paths = new Map<number, BarPath>();

  constructor(
    readonly symbol: string,
    readonly feed: BarFeed,
  ) {}

  at(timeMs: number): MarketStep | undefined {
    const current = this.feed.atOrBefore(timeMs);
    if (!current) return undefined;
    const second = Math.floor((timeMs - current.bar.openTimeMs) / STEP_MS);
    return this.step(current, Math.min(second, STEPS_PER_BAR - 1));
  }

  /** Steps with `fromMs < timeMs <= toMs`. A missing minute has none: the price stands still. */
  *steps(fromMs: number, toMs: number): Generator<MarketStep> {
    let current = this.feed.atOrBefore(fromMs);
    let second = current ? Math.floor((fromMs - current.bar.openTimeMs) / STEP_MS) + 1 : 0;
    current ??= this.feed.after(fromMs);
    while (current) {
      for (; second < STEPS_PER_BAR; second++) {
        if (current.bar.openTimeMs + second * STEP_MS > toMs) return;
        yield this.step(current, second);
      }
      current = this.feed.after(current.bar.openTimeMs);
      second = 0;
    }
  }

  private step({ bar, liquidity }: FeedBar, second: number): MarketStep {
    const path = this.path(bar);
    const price = path.pricesTicks[second] ?? bar.close;
    const side = path.sides[second] ?? 'buy';
    const lots = path.volumesLots[second] ?? 0;
    const spread = spreadTicks(liquidity);
    // A buyer lifts the offer and a seller hits the bid, so the side that traded has its touch at the traded price. A
    // price within a spread of zero has no room for a bid below it.
    const bestAsk = Math.max(side === 'buy' ? price : price + spread, 2);
    const bestBid = Math.max(side === 'buy' ? price - spread : price, 1);
    const seed = hash32(this.symbol, bar.openTimeMs);
    return {
      symbol: this.symbol,
      timeMs: bar.openTimeMs + second * STEP_MS,
      bids: ladder(bestBid, -1, liquidity, seed),
      asks: ladder(bestAsk, 1, liquidity, seed),
      prints: lots > 0 ? [{ side, priceTicks: price, quantityLots: lots }] : [],
    };
  }

  private path(bar: IntegerBar): BarPath {
    const known = this.paths.get(bar.openTimeMs);
    if (known) return known;
    const path = planPath(this.symbol, bar);
    this.paths.set(bar.openTimeMs, path);
    const [oldest] = this.paths.keys();
    if (this.paths.size > CACHED_PATHS && oldest !== undefined) this.paths.delete(oldest);
    return path;
  }
}

/** One symbol of a bar market. */
export interface BarListing {
  readonly spec: SymbolSpec;
  readonly feed: BarFeed;
}

/** A market made of one-minute bars, recorded or generated: the path inside each and a book around it. */
export function barMarket(
  listings: readonly BarListing[],
  facts: Pick<MarketSource, 'mode' | 'description' | 'startMs' | 'endMs' | 'sessionStartMs'>,
): MarketSource {
  const markets = new Map(
    listings.map(({ spec, feed }) => [spec.symbol, new BarSymbol(spec.symbol, feed)] as const),
  );
  return {
    ...facts,
    symbols: listings.map(({ spec }) => spec),
    bars: (symbol, fromMs, toMs) => requireListed(markets, symbol).feed.between(fromMs, toMs),
    steps: (fromMs, toMs) => mergeSteps([...markets.values()].map((market) => market.steps(fromMs, toMs))),
    at: (symbol, timeMs) => requireListed(markets, symbol).at(timeMs),
  };
}
