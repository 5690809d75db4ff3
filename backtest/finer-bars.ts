import { timeframeMs } from '../domain/bar';
import { columnsOf, type BarColumns } from '../domain/bar-columns';
import type { Desk } from './desk';
import { firstAtOrAfter, type MarketData } from './market';
import { atOpen, highest, insideOf, lowest, type Tape } from './tape';

/** Finer bars, and mark prices as fine; null where these are known for the lane's own bars only. */
type FinerTape = Omit<Tape, 'mark'> & { readonly mark: BarColumns | null };

/**
 * The bars of a finer timeframe inside those of a lane. They tell what came first in a bar as far as they are there: a bar whose
 * low or high none of them has reached is missing some of them, so it is read as if there were none.
 *
 * Where mark prices are not as fine, a bar whose own mark prices liquidate what is held at its open is read without them too,
 * and what is entered inside such a bar is liquidated, as nothing tells that the entry came later.
 */
export class FinerBars {
  private readonly finer: Tape;
  private readonly hasMarks: boolean;
  private readonly lows: Float64Array;
  private readonly highs: Float64Array;

  constructor(
    private readonly tape: Tape,
    finer: FinerTape,
  ) {
    this.hasMarks = finer.mark !== null;
    this.finer = { ...finer, mark: finer.mark ?? NO_MARKS };
    this.lows = lowest(finer.bars.low, this.finer.mark.low);
    this.highs = highest(finer.bars.high, this.finer.mark.high);
  }

  /**
   * Goes through the finer bars of a bar, in which everything happens as it does in bars.
   * @returns false, having done nothing, where they do not tell the whole of the bar
   */
  walk(index: number, desk: Desk): boolean {
    const { tape, finer, lows, highs, hasMarks } = this;
    const { openTimeMs } = finer.bars;
    const openMs = tape.bars.openTimeMs[index] ?? NaN;
    const first = firstAtOrAfter(openTimeMs, openMs);
    const end = firstAtOrAfter(openTimeMs, openMs + tape.barMs);
    const whole = insideOf(tape, index);
    if (!this.tell(first, end, index) || (!hasMarks && desk.isLiquidatedBy(whole))) return false;
    for (let at = first; at < end; at += 1) {
      // What met the open of the bar itself has been seen to.
      if (desk.pending && (openTimeMs[at] ?? NaN) > openMs) desk.meetOpen(atOpen(finer, at));
      if ((lows[at] ?? NaN) <= desk.lower || (highs[at] ?? NaN) >= desk.upper)
        desk.meetInside(insideOf(finer, at));
    }
    if (!hasMarks && desk.isLiquidatedBy(whole)) desk.liquidate(whole);
    return true;
  }

  private tell(first: number, end: number, index: number): boolean {
    const { tape, finer, hasMarks } = this;
    if (!reach(finer.bars, first, end, tape.bars, index)) return false;
    return !hasMarks || finer.mark === finer.bars || reach(finer.mark, first, end, tape.mark, index);
  }
}

const NO_MARKS = columnsOf([]);

/** Whether bars from `first` to before `end` reach, between them, the low and the high of the bar at `index` of others. */
function reach(bars: BarColumns, first: number, end: number, whole: BarColumns, index: number): boolean {
  const low = whole.low[index] ?? NaN;
  const high = whole.high[index] ?? NaN;
  let reachesLow = false;
  let reachesHigh = false;
  for (let at = first; at < end; at += 1) {
    if ((bars.low[at] ?? NaN) <= low) reachesLow = true;
    if ((bars.high[at] ?? NaN) >= high) reachesHigh = true;
  }
  return reachesLow && reachesHigh;
}

/** How many bars that open at or after `fromMs` their finer bars do not tell the whole of; 0 where there are no finer ones. */
export function untoldBars({ bars, timeframe, finer }: MarketData, fromMs: number): number {
  if (finer === undefined) return 0;
  let untold = 0;
  for (let index = firstAtOrAfter(bars.openTimeMs, fromMs); index < bars.length; index += 1) {
    const openMs = bars.openTimeMs[index] ?? NaN;
    const first = firstAtOrAfter(finer.bars.openTimeMs, openMs);
    const end = firstAtOrAfter(finer.bars.openTimeMs, openMs + timeframeMs(timeframe));
    if (!reach(finer.bars, first, end, bars, index)) untold += 1;
  }
  return untold;
}
