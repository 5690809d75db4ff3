import { type Liquidity, updateLiquidity } from './liquidity';
import type { IntegerBar } from './source';

/** A bar together with the liquidity that was known when it opened. */
export interface FeedBar {
  readonly bar: IntegerBar;
  readonly liquidity: Liquidity;
}

/** The one-minute bars of one symbol, recorded or generated. Pure: the same question always has the same answer. */
export interface BarFeed {
  /** The newest bar with `openTimeMs <= timeMs`. */
  atOrBefore(timeMs: number): FeedBar | undefined;
  /** The oldest bar with `openTimeMs > timeMs`. */
  after(timeMs: number): FeedBar | undefined;
  /** Bars with `fromMs <= openTimeMs < toMs`, oldest first. */
  between(fromMs: number, toMs: number): readonly IntegerBar[];
}

/** Bars as columns: a million of them fit where a thousand objects would. Prices in ticks, volume in lots. */
export interface BarColumns {
  readonly length: number;
  readonly openTimeMs: Float64Array;
  readonly open: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
  readonly volumeLots: Float64Array;
}

/** Columns of `length` zeroed bars. */
export const allocateColumns = (length: number): BarColumns => ({
  length,
  openTimeMs: new Float64Array(length),
  open: new Float64Array(length),
  high: new Float64Array(length),
  low: new Float64Array(length),
  close: new Float64Array(length),
  volumeLots: new Float64Array(length),
});

/** Writes the bar at `index`. */
export function setBar(columns: BarColumns, index: number, bar: IntegerBar): void {
  columns.openTimeMs[index] = bar.openTimeMs;
  columns.open[index] = bar.open;
  columns.high[index] = bar.high;
  columns.low[index] = bar.low;
  columns.close[index] = bar.close;
  columns.volumeLots[index] = bar.volumeLots;
}

/** The bar at `index`. Throws RangeError outside the columns. */
export function barAt(columns: BarColumns, index: number): IntegerBar {
  const [openTimeMs, open, high, low, close, volumeLots] = [
    columns.openTimeMs[index],
    columns.open[index],
    columns.high[index],
    columns.low[index],
    columns.close[index],
    columns.volumeLots[index],
  ];
  if (
    openTimeMs === undefined ||
    open === undefined ||
    high === undefined ||
    low === undefined ||
    close === undefined ||
    volumeLots === undefined
  ) {
    throw new RangeError(`bar ${index} of ${columns.length}`);
  }
  return { openTimeMs, open, high, low, close, volumeLots };
}

/** How many of the ascending `times` are at or before `timeMs`. */
function countAtOrBefore(times: Float64Array, timeMs: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle] ?? Infinity) <= timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A feed over bars held in memory, in time order, gaps included. `before` is the liquidity known before the first. */
export class ColumnFeed implements BarFeed {
  private readonly rangeTicks: Float64Array;
  private readonly volumeLots: Float64Array;
  /** The liquidity after the last bar, for a feed that continues this one. */
  readonly liquidityAfter: Liquidity | undefined;

  constructor(
    private readonly columns: BarColumns,
    before?: Liquidity,
  ) {
    this.rangeTicks = new Float64Array(columns.length);
    this.volumeLots = new Float64Array(columns.length);
    let known = before;
    for (let index = 0; index < columns.length; index++) {
      const bar = barAt(columns, index);
      // The very first bar has no past; it stands in for its own.
      const liquidity = known ?? updateLiquidity(undefined, bar);
      this.rangeTicks[index] = liquidity.rangeTicks;
      this.volumeLots[index] = liquidity.volumeLots;
      known = updateLiquidity(known, bar);
    }
    this.liquidityAfter = known;
  }

  atOrBefore(timeMs: number): FeedBar | undefined {
    return this.feedBar(countAtOrBefore(this.columns.openTimeMs, timeMs) - 1);
  }

  after(timeMs: number): FeedBar | undefined {
    return this.feedBar(countAtOrBefore(this.columns.openTimeMs, timeMs));
  }

  between(fromMs: number, toMs: number): readonly IntegerBar[] {
    const bars: IntegerBar[] = [];
    const end = countAtOrBefore(this.columns.openTimeMs, toMs - 1);
    for (let index = countAtOrBefore(this.columns.openTimeMs, fromMs - 1); index < end; index++) {
      bars.push(barAt(this.columns, index));
    }
    return bars;
  }

  private feedBar(index: number): FeedBar | undefined {
    const rangeTicks = this.rangeTicks[index];
    const volumeLots = this.volumeLots[index];
    if (rangeTicks === undefined || volumeLots === undefined) return undefined;
    return { bar: barAt(this.columns, index), liquidity: { rangeTicks, volumeLots } };
  }
}
