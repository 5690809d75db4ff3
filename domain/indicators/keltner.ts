import type { BarColumns } from '../bar-columns';
import type { IndicatorDefinition } from './definition';
import { ema, emaSettlingBars, EmaStream } from './moving-average';
import type { StreamingIndicator } from './streaming';
import { atr, AtrStream, wilderSettlingBars } from './wilder';

interface KeltnerParameters {
  readonly period: number;
  readonly atrPeriod: number;
  readonly multiplier: number;
}

const keltnerLookback = ({ period, atrPeriod }: KeltnerParameters): number => Math.max(period - 1, atrPeriod);

/**
 * Keltner's channel as Linda Raschke draws it: the exponential average of the close, and `multiplier` times Wilder's
 * average true range above and below it.
 * @returns upper, middle, lower
 */
export function keltner(
  { high, low, close }: Pick<BarColumns, 'high' | 'low' | 'close'>,
  parameters: KeltnerParameters,
): readonly [upper: Float64Array, middle: Float64Array, lower: Float64Array] {
  const { period, atrPeriod, multiplier } = parameters;
  const middle = ema(close, period);
  const lower = atr(high, low, close, atrPeriod);
  const upper = new Float64Array(close.length);
  for (let i = 0; i < upper.length; i += 1) {
    const mean = middle[i] ?? NaN;
    const width = multiplier * (lower[i] ?? NaN);
    upper[i] = mean + width;
    lower[i] = mean - width;
  }
  middle.fill(NaN, 0, keltnerLookback(parameters));
  return [upper, middle, lower];
}

class KeltnerStream implements StreamingIndicator {
  readonly values = new Float64Array(3).fill(NaN);
  private readonly average: EmaStream;
  private readonly range: AtrStream;

  constructor(private readonly parameters: KeltnerParameters) {
    this.average = new EmaStream(parameters.period);
    this.range = new AtrStream(parameters.atrPeriod);
  }

  next(_open: number, high: number, low: number, close: number): Float64Array {
    const mean = this.average.next(close);
    const width = this.parameters.multiplier * this.range.step(high, low, close);
    this.values[0] = mean + width;
    this.values[1] = Number.isNaN(width) ? NaN : mean;
    this.values[2] = mean - width;
    return this.values;
  }
}

export const keltnerDefinition: IndicatorDefinition<'keltner'> = {
  kind: 'keltner',
  summary: "Keltner's channel, in price units",
  outputs: ['upper', 'middle', 'lower'],
  lookback: keltnerLookback,
  settlingBars: ({ period, atrPeriod }) =>
    Math.max(emaSettlingBars(period), atrPeriod + wilderSettlingBars(atrPeriod)),
  compute: (columns, spec) => keltner(columns, spec),
  stream: (spec) => new KeltnerStream(spec),
};
