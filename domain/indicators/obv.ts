import type { IndicatorDefinition } from './definition';
import type { StreamingIndicator } from './streaming';

/**
 * Granville's on-balance volume, in base units: begins with the first bar's volume, as TA-Lib, adds the volume of a bar
 * that closes higher and takes off that of one that closes lower. The sum keeps its rounding errors and adds them back
 * (Knuth's two-sum), so that a million bars leave no more of them than one.
 */
export function obv(close: Float64Array, volume: Float64Array): Float64Array {
  const { length } = close;
  const out = new Float64Array(length);
  if (length === 0) return out;
  let previous = close[0] ?? NaN;
  let total = volume[0] ?? NaN;
  let rounding = 0;
  out[0] = total;
  for (let i = 1; i < length; i += 1) {
    const current = close[i] ?? NaN;
    const signed = signedVolume(current - previous, volume[i] ?? NaN);
    const sum = total + signed;
    rounding += roundingOf(total, signed, sum);
    total = sum;
    previous = current;
    out[i] = total + rounding;
  }
  return out;
}

function signedVolume(change: number, volume: number): number {
  if (change > 0) return volume;
  return change < 0 ? -volume : 0;
}

/** What `sum`, the rounded sum of both, lacks of the exact one. Knuth, The Art of Computer Programming 2, 4.2.2. */
function roundingOf(a: number, b: number, sum: number): number {
  const added = sum - a;
  return a - (sum - added) + (b - added);
}

class ObvStream implements StreamingIndicator {
  readonly values = new Float64Array(1).fill(NaN);
  private previous = NaN;
  private total = 0;
  private rounding = 0;

  next(_open: number, _high: number, _low: number, close: number, volume: number): Float64Array {
    const isFirst = Number.isNaN(this.previous);
    const signed = isFirst ? volume : signedVolume(close - this.previous, volume);
    const sum = this.total + signed;
    this.rounding += roundingOf(this.total, signed, sum);
    this.total = sum;
    this.previous = close;
    this.values[0] = this.total + this.rounding;
    return this.values;
  }
}

export const obvDefinition: IndicatorDefinition<'obv'> = {
  kind: 'obv',
  summary: "Granville's on-balance volume, in base units; only its changes mean something",
  outputs: ['obv'],
  lookback: () => 0,
  settlingBars: () => Infinity,
  compute: ({ close, volume }) => [obv(close, volume)],
  stream: () => new ObvStream(),
};
