import { BlockWindow, tailsOf } from './block-window';
import { settlingOf, type IndicatorDefinition } from './definition';
import { firstDefined, meanOf, undefinedUntil } from './series';
import { sourceColumn } from './source';
import { SourceStream, type SeriesStream } from './streaming';

/**
 * The rolling mean of `period` values. A value that is not a number is undefined for the windows that hold it, and for
 * no other.
 *
 * Sums run outwards from the boundaries of blocks ({@link BlockWindow}) over distances from the value at the boundary:
 * the error is a few units in the last place of the window's own spread, whatever came before and however long ago, and
 * the mean of equal values is that value.
 */
export function sma(values: Float64Array, period: number): Float64Array {
  const { length } = values;
  const out = new Float64Array(length);
  const tail = tailsOf(period);
  for (let start = 0; start < length; start += period) {
    const pivot = values[start] ?? NaN;
    let sum = 0;
    if (start > 0) {
      for (let k = period - 1; k > 0; k -= 1) {
        sum += (values[start - period + k] ?? NaN) - pivot;
        tail[k] = sum;
      }
    }
    const end = Math.min(start + period, length);
    sum = 0;
    for (let i = start; i < end; i += 1) {
      sum += (values[i] ?? NaN) - pivot;
      out[i] = pivot + ((tail[i - start + 1] ?? NaN) + sum) / period;
    }
  }
  return out;
}

/** {@link sma}, one value at a time. */
export class SmaStream extends BlockWindow implements SeriesStream {
  constructor(period: number) {
    super(period, [0]);
  }

  next(value: number): number {
    this.push(value);
    return this.pivot + (this.tail(0) + this.head(0)) / this.period;
  }

  protected override add(sums: Float64Array, value: number): void {
    sums[0] = (sums[0] ?? NaN) + (value - this.pivot);
  }
}

export const smaDefinition: IndicatorDefinition<'sma'> = {
  kind: 'sma',
  summary: 'Simple moving average, in units of its source',
  outputs: ['sma'],
  lookback: ({ period }) => period - 1,
  settlingBars: ({ period }) => period - 1,
  compute: (columns, { period, source }) => [sma(sourceColumn(columns, source), period)],
  stream: ({ period, source }) => new SourceStream(source, new SmaStream(period)),
};

/** The weight of the newest value in an exponential average. */
export const emaAlpha = (period: number): number => 2 / (period + 1);

/**
 * Exponential moving average, `alpha = 2 / (period + 1)`, seeded with the simple mean of the first `period` values, as
 * TA-Lib. Undefined values at the beginning are passed over.
 */
export function ema(values: Float64Array, period: number): Float64Array {
  const { length } = values;
  const start = firstDefined(values);
  const first = start + period - 1;
  const out = undefinedUntil(first, length);
  if (first >= length) return out;
  const alpha = emaAlpha(period);
  let average = meanOf(values, start, period);
  out[first] = average;
  for (let i = first + 1; i < length; i += 1) {
    average += ((values[i] ?? NaN) - average) * alpha;
    out[i] = average;
  }
  return out;
}

/** {@link ema}, one value at a time. */
export class EmaStream implements SeriesStream {
  private readonly alpha: number;
  private count = 0;
  private pivot = NaN;
  private average = 0;

  constructor(private readonly period: number) {
    this.alpha = emaAlpha(period);
  }

  next(value: number): number {
    if (this.count >= this.period) {
      this.average += (value - this.average) * this.alpha;
      return this.average;
    }
    if (this.count === 0) {
      if (Number.isNaN(value)) return NaN;
      this.pivot = value;
    }
    this.count += 1;
    this.average += value - this.pivot;
    if (this.count < this.period) return NaN;
    this.average = this.pivot + this.average / this.period;
    return this.average;
  }
}

export const emaDefinition: IndicatorDefinition<'ema'> = {
  kind: 'ema',
  summary: 'Exponential moving average, in units of its source',
  outputs: ['ema'],
  lookback: ({ period }) => period - 1,
  settlingBars: ({ period }) => emaSettlingBars(period),
  compute: (columns, { period, source }) => [ema(sourceColumn(columns, source), period)],
  stream: ({ period, source }) => new SourceStream(source, new EmaStream(period)),
};

export const emaSettlingBars = (period: number): number => period - 1 + settlingOf(1 - emaAlpha(period));
