import { BlockWindow, tailsOf } from './block-window';
import type { IndicatorDefinition } from './definition';
import { sourceColumn, type PriceSource } from './source';
import { sourceOf, SourceStream, type SeriesStream, type StreamingIndicator } from './streaming';

/** Of every window of a column: its mean less its newest value, and its variance (n in the denominator). */
export interface RollingMoments {
  readonly lag: Float64Array;
  readonly variance: Float64Array;
}

/**
 * Mean and variance of the last `period` values. Squares are summed of distances from a member of the window (the
 * `pivot` of {@link BlockWindow}). A member is at most √(n − 1) deviations away from its window's mean, so the difference
 * of squares loses at most a factor n to cancellation, at any price; the variance of equal values is exactly 0.
 *
 * The mean is given as its distance from the newest value, which a score needs undisturbed by the size of the price.
 */
export function rollingMoments(values: Float64Array, period: number): RollingMoments {
  const { length } = values;
  const lag = new Float64Array(length);
  const variance = new Float64Array(length);
  const tail = tailsOf(period);
  const tailSquares = tailsOf(period);
  for (let start = 0; start < length; start += period) {
    const pivot = values[start] ?? NaN;
    let sum = 0;
    let squares = 0;
    if (start > 0) {
      for (let k = period - 1; k > 0; k -= 1) {
        const distance = (values[start - period + k] ?? NaN) - pivot;
        sum += distance;
        squares += distance * distance;
        tail[k] = sum;
        tailSquares[k] = squares;
      }
    }
    const end = Math.min(start + period, length);
    sum = 0;
    squares = 0;
    for (let i = start; i < end; i += 1) {
      const distance = (values[i] ?? NaN) - pivot;
      sum += distance;
      squares += distance * distance;
      const k = i - start + 1;
      const mean = ((tail[k] ?? NaN) + sum) / period;
      lag[i] = mean - distance;
      variance[i] = Math.max(((tailSquares[k] ?? NaN) + squares) / period - mean * mean, 0);
    }
  }
  return { lag, variance };
}

/** {@link rollingMoments}, one value at a time. */
class MomentsStream extends BlockWindow {
  lag = NaN;
  variance = NaN;

  constructor(period: number) {
    super(period, [0, 0]);
  }

  take(value: number): void {
    this.push(value);
    const mean = (this.tail(0) + this.head(0)) / this.period;
    this.lag = mean - (value - this.pivot);
    this.variance = Math.max((this.tail(1) + this.head(1)) / this.period - mean * mean, 0);
  }

  protected override add(sums: Float64Array, value: number): void {
    const distance = value - this.pivot;
    sums[0] = (sums[0] ?? NaN) + distance;
    sums[1] = (sums[1] ?? NaN) + distance * distance;
  }
}

/**
 * Bollinger's bands: the simple mean, and `deviations` times the deviation (n in the denominator, as Bollinger and
 * TA-Lib) above and below it.
 * @returns upper, middle, lower
 */
export function bollinger(
  values: Float64Array,
  period: number,
  deviations: number,
): readonly [upper: Float64Array, middle: Float64Array, lower: Float64Array] {
  const { lag, variance } = rollingMoments(values, period);
  const middle = lag;
  const lower = variance;
  const upper = new Float64Array(values.length);
  for (let i = 0; i < upper.length; i += 1) {
    const mean = (values[i] ?? NaN) + (lag[i] ?? NaN);
    const width = deviations * Math.sqrt(variance[i] ?? NaN);
    upper[i] = mean + width;
    middle[i] = mean;
    lower[i] = mean - width;
  }
  return [upper, middle, lower];
}

class BollingerStream implements StreamingIndicator {
  readonly values = new Float64Array(3).fill(NaN);
  private readonly moments: MomentsStream;

  constructor(
    private readonly source: PriceSource,
    period: number,
    private readonly deviations: number,
  ) {
    this.moments = new MomentsStream(period);
  }

  next(open: number, high: number, low: number, close: number, volume: number): Float64Array {
    const value = sourceOf(this.source, open, high, low, close, volume);
    this.moments.take(value);
    const mean = value + this.moments.lag;
    const width = this.deviations * Math.sqrt(this.moments.variance);
    this.values[0] = mean + width;
    this.values[1] = mean;
    this.values[2] = mean - width;
    return this.values;
  }
}

export const bollingerDefinition: IndicatorDefinition<'bollinger'> = {
  kind: 'bollinger',
  summary: "Bollinger's bands, in units of their source",
  outputs: ['upper', 'middle', 'lower'],
  lookback: ({ period }) => period - 1,
  settlingBars: ({ period }) => period - 1,
  compute: (columns, { period, deviations, source }) =>
    bollinger(sourceColumn(columns, source), period, deviations),
  stream: ({ period, deviations, source }) => new BollingerStream(source, period, deviations),
};

/**
 * How many deviations (n in the denominator) the newest value is above the mean of the last `period`; 0 where all of
 * them are equal. At most √(period − 1) either way.
 */
export function zScore(values: Float64Array, period: number): Float64Array {
  const { lag, variance } = rollingMoments(values, period);
  const out = variance;
  for (let i = 0; i < out.length; i += 1) out[i] = score(lag[i] ?? NaN, variance[i] ?? NaN);
  return out;
}

const score = (lag: number, variance: number): number => (variance === 0 ? 0 : -lag / Math.sqrt(variance));

/** {@link zScore}, one value at a time. */
export class ZScoreStream implements SeriesStream {
  private readonly moments: MomentsStream;

  constructor(period: number) {
    this.moments = new MomentsStream(period);
  }

  next(value: number): number {
    this.moments.take(value);
    return score(this.moments.lag, this.moments.variance);
  }
}

export const zScoreDefinition: IndicatorDefinition<'zScore'> = {
  kind: 'zScore',
  summary: 'Deviations of the newest value from the mean of its window',
  outputs: ['zScore'],
  lookback: ({ period }) => period - 1,
  settlingBars: ({ period }) => period - 1,
  compute: (columns, { period, source }) => [zScore(sourceColumn(columns, source), period)],
  stream: ({ period, source }) => new SourceStream(source, new ZScoreStream(period)),
};
