import { ROC, WilliamsR, WMA } from 'technicalindicators';
import type { BarColumns } from '../bar-columns';
import type { IndicatorDefinition } from './definition';
import { sourceColumn } from './source';
import { SourceStream, type SeriesStream, type StreamingIndicator } from './streaming';

/**
 * Indicators by the package `technicalindicators`, which we have no kernel for and which it has right: it takes a value at
 * a time and says `undefined` until defined. What it rounds, drops or seeds in a way of its own is not here
 * (docs/indicators.md).
 */

/** The package declares its inputs as classes, and a number for what is a bar, but takes plain objects of these shapes. */
interface Library {
  readonly WMA: new (input: SeriesInput) => ValueStep;
  readonly ROC: new (input: SeriesInput) => ValueStep;
  readonly WilliamsR: new (input: RangeInput) => BarStep;
}

interface SeriesInput {
  readonly period: number;
  readonly values: number[];
}

interface RangeInput {
  readonly period: number;
  readonly high: number[];
  readonly low: number[];
  readonly close: number[];
}

interface ValueStep {
  nextValue(value: number): number | undefined;
}

interface BarStep {
  nextValue(bar: { readonly high: number; readonly low: number; readonly close: number }): number | undefined;
}

const library = { WMA, ROC, WilliamsR } as unknown as Library;

/** One of the package's indicators, told one value at a time. */
class LibraryStep implements SeriesStream {
  constructor(private readonly indicator: ValueStep) {}

  next(value: number): number {
    return this.indicator.nextValue(value) ?? NaN;
  }
}

function computeBy(step: SeriesStream, values: Float64Array): readonly Float64Array[] {
  const out = new Float64Array(values.length);
  for (let i = 0; i < out.length; i += 1) out[i] = step.next(values[i] ?? NaN);
  return [out];
}

const wmaStep = (period: number): SeriesStream => new LibraryStep(new library.WMA({ period, values: [] }));

export const wmaDefinition: IndicatorDefinition<'wma'> = {
  kind: 'wma',
  summary: 'Linearly weighted moving average, in units of its source',
  outputs: ['wma'],
  lookback: ({ period }) => period - 1,
  settlingBars: ({ period }) => period - 1,
  compute: (columns, { period, source }) => computeBy(wmaStep(period), sourceColumn(columns, source)),
  stream: ({ period, source }) => new SourceStream(source, wmaStep(period)),
};

const rocStep = (period: number): SeriesStream => new LibraryStep(new library.ROC({ period, values: [] }));

export const rocDefinition: IndicatorDefinition<'roc'> = {
  kind: 'roc',
  summary: 'Rate of change over a number of bars, in per cent',
  outputs: ['roc'],
  lookback: ({ period }) => period,
  settlingBars: ({ period }) => period,
  compute: (columns, { period, source }) => computeBy(rocStep(period), sourceColumn(columns, source)),
  stream: ({ period, source }) => new SourceStream(source, rocStep(period)),
};

class WilliamsRStream implements StreamingIndicator {
  readonly values = new Float64Array(1).fill(NaN);
  private readonly indicator: BarStep;

  constructor(period: number) {
    this.indicator = new library.WilliamsR({ period, high: [], low: [], close: [] });
  }

  next(_open: number, high: number, low: number, close: number): Float64Array {
    const value = this.indicator.nextValue({ high, low, close });
    // Without a range the package divides zero by zero; TA-Lib says 0.
    this.values[0] = value === undefined ? NaN : value || 0;
    return this.values;
  }
}

function computeWilliamsR({ high, low, close }: BarColumns, period: number): readonly Float64Array[] {
  const stream = new WilliamsRStream(period);
  const out = new Float64Array(close.length);
  for (let i = 0; i < out.length; i += 1) {
    out[i] = stream.next(NaN, high[i] ?? NaN, low[i] ?? NaN, close[i] ?? NaN)[0] ?? NaN;
  }
  return [out];
}

export const williamsRDefinition: IndicatorDefinition<'williamsR'> = {
  kind: 'williamsR',
  summary: "Williams' %R, −100 to 0",
  outputs: ['williamsR'],
  lookback: ({ period }) => period - 1,
  settlingBars: ({ period }) => period - 1,
  compute: (columns, { period }) => computeWilliamsR(columns, period),
  stream: ({ period }) => new WilliamsRStream(period),
};
