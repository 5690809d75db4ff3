import type { Level } from './source';

/** One side of a book that is rebuilt from level updates. Best price last in `prices`, so its changes are cheap. */
class BookSide {
  /** Worst first. Prices are stored with their sign turned for asks, so that larger is always better. */
  private readonly ranks: number[] = [];
  private readonly quantities = new Map<number, number>();

  constructor(private readonly direction: 1 | -1) {}

  /** Sets the quantity resting at a price; zero removes the level. */
  set(priceTicks: number, quantityLots: number): void {
    const rank = priceTicks * this.direction;
    const known = this.quantities.has(rank);
    if (quantityLots > 0) this.quantities.set(rank, quantityLots);
    else this.quantities.delete(rank);
    if (known === quantityLots > 0) return;
    const index = this.indexOf(rank);
    if (known) this.ranks.splice(index, 1);
    else this.ranks.splice(index, 0, rank);
  }

  /** The best `count` levels, best first. */
  top(count: number): Level[] {
    const levels: Level[] = [];
    for (let index = this.ranks.length - 1; index >= 0 && levels.length < count; index--) {
      const rank = this.ranks[index] ?? 0;
      levels.push({ priceTicks: rank * this.direction, quantityLots: this.quantities.get(rank) ?? 0 });
    }
    return levels;
  }

  private indexOf(rank: number): number {
    let low = 0;
    let high = this.ranks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.ranks[middle] ?? 0) < rank) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** A book rebuilt from a snapshot and the updates that follow it, in ticks and lots. */
export class OrderBook {
  readonly bids = new BookSide(1);
  readonly asks = new BookSide(-1);
}
