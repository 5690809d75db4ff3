import { timeframeMs, type Timeframe } from '../../domain/bar';
import type { BarColumns } from '../../domain/bar-columns';
import { ExitReason } from '../../domain/position';
import type { EntryPlan } from '../../domain/strategy';

/** How a position is held. */
export interface HoldingTerms {
  readonly timeframe: Timeframe;
  /** Null for no time stop. */
  readonly maxHoldingBars: number | null;
  /** Paid on each side, of what is traded. */
  readonly feeFraction: number;
}

/** As in `manageAtClose`: the stop follows in steps of at least one part in this many of its distance. */
const TRAIL_STEPS = 10;

/**
 * One long position on its way along bars, by the plain rules of the backtester (docs/backtesting.md): entered at an open, a
 * gap fills at the open, the stop comes before the target, what is decided at a close happens at the next open. It counts in
 * floats and knows no ticks, so that thousands of positions that overlap can be looked at; a differential test holds it to the
 * engine.
 */
export class PositionPath {
  readonly entryPrice: number;
  readonly targetPrice: number;
  stopPrice: number;
  /** The newest bar that has closed with the position. */
  index: number;
  /** What is still held of it; 0 when it has ended. */
  held = 1;
  /** Why it has ended. */
  endedBy: string | null = null;
  /** What was got for the parts that have been sold, of the entry price, before fees. */
  private got = 0;
  private leaving: { share: number; reason: string } | null = null;
  private readonly trail: number;
  private readonly maxHoldingMs: number;

  /** @param entryIndex the bar at whose open it is entered */
  constructor(
    private readonly bars: BarColumns,
    plan: EntryPlan,
    readonly entryIndex: number,
    private readonly terms: HoldingTerms,
  ) {
    this.entryPrice = bars.open[entryIndex] ?? NaN;
    this.stopPrice = plan.stopPrice;
    this.targetPrice = plan.targetPrice;
    this.trail = plan.trailDistance ?? 0;
    this.index = entryIndex - 1;
    this.maxHoldingMs = (terms.maxHoldingBars ?? Infinity) * timeframeMs(terms.timeframe);
  }

  /** Goes on to the close of the next bar. @returns false when there is none */
  advance(): boolean {
    const next = this.index + 1;
    if (this.held === 0 || next >= this.bars.length) return false;
    this.index = next;
    const open = this.bars.open[next] ?? NaN;
    if (this.leaving !== null) {
      this.sell(this.leaving.share, open, this.leaving.reason);
      this.leaving = null;
    }
    if (this.held > 0) this.meet(open, next);
    if (this.held > 0) this.manage(next);
    return true;
  }

  /** Sells this share of what is held at the next open. */
  leave(share: number, reason: string): void {
    if (this.leaving?.share !== 1) this.leaving = { share, reason };
  }

  /** Moves the stop up; never down, and never to where the market is already. */
  raiseStop(price: number): void {
    if (price > this.stopPrice && price < (this.bars.close[this.index] ?? NaN)) this.stopPrice = price;
  }

  /** What it would bring when all that is held were sold at the newest close, fees of both sides paid: a fraction of what was put in. */
  netNow(): number {
    return this.netOf(this.got + (this.held * (this.bars.close[this.index] ?? NaN)) / this.entryPrice);
  }

  /** What it has brought, once it has ended. */
  net(): number {
    return this.netOf(this.got);
  }

  private netOf(got: number): number {
    const { feeFraction } = this.terms;
    return (got * (1 - feeFraction)) / (1 + feeFraction) - 1;
  }

  private meet(open: number, index: number): void {
    if (open <= this.stopPrice) this.sell(1, open, ExitReason.Stop);
    else if (open >= this.targetPrice) this.sell(1, open, ExitReason.Target);
    else if ((this.bars.low[index] ?? NaN) <= this.stopPrice) this.sell(1, this.stopPrice, ExitReason.Stop);
    else if ((this.bars.high[index] ?? NaN) >= this.targetPrice)
      this.sell(1, this.targetPrice, ExitReason.Target);
  }

  private manage(index: number): void {
    const { openTimeMs, close } = this.bars;
    const heldMs = (openTimeMs[index] ?? NaN) - (openTimeMs[this.entryIndex] ?? NaN);
    if (heldMs >= this.maxHoldingMs) this.leave(1, ExitReason.Time);
    if (this.trail === 0) return;
    const candidate = plain((close[index] ?? NaN) - this.trail);
    if (plain((candidate - this.stopPrice) * TRAIL_STEPS) >= this.trail) this.stopPrice = candidate;
  }

  private sell(share: number, price: number, reason: string): void {
    this.got += (share * this.held * price) / this.entryPrice;
    this.held = share === 1 ? 0 : this.held * (1 - share);
    if (this.held === 0) this.endedBy = reason;
  }
}

/** Without the last digits, which are rounding: what is equal in decimals compares as equal. */
const plain = (value: number): number => Number(value.toPrecision(12));
