import { BlockWindow, tailsOf } from './block-window';
import type { IndicatorDefinition } from './definition';
import { sourceColumn } from './source';
import { SourceStream, type SeriesStream } from './streaming';

/**
 * Realised volatility (Andersen and Bollerslev 1998): the root of the mean squared logarithmic return of the last
 * `period` steps, times √`barsPerYear`. Their mean is taken as zero, as the literature does for short steps: an estimated
 * one would add more noise than it removes. With `barsPerYear` 1 it is the volatility of one bar.
 */
export function realisedVolatility(values: Float64Array, period: number, barsPerYear = 1): Float64Array {
  const { length } = values;
  const out = new Float64Array(length);
  const squares = squaredReturns(values);
  const scale = barsPerYear / period;
  const tail = tailsOf(period);
  for (let start = 0; start < length; start += period) {
    let sum = 0;
    if (start > 0) {
      for (let k = period - 1; k > 0; k -= 1) {
        sum += squares[start - period + k] ?? NaN;
        tail[k] = sum;
      }
    }
    const end = Math.min(start + period, length);
    sum = 0;
    for (let i = start; i < end; i += 1) {
      sum += squares[i] ?? NaN;
      out[i] = Math.sqrt(((tail[i - start + 1] ?? NaN) + sum) * scale);
    }
  }
  return out;
}

/** Of every step; the first value has none before it. */
function squaredReturns(values: Float64Array): Float64Array {
  const out = new Float64Array(values.length);
  let previous = NaN;
  for (let i = 0; i < out.length; i += 1) {
    const value = values[i] ?? NaN;
    out[i] = squaredReturn(value, previous);
    previous = value;
  }
  return out;
}

function squaredReturn(value: number, previous: number): number {
  const logarithmic = Math.log(value / previous);
  return logarithmic * logarithmic;
}

/** {@link realisedVolatility}, one value at a time. */
export class RealisedVolatilityStream extends BlockWindow implements SeriesStream {
  private previous = NaN;
  private readonly scale: number;

  constructor(period: number, barsPerYear = 1) {
    super(period, [0]);
    this.scale = barsPerYear / period;
  }

  next(value: number): number {
    this.push(squaredReturn(value, this.previous));
    this.previous = value;
    return Math.sqrt((this.tail(0) + this.head(0)) * this.scale);
  }

  protected override add(sums: Float64Array, square: number): void {
    sums[0] = (sums[0] ?? NaN) + square;
  }
}

export const realisedVolatilityDefinition: IndicatorDefinition<'realisedVolatility'> = {
  kind: 'realisedVolatility',
  summary: 'Realised volatility, as a fraction per bar or per year',
  outputs: ['volatility'],
  lookback: ({ period }) => period,
  settlingBars: ({ period }) => period,
  compute: (columns, { period, barsPerYear, source }) => [
    realisedVolatility(sourceColumn(columns, source), period, barsPerYear),
  ],
  stream: ({ period, barsPerYear, source }) =>
    new SourceStream(source, new RealisedVolatilityStream(period, barsPerYear)),
};
