import type { IndicatorDefinition } from './definition';
import { undefinedUntil } from './series';
import type { StreamingIndicator } from './streaming';
import { wilderSettlingBars } from './wilder';

/**
 * Wilder's directional movement of a bar against the one before: what it reached further up is positive, further down
 * negative; only the greater of both counts, and on equal moves neither, as in TA-Lib.
 */
function directionalMove(up: number, down: number): number {
  if (up > down) return up > 0 ? up : 0;
  return down > up && down > 0 ? -down : 0;
}

/**
 * Wilder's average directional index, 0–100: how strongly price trends, whichever way. As TA-Lib: the movements of the
 * first `period − 1` bars seed the smoothed sums, the mean of the next `period` indices seeds the average; a bar without
 * any smoothed movement leaves the average as it is (0 while nothing has moved).
 *
 * DX = 100 × |+DI − −DI| / (+DI + −DI), in which the true range cancels: it is computed from the movements alone.
 */
export function adx(high: Float64Array, low: Float64Array, period: number): Float64Array {
  const { length } = high;
  const first = 2 * period - 1;
  const out = undefinedUntil(first, length);
  if (first >= length) return out;
  const alpha = 1 / period;
  const keep = 1 - alpha;
  let previousHigh = high[0] ?? NaN;
  let previousLow = low[0] ?? NaN;
  let net = 0;
  let total = 0;
  let average = 0;
  for (let i = 1; i < length; i += 1) {
    const currentHigh = high[i] ?? NaN;
    const currentLow = low[i] ?? NaN;
    const move = directionalMove(currentHigh - previousHigh, previousLow - currentLow);
    previousHigh = currentHigh;
    previousLow = currentLow;
    if (i < period) {
      net += move;
      total += Math.abs(move);
      continue;
    }
    net = net * keep + move;
    total = total * keep + Math.abs(move);
    if (i > first) {
      if (total !== 0) average += ((100 * Math.abs(net)) / total - average) * alpha;
      out[i] = average;
    } else {
      if (total !== 0) average += (100 * Math.abs(net)) / total;
      if (i === first) {
        average /= period;
        out[i] = average;
      }
    }
  }
  return out;
}

/** {@link adx}, one bar at a time. */
export class AdxStream implements StreamingIndicator {
  readonly values = new Float64Array(1).fill(NaN);
  private readonly alpha: number;
  private readonly keep: number;
  private bars = 0;
  private previousHigh = NaN;
  private previousLow = NaN;
  private net = 0;
  private total = 0;
  private average = 0;

  constructor(private readonly period: number) {
    this.alpha = 1 / period;
    this.keep = 1 - this.alpha;
  }

  next(_open: number, high: number, low: number): Float64Array {
    const move = directionalMove(high - this.previousHigh, this.previousLow - low);
    this.previousHigh = high;
    this.previousLow = low;
    const index = this.bars;
    this.bars += 1;
    if (index === 0) return this.values;
    const keep = index < this.period ? 1 : this.keep;
    this.net = this.net * keep + move;
    this.total = this.total * keep + Math.abs(move);
    if (index >= this.period) this.advance(index);
    return this.values;
  }

  private advance(index: number): void {
    const first = 2 * this.period - 1;
    const isMoving = this.total !== 0;
    const strength = isMoving ? (100 * Math.abs(this.net)) / this.total : 0;
    if (index > first) {
      if (isMoving) this.average += (strength - this.average) * this.alpha;
    } else {
      this.average += strength;
      if (index === first) this.average /= this.period;
    }
    if (index >= first) this.values[0] = this.average;
  }
}

export const adxDefinition: IndicatorDefinition<'adx'> = {
  kind: 'adx',
  summary: "Wilder's average directional index, 0–100",
  outputs: ['adx'],
  lookback: ({ period }) => 2 * period - 1,
  settlingBars: ({ period }) => 2 * period - 1 + 2 * wilderSettlingBars(period),
  compute: ({ high, low }, { period }) => [adx(high, low, period)],
  stream: ({ period }) => new AdxStream(period),
};
