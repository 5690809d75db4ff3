import { BlockWindow, tailsOf } from './block-window';
import type { IndicatorDefinition } from './definition';
import { sourceColumn, type PriceSource } from './source';
import { sourceOf, type StreamingIndicator } from './streaming';

/** Sums over a window, of distances from a member of it. */
function coefficient(x: number, y: number, xx: number, yy: number, xy: number, period: number): number {
  const varianceX = xx - (x * x) / period;
  const varianceY = yy - (y * y) / period;
  const covariance = xy - (x * y) / period;
  if (varianceX <= 0 || varianceY <= 0) return 0;
  return Math.max(-1, Math.min(1, covariance / Math.sqrt(varianceX * varianceY)));
}

/**
 * Pearson's correlation of two series over the last `period` values, −1 to 1; 0 where one of them does not move, as TA-Lib.
 * Sums run as in {@link BlockWindow}, over distances from members of the window, so that the size of the values costs no
 * precision. Correlate returns rather than prices when the question is whether two markets move together.
 */
export function correlation(x: Float64Array, y: Float64Array, period: number): Float64Array {
  const { length } = x;
  const out = new Float64Array(length);
  const tails = [0, 1, 2, 3, 4].map(() => tailsOf(period));
  const [tailX, tailY, tailXX, tailYY, tailXY] = tails as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  for (let start = 0; start < length; start += period) {
    const pivotX = x[start] ?? NaN;
    const pivotY = y[start] ?? NaN;
    let sx = 0;
    let sy = 0;
    let sxx = 0;
    let syy = 0;
    let sxy = 0;
    if (start > 0) {
      for (let k = period - 1; k > 0; k -= 1) {
        const dx = (x[start - period + k] ?? NaN) - pivotX;
        const dy = (y[start - period + k] ?? NaN) - pivotY;
        tailX[k] = sx += dx;
        tailY[k] = sy += dy;
        tailXX[k] = sxx += dx * dx;
        tailYY[k] = syy += dy * dy;
        tailXY[k] = sxy += dx * dy;
      }
    }
    const end = Math.min(start + period, length);
    sx = sy = sxx = syy = sxy = 0;
    for (let i = start; i < end; i += 1) {
      const dx = (x[i] ?? NaN) - pivotX;
      const dy = (y[i] ?? NaN) - pivotY;
      sx += dx;
      sy += dy;
      sxx += dx * dx;
      syy += dy * dy;
      sxy += dx * dy;
      const k = i - start + 1;
      out[i] = coefficient(
        (tailX[k] ?? NaN) + sx,
        (tailY[k] ?? NaN) + sy,
        (tailXX[k] ?? NaN) + sxx,
        (tailYY[k] ?? NaN) + syy,
        (tailXY[k] ?? NaN) + sxy,
        period,
      );
    }
  }
  return out;
}

/**
 * Sums over a window of pairs, of distances from members of it: 0 of x, 1 of y, 2 of x², 3 of y², 4 of
 * x·y. NaN while the window is not full.
 */
export abstract class CoMomentsStream extends BlockWindow {
  constructor(period: number) {
    super(period, [0, 0, 0, 0, 0]);
  }

  protected sum(which: number): number {
    return this.tail(which) + this.head(which);
  }

  protected override add(sums: Float64Array, x: number, y: number): void {
    const dx = x - this.pivot;
    const dy = y - this.secondPivot;
    sums[0] = (sums[0] ?? NaN) + dx;
    sums[1] = (sums[1] ?? NaN) + dy;
    sums[2] = (sums[2] ?? NaN) + dx * dx;
    sums[3] = (sums[3] ?? NaN) + dy * dy;
    sums[4] = (sums[4] ?? NaN) + dx * dy;
  }
}

/** {@link correlation}, one pair of values at a time. */
export class CorrelationStream extends CoMomentsStream {
  next(x: number, y: number): number {
    this.push(x, y);
    return coefficient(this.sum(0), this.sum(1), this.sum(2), this.sum(3), this.sum(4), this.period);
  }
}

class SourcesCorrelationStream implements StreamingIndicator {
  readonly values = new Float64Array(1).fill(NaN);
  private readonly correlation: CorrelationStream;

  constructor(
    private readonly sources: { readonly source: PriceSource; readonly other: PriceSource },
    period: number,
  ) {
    this.correlation = new CorrelationStream(period);
  }

  next(open: number, high: number, low: number, close: number, volume: number): Float64Array {
    this.values[0] = this.correlation.next(
      sourceOf(this.sources.source, open, high, low, close, volume),
      sourceOf(this.sources.other, open, high, low, close, volume),
    );
    return this.values;
  }
}

export const correlationDefinition: IndicatorDefinition<'correlation'> = {
  kind: 'correlation',
  summary: "Pearson's correlation of two sources of the same bars, −1 to 1",
  outputs: ['correlation'],
  lookback: ({ period }) => period - 1,
  settlingBars: ({ period }) => period - 1,
  compute: (columns, { period, source, other }) => [
    correlation(sourceColumn(columns, source), sourceColumn(columns, other), period),
  ],
  stream: (spec) => new SourcesCorrelationStream(spec, spec.period),
};
