import type { IndicatorDefinition } from './definition';
import { emaAlpha, emaSettlingBars, EmaStream } from './moving-average';
import { firstDefined, meanOf, undefinedUntil } from './series';
import { sourceColumn, type PriceSource } from './source';
import { sourceOf, type StreamingIndicator } from './streaming';

interface MacdPeriods {
  readonly fastPeriod: number;
  readonly slowPeriod: number;
  readonly signalPeriod: number;
}

const macdLookback = ({ slowPeriod, signalPeriod }: MacdPeriods): number => slowPeriod + signalPeriod - 2;

/**
 * Appel's moving average convergence / divergence: the fast exponential average less the slow one, its own exponential
 * average (the signal), and the difference of both. As TA-Lib, the fast average begins together with the slow one, seeded
 * with the mean of the `fastPeriod` values up to there, and nothing is defined before the signal is.
 * @returns macd, signal, histogram
 */
export function macd(
  values: Float64Array,
  periods: MacdPeriods,
): readonly [macd: Float64Array, signal: Float64Array, histogram: Float64Array] {
  const { fastPeriod, slowPeriod, signalPeriod } = periods;
  const { length } = values;
  const start = firstDefined(values);
  const first = start + macdLookback(periods);
  const line = undefinedUntil(first, length);
  const signals = undefinedUntil(first, length);
  const histogram = undefinedUntil(first, length);
  if (first >= length) return [line, signals, histogram];
  const [fastAlpha, slowAlpha, signalAlpha] = [fastPeriod, slowPeriod, signalPeriod].map(emaAlpha) as [
    number,
    number,
    number,
  ];
  const seedAt = start + slowPeriod - 1;
  let slow = meanOf(values, start, slowPeriod);
  let fast = meanOf(values, seedAt - fastPeriod + 1, fastPeriod);
  const pivot = fast - slow;
  let signal = 0;
  for (let i = seedAt + 1; i <= first; i += 1) {
    const value = values[i] ?? NaN;
    fast += (value - fast) * fastAlpha;
    slow += (value - slow) * slowAlpha;
    signal += fast - slow - pivot;
  }
  signal = pivot + signal / signalPeriod;
  line[first] = fast - slow;
  signals[first] = signal;
  histogram[first] = fast - slow - signal;
  for (let i = first + 1; i < length; i += 1) {
    const value = values[i] ?? NaN;
    fast += (value - fast) * fastAlpha;
    slow += (value - slow) * slowAlpha;
    const difference = fast - slow;
    signal += (difference - signal) * signalAlpha;
    line[i] = difference;
    signals[i] = signal;
    histogram[i] = difference - signal;
  }
  return [line, signals, histogram];
}

class MacdStream implements StreamingIndicator {
  readonly values = new Float64Array(3).fill(NaN);
  private readonly fast: EmaStream;
  private readonly slow: EmaStream;
  private readonly signal: EmaStream;
  /** Values that the slow average takes before the fast one begins. */
  private ahead: number;

  constructor(
    private readonly source: PriceSource,
    { fastPeriod, slowPeriod, signalPeriod }: MacdPeriods,
  ) {
    this.fast = new EmaStream(fastPeriod);
    this.slow = new EmaStream(slowPeriod);
    this.signal = new EmaStream(signalPeriod);
    this.ahead = slowPeriod - fastPeriod;
  }

  next(open: number, high: number, low: number, close: number, volume: number): Float64Array {
    const value = sourceOf(this.source, open, high, low, close, volume);
    const slow = this.slow.next(value);
    if (this.ahead > 0) {
      this.ahead -= 1;
      return this.values;
    }
    const difference = this.fast.next(value) - slow;
    const signal = this.signal.next(difference);
    if (Number.isNaN(signal)) return this.values;
    this.values[0] = difference;
    this.values[1] = signal;
    this.values[2] = difference - signal;
    return this.values;
  }
}

export const macdDefinition: IndicatorDefinition<'macd'> = {
  kind: 'macd',
  summary: "Appel's moving average convergence / divergence, in units of its source",
  outputs: ['macd', 'signal', 'histogram'],
  lookback: macdLookback,
  settlingBars: ({ slowPeriod, signalPeriod }) => emaSettlingBars(slowPeriod) + emaSettlingBars(signalPeriod),
  compute: (columns, spec) => macd(sourceColumn(columns, spec.source), spec),
  stream: (spec) => new MacdStream(spec.source, spec),
};
