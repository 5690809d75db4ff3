import { MINUTE_MS } from './bar-path';
import { type L2Event, invalidL2, readL2File } from './l2-file';
import { OrderBook } from './order-book';
import type { IntegerBar, Level, MarketStep, Print, SymbolSpec } from './source';
import { type Scale, scaleOf, toGrid } from './symbols';

/** Levels of the recorded book that are kept on each side. */
export const RECORDED_LEVELS = 50;
/** About an hour and a half of a busy symbol; longer recordings belong in several files. */
const MAX_STEPS = 200_000;

/** Keeps a whole number of lots whole when its decimal has no exact binary form. */
const ROUNDING_GUARD = 1e-6;

/** One symbol's recording as steps, and the bars of its trades. Minutes without a trade have no bar. */
export interface L2Market {
  readonly steps: readonly MarketStep[];
  readonly bars: readonly IntegerBar[];
}

type Snapshot = Extract<L2Event, { kind: 'snapshot' }>;
type Diff = Extract<L2Event, { kind: 'depth' }>;
type Trade = Extract<L2Event, { kind: 'trade' }>;

const NO_PRINTS: readonly Print[] = [];

/**
 * Rebuilds a book and its steps from a recording, by Binance's own rules: diffs that arrive before the snapshot wait
 * for it, those it contains are dropped, the first one used must straddle it and each later one must begin where the
 * one before ended. Every method throws a plain Error that says what is wrong; the reader knows file and line.
 */
class L2Builder {
  readonly steps: MarketStep[] = [];
  readonly bars: IntegerBar[] = [];
  private readonly book = new OrderBook();
  private readonly scale: Scale;
  private early: Diff[] = [];
  private snapshotId: number | undefined;
  private lastUpdateId: number | undefined;
  private bids: readonly Level[] = [];
  private asks: readonly Level[] = [];

  constructor(private readonly spec: SymbolSpec) {
    this.scale = scaleOf(spec);
  }

  add(event: L2Event, timeMs: number): void {
    switch (event.kind) {
      case 'snapshot':
        // A later snapshot adds nothing: continuity has been checked since the first.
        if (this.snapshotId === undefined) this.start(event, timeMs);
        return;
      case 'depth':
        if (this.snapshotId === undefined) this.early.push(event);
        else if (this.applyDiff(event, this.snapshotId)) this.pushStep(timeMs, NO_PRINTS);
        return;
      case 'trade':
        if (this.snapshotId !== undefined) this.addTrade(event, timeMs);
        return;
      case 'bookTicker':
        return;
    }
  }

  private start(snapshot: Snapshot, timeMs: number): void {
    this.snapshotId = snapshot.lastUpdateId;
    this.setLevels(snapshot.bids, snapshot.asks);
    for (const diff of this.early) this.applyDiff(diff, this.snapshotId);
    this.early = [];
    this.refresh();
    this.pushStep(timeMs, NO_PRINTS);
  }

  /** Returns whether the diff was news. */
  private applyDiff(diff: Diff, snapshotId: number): boolean {
    if (diff.lastUpdateId <= snapshotId) return false;
    const expected = (this.lastUpdateId ?? snapshotId) + 1;
    const follows =
      this.lastUpdateId === undefined ? diff.firstUpdateId <= expected : diff.firstUpdateId === expected;
    if (!follows) {
      throw new Error(
        `depth updates are missing: expected update ${expected}, got ${diff.firstUpdateId}–${diff.lastUpdateId}`,
      );
    }
    this.lastUpdateId = diff.lastUpdateId;
    this.setLevels(diff.bids, diff.asks);
    this.refresh();
    return true;
  }

  private setLevels(bids: Diff['bids'], asks: Diff['asks']): void {
    for (const [price, quantity] of bids) this.book.bids.set(this.ticks(price), this.lots(quantity));
    for (const [price, quantity] of asks) this.book.asks.set(this.ticks(price), this.lots(quantity));
  }

  private refresh(): void {
    this.bids = this.book.bids.top(RECORDED_LEVELS);
    this.asks = this.book.asks.top(RECORDED_LEVELS);
    const [bid, ask] = [this.bids[0], this.asks[0]];
    if (!bid || !ask) throw new Error('one side of the book is empty');
    if (bid.priceTicks >= ask.priceTicks) {
      throw new Error(`the book is crossed: bid ${bid.priceTicks} ticks, ask ${ask.priceTicks} ticks`);
    }
  }

  private addTrade(trade: Trade, timeMs: number): void {
    const priceTicks = this.ticks(trade.price);
    const quantityLots = this.lots(trade.quantity);
    if (quantityLots === 0) return;
    this.pushStep(timeMs, [{ side: trade.buyerIsMaker ? 'sell' : 'buy', priceTicks, quantityLots }]);
    const openTimeMs = Math.floor(timeMs / MINUTE_MS) * MINUTE_MS;
    const bar = this.bars.at(-1);
    if (bar?.openTimeMs !== openTimeMs) {
      const [open, high, low, close] = [priceTicks, priceTicks, priceTicks, priceTicks];
      this.bars.push({ openTimeMs, open, high, low, close, volumeLots: quantityLots });
      return;
    }
    this.bars[this.bars.length - 1] = {
      ...bar,
      high: Math.max(bar.high, priceTicks),
      low: Math.min(bar.low, priceTicks),
      close: priceTicks,
      volumeLots: bar.volumeLots + quantityLots,
    };
  }

  private pushStep(timeMs: number, prints: readonly Print[]): void {
    if (this.steps.length >= MAX_STEPS) throw new Error(`the recording has more than ${MAX_STEPS} events`);
    this.steps.push({ symbol: this.spec.symbol, timeMs, bids: this.bids, asks: this.asks, prints });
  }

  private ticks(price: string): number {
    const ticks = price === '' ? undefined : toGrid(Number(price), this.scale.ticksPerOne);
    if (ticks === undefined || ticks <= 0) {
      throw new Error(`price "${price}" must be positive and a multiple of ${this.spec.tickSize}`);
    }
    return ticks;
  }

  /** Whole lots, rounded down: the venue's books hold remainders from times of a finer step, which nobody can trade. */
  private lots(quantity: string): number {
    const lots =
      quantity === '' ? NaN : Math.floor(Number(quantity) * this.scale.lotsPerOne + ROUNDING_GUARD);
    if (!Number.isSafeInteger(lots) || lots < 0)
      throw new Error(`quantity "${quantity}" must be zero or more`);
    return lots;
  }
}

/** Loads one recording. Throws `invalid-data`, naming file and line. */
export async function loadL2Market(path: string, spec: SymbolSpec): Promise<L2Market> {
  const builder = new L2Builder(spec);
  let lastLine = 0;
  for await (const { line, timeMs, event } of readL2File(path)) {
    lastLine = line;
    try {
      builder.add(event, timeMs);
    } catch (error) {
      throw invalidL2(path, line, error instanceof Error ? error.message : String(error));
    }
  }
  if (builder.steps.length === 0) throw invalidL2(path, lastLine, 'there is no depth snapshot in it');
  return { steps: builder.steps, bars: builder.bars };
}
