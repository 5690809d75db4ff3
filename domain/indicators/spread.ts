import { COLLINEAR } from '../cointegration';
import { CoMomentsStream } from './correlation';

/**
 * How many standard errors the newest `first` lies above the line of least squares through the last `period` pairs
 * (`first` on `second`): the z-score of a spread whose hedge ratio rolls along. NaN until there are `period` pairs, and while
 * one of them is NaN; 0 where there is no spread, because one of the two does not move or both are the same market.
 */
export class SpreadScoreStream extends CoMomentsStream {
  next(first: number, second: number): number {
    this.push(second, first);
    const { period } = this;
    const [x, y] = [this.sum(0) / period, this.sum(1) / period];
    const varianceX = this.sum(2) - period * x * x;
    const varianceY = this.sum(3) - period * y * y;
    const covariance = this.sum(4) - period * x * y;
    if (varianceX <= 0) return 0;
    const hedgeRatio = covariance / varianceX;
    const squares = varianceY - hedgeRatio * covariance;
    if (squares <= COLLINEAR * varianceY) return 0;
    const residual = first - this.secondPivot - y - hedgeRatio * (second - this.pivot - x);
    return residual / Math.sqrt(squares / (period - 2));
  }
}

/** {@link SpreadScoreStream} over whole columns. */
export function spreadScore(first: Float64Array, second: Float64Array, period: number): Float64Array {
  const stream = new SpreadScoreStream(period);
  const out = new Float64Array(first.length);
  for (let at = 0; at < out.length; at += 1) out[at] = stream.next(first[at] ?? NaN, second[at] ?? NaN);
  return out;
}
