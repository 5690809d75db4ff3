import { settlingOf, type IndicatorDefinition } from './definition';
import { firstDefined, undefinedUntil } from './series';
import { sourceColumn } from './source';
import { SourceStream, type SeriesStream, type StreamingIndicator } from './streaming';

/**
 * Indicators of J. Welles Wilder, "New Concepts in Technical Trading Systems" (1978), smoothed by his average,
 * `alpha = 1 / period`, and seeded as TA-Lib does it: with the simple mean of the first `period` values.
 */

/** Bars until Wilder's smoothing has forgotten what came before. */
export const wilderSettlingBars = (period: number): number => settlingOf(1 - 1 / period);

/**
 * Wilder's relative strength index, 0–100: `100 × G / (G + L)` of the smoothed gains G and losses L. Undefined values at
 * the beginning are passed over.
 *
 * It is computed as `50 + 50 × (G − L) / (G + L)`, the smoothed change over the smoothed distance, which needs neither
 * branch nor mean. While nothing has moved since the beginning both are zero, and the value is `flatValue` (TA-Lib: 0).
 */
export function rsi(values: Float64Array, period: number, flatValue = 0): Float64Array {
  const { length } = values;
  const start = firstDefined(values);
  const first = start + period;
  const out = undefinedUntil(first, length);
  if (first >= length) return out;
  const keep = 1 - 1 / period;
  let previous = values[start] ?? NaN;
  let net = 0;
  let distance = 0;
  for (let i = start + 1; i <= first; i += 1) {
    const value = values[i] ?? NaN;
    net += value - previous;
    distance += Math.abs(value - previous);
    previous = value;
  }
  out[first] = strength(net, distance, flatValue);
  for (let i = first + 1; i < length; i += 1) {
    const value = values[i] ?? NaN;
    const change = value - previous;
    net = net * keep + change;
    distance = distance * keep + Math.abs(change);
    previous = value;
    out[i] = strength(net, distance, flatValue);
  }
  return out;
}

const strength = (net: number, distance: number, flatValue: number): number =>
  distance === 0 ? flatValue : 50 + (50 * net) / distance;

/** {@link rsi}, one value at a time. */
export class RsiStream implements SeriesStream {
  private readonly keep: number;
  private previous = NaN;
  private changes = -1;
  private net = 0;
  private distance = 0;

  constructor(
    private readonly period: number,
    private readonly flatValue = 0,
  ) {
    this.keep = 1 - 1 / period;
  }

  next(value: number): number {
    if (this.changes < 0) {
      if (Number.isNaN(value)) return NaN;
      this.previous = value;
      this.changes = 0;
      return NaN;
    }
    const change = value - this.previous;
    const keep = this.changes < this.period ? 1 : this.keep;
    this.net = this.net * keep + change;
    this.distance = this.distance * keep + Math.abs(change);
    this.previous = value;
    this.changes += 1;
    return this.changes < this.period ? NaN : strength(this.net, this.distance, this.flatValue);
  }
}

export const rsiDefinition: IndicatorDefinition<'rsi'> = {
  kind: 'rsi',
  summary: "Wilder's relative strength index, 0–100",
  outputs: ['rsi'],
  lookback: ({ period }) => period,
  settlingBars: ({ period }) => period + wilderSettlingBars(period),
  compute: (columns, { period, source, flatValue }) => [
    rsi(sourceColumn(columns, source), period, flatValue),
  ],
  stream: ({ period, source, flatValue }) => new SourceStream(source, new RsiStream(period, flatValue)),
};

/** The greatest of the bar's own range and its distances from the previous close. */
const trueRange = (high: number, low: number, previousClose: number): number =>
  Math.max(high, previousClose) - Math.min(low, previousClose);

/** Wilder's average true range, in price units; the first bar has no true range. */
export function atr(
  high: Float64Array,
  low: Float64Array,
  close: Float64Array,
  period: number,
): Float64Array {
  const { length } = close;
  const out = undefinedUntil(period, length);
  if (period >= length) return out;
  const alpha = 1 / period;
  let average = 0;
  for (let i = 1; i <= period; i += 1) {
    average += trueRange(high[i] ?? NaN, low[i] ?? NaN, close[i - 1] ?? NaN);
  }
  average /= period;
  out[period] = average;
  for (let i = period + 1; i < length; i += 1) {
    average += (trueRange(high[i] ?? NaN, low[i] ?? NaN, close[i - 1] ?? NaN) - average) * alpha;
    out[i] = average;
  }
  return out;
}

/** {@link atr}, one bar at a time. */
export class AtrStream implements StreamingIndicator {
  readonly values = new Float64Array(1).fill(NaN);
  private readonly alpha: number;
  private ranges = -1;
  private average = 0;
  private previousClose = NaN;

  constructor(private readonly period: number) {
    this.alpha = 1 / period;
  }

  next(_open: number, high: number, low: number, close: number): Float64Array {
    this.values[0] = this.step(high, low, close);
    return this.values;
  }

  /** The newest average; NaN until defined. */
  step(high: number, low: number, close: number): number {
    const range = trueRange(high, low, this.previousClose);
    this.previousClose = close;
    if (this.ranges >= this.period) {
      this.average += (range - this.average) * this.alpha;
      return this.average;
    }
    this.ranges += 1;
    if (this.ranges > 0) this.average += range;
    if (this.ranges < this.period) return NaN;
    this.average /= this.period;
    return this.average;
  }
}

export const atrDefinition: IndicatorDefinition<'atr'> = {
  kind: 'atr',
  summary: "Wilder's average true range, in price units",
  outputs: ['atr'],
  lookback: ({ period }) => period,
  settlingBars: ({ period }) => period + wilderSettlingBars(period),
  compute: ({ high, low, close }, { period }) => [atr(high, low, close, period)],
  stream: ({ period }) => new AtrStream(period),
};
