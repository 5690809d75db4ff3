import type { BarColumns } from '../bar-columns';
import type { IndicatorDefinition } from './definition';
import { ExtremesStream, rollingExtremes } from './extremes';
import { sma, SmaStream } from './moving-average';
import type { StreamingIndicator } from './streaming';

type Ranges = Pick<BarColumns, 'high' | 'low' | 'close'>;

/** Where the close lies between the extremes, 0–100; 0 where they are one, as TA-Lib. */
const place = (close: number, highest: number, lowest: number): number =>
  highest === lowest ? 0 : (100 * (close - lowest)) / (highest - lowest);

/**
 * Lane's fast stochastic: %K, the place of the close in the range of the last `period` bars, 0–100, and %D, its simple
 * mean of `signalPeriod`. Both are undefined until %D is, as in TA-Lib.
 * @returns k, d
 */
export function stochasticFast(
  { high, low, close }: Ranges,
  period: number,
  signalPeriod: number,
): readonly [k: Float64Array, d: Float64Array] {
  const { highest, lowest } = rollingExtremes(high, low, period);
  const k = highest;
  for (let i = 0; i < k.length; i += 1) k[i] = place(close[i] ?? NaN, highest[i] ?? NaN, lowest[i] ?? NaN);
  const d = sma(k, signalPeriod);
  k.fill(NaN, 0, period + signalPeriod - 2);
  return [k, d];
}

/**
 * Lane's slow stochastic: the fast one whose %K is first smoothed by a simple mean of `slowing`.
 * @returns k, d
 */
export function stochastic(
  bars: Ranges,
  period: number,
  slowing: number,
  signalPeriod: number,
): readonly [k: Float64Array, d: Float64Array] {
  const [, k] = stochasticFast(bars, period, slowing);
  const d = sma(k, signalPeriod);
  k.fill(NaN, 0, period + slowing + signalPeriod - 3);
  return [k, d];
}

/** Both stochastics, one bar at a time: the fast one slows by a mean of one value. */
class StochasticStream implements StreamingIndicator {
  readonly values = new Float64Array(2).fill(NaN);
  private readonly extremes: ExtremesStream;
  private readonly slowed: SmaStream | undefined;
  private readonly signal: SmaStream;

  constructor(period: number, slowing: number | undefined, signalPeriod: number) {
    this.extremes = new ExtremesStream(period);
    this.slowed = slowing === undefined ? undefined : new SmaStream(slowing);
    this.signal = new SmaStream(signalPeriod);
  }

  next(_open: number, high: number, low: number, close: number): Float64Array {
    this.extremes.take(high, low);
    const fast = place(close, this.extremes.highest, this.extremes.lowest);
    const k = this.slowed?.next(fast) ?? fast;
    const d = this.signal.next(k);
    this.values[0] = Number.isNaN(d) ? NaN : k;
    this.values[1] = d;
    return this.values;
  }
}

export const stochasticFastDefinition: IndicatorDefinition<'stochasticFast'> = {
  kind: 'stochasticFast',
  summary: "Lane's fast stochastic, 0–100",
  outputs: ['k', 'd'],
  lookback: ({ period, signalPeriod }) => period + signalPeriod - 2,
  settlingBars: ({ period, signalPeriod }) => period + signalPeriod - 2,
  compute: (columns, { period, signalPeriod }) => stochasticFast(columns, period, signalPeriod),
  stream: ({ period, signalPeriod }) => new StochasticStream(period, undefined, signalPeriod),
};

export const stochasticDefinition: IndicatorDefinition<'stochastic'> = {
  kind: 'stochastic',
  summary: "Lane's slow stochastic, 0–100",
  outputs: ['k', 'd'],
  lookback: ({ period, slowing, signalPeriod }) => period + slowing + signalPeriod - 3,
  settlingBars: ({ period, slowing, signalPeriod }) => period + slowing + signalPeriod - 3,
  compute: (columns, { period, slowing, signalPeriod }) => stochastic(columns, period, slowing, signalPeriod),
  stream: ({ period, slowing, signalPeriod }) => new StochasticStream(period, slowing, signalPeriod),
};
