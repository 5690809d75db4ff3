import type { Timeframe } from './bar';
import type { BarColumns } from './bar-columns';
import type { PositionSide, Series, StrategyView } from './strategy';

/** A column of numbers with a value for every bar of its source. */
export interface Column {
  readonly values: Float64Array;
  /**
   * For each bar decided on, the index of the source's newest closed bar, −1 before its first; null when the source is the
   * bars decided on themselves.
   */
  readonly newest: Int32Array | null;
}

/** Where the series of a view are. One number, shared by all of them, so that moving on to the next bar is one write. */
class Cursor {
  index = -1;
}

class OwnSeries implements Series {
  constructor(
    private readonly values: Float64Array,
    private readonly cursor: Cursor,
  ) {}

  at(ago: number): number {
    if (ago < 0) throw lookAhead(ago);
    const index = this.cursor.index - ago;
    return index < 0 ? Number.NaN : (this.values[index] ?? NaN);
  }
}

class ElsewhereSeries implements Series {
  constructor(
    private readonly values: Float64Array,
    private readonly newest: Int32Array,
    private readonly cursor: Cursor,
  ) {}

  at(ago: number): number {
    if (ago < 0) throw lookAhead(ago);
    const index = (this.newest[this.cursor.index] ?? -1) - ago;
    return index < 0 ? Number.NaN : (this.values[index] ?? NaN);
  }
}

const lookAhead = (ago: number): RangeError =>
  new RangeError(
    `A strategy asked for the value ${ago} bars back, which is ${-ago} ahead; only closed bars can be seen.`,
  );

/**
 * A view over whole columns that is moved from bar to bar: the backtester computes the columns once and moves the view over
 * them all; live trading computes them over the warm-up and looks at the last bar only.
 */
export class MovingView implements StrategyView {
  position: PositionSide | null = null;
  readonly open: Series;
  readonly high: Series;
  readonly low: Series;
  readonly close: Series;
  readonly volume: Series;
  readonly indicators: Readonly<Record<string, Series>>;
  private readonly openTimes: Float64Array;
  private readonly cursor = new Cursor();

  constructor(
    readonly symbol: string,
    readonly timeframe: Timeframe,
    bars: BarColumns,
    columns: Readonly<Record<string, Column>>,
  ) {
    const { cursor } = this;
    this.openTimes = bars.openTimeMs;
    this.open = new OwnSeries(bars.open, cursor);
    this.high = new OwnSeries(bars.high, cursor);
    this.low = new OwnSeries(bars.low, cursor);
    this.close = new OwnSeries(bars.close, cursor);
    this.volume = new OwnSeries(bars.volume, cursor);
    this.indicators = Object.fromEntries(
      Object.entries(columns).map(([name, { values, newest }]) => [
        name,
        newest === null ? new OwnSeries(values, cursor) : new ElsewhereSeries(values, newest, cursor),
      ]),
    );
  }

  get openTimeMs(): number {
    return this.openTimes[this.cursor.index] ?? NaN;
  }

  asOf<T>(barsAgo: number, work: () => T): T {
    if (barsAgo < 0) throw lookAhead(barsAgo);
    this.cursor.index -= barsAgo;
    try {
      return work();
    } finally {
      this.cursor.index += barsAgo;
    }
  }

  /** Shows the bar at `index` as the newest closed one. */
  moveTo(index: number): void {
    this.cursor.index = index;
  }
}
