import { BlockWindow, tailsOf } from './block-window';
import type { IndicatorDefinition } from './definition';
import type { StreamingIndicator } from './streaming';

/** The highest high and the lowest low of every window. */
export interface RollingExtremes {
  readonly highest: Float64Array;
  readonly lowest: Float64Array;
}

/**
 * The extremes of the last `period` bars, by van Herk's and Gil and Werman's algorithm: two comparisons a value outwards
 * from the boundaries of blocks ({@link BlockWindow}) and one to join them, whatever the data. Faster here than a
 * monotonic deque, whose branches nobody can predict.
 */
export function rollingExtremes(high: Float64Array, low: Float64Array, period: number): RollingExtremes {
  const { length } = high;
  const highest = new Float64Array(length);
  const lowest = new Float64Array(length);
  const tailHighest = tailsOf(period, -Infinity);
  const tailLowest = tailsOf(period, Infinity);
  for (let start = 0; start < length; start += period) {
    let top = -Infinity;
    let bottom = Infinity;
    if (start > 0) {
      for (let k = period - 1; k > 0; k -= 1) {
        top = Math.max(top, high[start - period + k] ?? NaN);
        bottom = Math.min(bottom, low[start - period + k] ?? NaN);
        tailHighest[k] = top;
        tailLowest[k] = bottom;
      }
    }
    const end = Math.min(start + period, length);
    top = -Infinity;
    bottom = Infinity;
    for (let i = start; i < end; i += 1) {
      top = Math.max(top, high[i] ?? NaN);
      bottom = Math.min(bottom, low[i] ?? NaN);
      highest[i] = Math.max(tailHighest[i - start + 1] ?? NaN, top);
      lowest[i] = Math.min(tailLowest[i - start + 1] ?? NaN, bottom);
    }
  }
  return { highest, lowest };
}

/** {@link rollingExtremes}, one bar at a time. */
export class ExtremesStream extends BlockWindow {
  highest = NaN;
  lowest = NaN;

  constructor(period: number) {
    super(period, [-Infinity, Infinity]);
  }

  take(high: number, low: number): void {
    this.push(high, low);
    this.highest = Math.max(this.tail(0), this.head(0));
    this.lowest = Math.min(this.tail(1), this.head(1));
  }

  protected override add(sums: Float64Array, high: number, low: number): void {
    sums[0] = Math.max(sums[0] ?? NaN, high);
    sums[1] = Math.min(sums[1] ?? NaN, low);
  }
}

/**
 * Donchian's channel: highest high, the middle, lowest low of the last `period` bars, the newest included. A breakout is
 * therefore measured against the value one bar before.
 * @returns upper, middle, lower
 */
export function donchian(
  high: Float64Array,
  low: Float64Array,
  period: number,
): readonly [upper: Float64Array, middle: Float64Array, lower: Float64Array] {
  const { highest, lowest } = rollingExtremes(high, low, period);
  const middle = new Float64Array(high.length);
  for (let i = 0; i < middle.length; i += 1) middle[i] = ((highest[i] ?? NaN) + (lowest[i] ?? NaN)) / 2;
  return [highest, middle, lowest];
}

class DonchianStream implements StreamingIndicator {
  readonly values = new Float64Array(3).fill(NaN);
  private readonly extremes: ExtremesStream;

  constructor(period: number) {
    this.extremes = new ExtremesStream(period);
  }

  next(_open: number, high: number, low: number): Float64Array {
    this.extremes.take(high, low);
    const { highest, lowest } = this.extremes;
    this.values[0] = highest;
    this.values[1] = (highest + lowest) / 2;
    this.values[2] = lowest;
    return this.values;
  }
}

export const donchianDefinition: IndicatorDefinition<'donchian'> = {
  kind: 'donchian',
  summary: "Donchian's channel of the last bars, the newest included, in price units",
  outputs: ['upper', 'middle', 'lower'],
  lookback: ({ period }) => period - 1,
  settlingBars: ({ period }) => period - 1,
  compute: ({ high, low }, { period }) => donchian(high, low, period),
  stream: ({ period }) => new DonchianStream(period),
};
