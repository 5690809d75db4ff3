import { Side } from '../engine/types';
import { requireInstrument, type ServerContext } from './context';
import { levelRows } from './market-views';

type Levels = ReadonlyMap<number, number>;

/** Levels of each side that diffs cover, as many as a snapshot may ask for. */
const DEPTH_LEVELS = 5000;

/**
 * The differences of one symbol's book between calls. `U` is the id after the last one sent and `u` that of the book
 * now, so the diffs join without a gap. A snapshot must not fall between two of them: see `announceSnapshot`.
 */
export class DepthDiff {
  private sentId: number;
  private bids: Levels;
  private asks: Levels;

  constructor(
    private readonly context: ServerContext,
    private readonly symbol: string,
  ) {
    this.sentId = this.id();
    this.bids = this.levels(Side.Buy);
    this.asks = this.levels(Side.Sell);
  }

  /** @returns the `depthUpdate` event, or undefined when nothing has changed. */
  next(): unknown {
    const id = this.id();
    if (id === this.sentId) return undefined;
    const bids = this.levels(Side.Buy);
    const asks = this.levels(Side.Sell);
    const instrument = requireInstrument(this.context, this.symbol);
    const event = {
      e: 'depthUpdate',
      E: this.context.venue.nowMs,
      s: this.symbol,
      U: this.sentId + 1,
      u: id,
      b: levelRows(instrument, changes(this.bids, bids)),
      a: levelRows(instrument, changes(this.asks, asks)),
    };
    this.sentId = id;
    this.bids = bids;
    this.asks = asks;
    return event;
  }

  private id(): number {
    const { venue, depthIds } = this.context;
    return depthIds.idOf(this.symbol, venue.matcher(this.symbol).book, venue.nowMs);
  }

  private levels(side: Side): Levels {
    const { book } = this.context.venue.exchange.matcher(this.symbol);
    return new Map(book.depth(side, DEPTH_LEVELS).map((level) => [level.priceTicks, level.quantityLots]));
  }
}

function changes(before: Levels, after: Levels): { priceTicks: number; quantityLots: number }[] {
  const changed: { priceTicks: number; quantityLots: number }[] = [];
  for (const priceTicks of before.keys())
    if (!after.has(priceTicks)) changed.push({ priceTicks, quantityLots: 0 });
  for (const [priceTicks, quantityLots] of after) {
    if (before.get(priceTicks) !== quantityLots) changed.push({ priceTicks, quantityLots });
  }
  return changed;
}
