import { medianPrice, typicalPrice, type PriceSource } from './source';

/**
 * An indicator that is told bars one at a time, oldest first, and computes in constant time (amortised) what the batch
 * form computes over the whole column: the same numbers, bit for bit.
 */
export interface StreamingIndicator {
  /** The outputs at the newest bar, in the order of the kind's `outputs`; NaN until defined. Overwritten by `next`. */
  readonly values: Float64Array;
  /** Takes the next closed bar. @returns `values` */
  next(
    open: number,
    high: number,
    low: number,
    close: number,
    volume: number,
    openTimeMs: number,
  ): Float64Array;
}

/** A step of one series: the next value in, the indicator's newest value out. */
export interface SeriesStream {
  next(value: number): number;
}

/** The one-output indicator that feeds a step with one source of each bar. */
export class SourceStream implements StreamingIndicator {
  readonly values = new Float64Array(1).fill(NaN);

  constructor(
    private readonly source: PriceSource,
    private readonly step: SeriesStream,
  ) {}

  next(open: number, high: number, low: number, close: number, volume: number): Float64Array {
    this.values[0] = this.step.next(sourceOf(this.source, open, high, low, close, volume));
    return this.values;
  }
}

/** The source of one bar. */
export function sourceOf(
  source: PriceSource,
  open: number,
  high: number,
  low: number,
  close: number,
  volume: number,
): number {
  switch (source) {
    case 'open':
      return open;
    case 'high':
      return high;
    case 'low':
      return low;
    case 'close':
      return close;
    case 'volume':
      return volume;
    case 'median':
      return medianPrice(high, low);
    case 'typical':
      return typicalPrice(high, low, close);
  }
}
