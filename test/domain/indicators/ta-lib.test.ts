import type { BarColumns } from '../../../domain/bar-columns';
import { compute, lookback } from '../../../domain/indicators/registry';
import type { IndicatorSpec } from '../../../domain/indicators/spec';
import fixture from './fixtures/ta-lib.json';
import { firstDifference } from './support';

/** What the outputs keep: twelve digits. */
const TOLERANCE = 1e-11;

type SeriesName = keyof typeof fixture.series;

function columnsFor(name: SeriesName): BarColumns {
  const { open, high, low, close, volume } = fixture.series[name];
  return {
    length: close.length,
    openTimeMs: Float64Array.from(close, (_, index) => index * 60_000),
    open: Float64Array.from(open),
    high: Float64Array.from(high),
    low: Float64Array.from(low),
    close: Float64Array.from(close),
    volume: Float64Array.from(volume),
  };
}

const cases = fixture.cases.map(({ series, spec, outputs }) => ({
  series: series as SeriesName,
  spec: spec as IndicatorSpec,
  outputs: outputs.map((output) => output.map((value) => value ?? NaN)),
}));

describe(`against ${fixture.generator}`, () => {
  test.each(cases.map((example) => [`${example.series} ${JSON.stringify(example.spec)}`, example] as const))(
    '%s',
    (_, { series, spec, outputs }) => {
      const columns = columnsFor(series);
      const actual = compute(columns, spec);
      expect(actual).toHaveLength(outputs.length);
      actual.forEach((output, which) => {
        const expected = outputs[which] ?? [];
        const at = firstDifference(output, expected, TOLERANCE, 1);
        if (at >= 0) expect(`${at}: ${output[at] ?? NaN}`).toBe(`${at}: ${expected[at] ?? NaN}`);
        expect(output.findIndex((value) => !Number.isNaN(value))).toBe(lookback(spec));
      });
    },
  );
});
