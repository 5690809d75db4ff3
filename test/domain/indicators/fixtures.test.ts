import type { BarColumns } from '../../../domain/bar-columns';
import { compute, INDICATORS, lookback } from '../../../domain/indicators/registry';
import type { IndicatorSpec } from '../../../domain/indicators/spec';
import independent from './fixtures/independent.json';
import series from './fixtures/series.json';
import taLib from './fixtures/ta-lib.json';
import { firstDifference } from './support';

/** The fixtures keep twelve digits. */
const TOLERANCE = 1e-11;
/** As in generate-independent.py. */
const BAR_MS = 1_800_000;

interface Example {
  readonly series: keyof typeof series;
  readonly spec: IndicatorSpec;
  /** The first bar to be compared: where the library seeds in another way. */
  readonly from: number;
  /** Null where the library has no value. */
  readonly outputs: readonly (readonly (number | null)[])[];
}

function columnsFor(name: keyof typeof series): BarColumns {
  const { open, high, low, close, volume } = series[name];
  return {
    length: close.length,
    openTimeMs: Float64Array.from(close, (_, index) => index * BAR_MS),
    open: Float64Array.from(open),
    high: Float64Array.from(high),
    low: Float64Array.from(low),
    close: Float64Array.from(close),
    volume: Float64Array.from(volume),
  };
}

const rows = (fixture: {
  readonly cases: readonly unknown[];
}): readonly (readonly [title: string, example: Example])[] =>
  (fixture.cases as readonly Example[]).map((example) => [
    `${example.series} ${JSON.stringify(example.spec)}`,
    example,
  ]);

/** Says which value is wrong, and what it should be. */
function expectSame(actual: Float64Array, expected: ArrayLike<number>): void {
  const at = firstDifference(actual, expected, TOLERANCE, 1);
  if (at >= 0) expect(`[${at}] ${actual[at] ?? NaN}`).toBe(`[${at}] ${expected[at] ?? NaN}`);
}

describe(`against ${taLib.generator}`, () => {
  test.each(rows(taLib))('%s', (_, { series: name, spec, outputs }) => {
    const actual = compute(columnsFor(name), spec);
    expect(actual).toHaveLength(outputs.length);
    actual.forEach((output, which) => {
      const expected = Float64Array.from(outputs[which] ?? [], (value) => value ?? NaN);
      expectSame(output, expected);
      expect(expected.findIndex((value) => !Number.isNaN(value))).toBe(lookback(spec));
    });
  });
});

describe(`against ${independent.generator}`, () => {
  test.each(rows(independent))('%s', (_, { series: name, spec, from, outputs }) => {
    const actual = compute(columnsFor(name), spec);
    expect(actual).toHaveLength(outputs.length);
    actual.forEach((output, which) => {
      const known = (outputs[which] ?? []).map((value, index) => ({ value, index }));
      const compared = known.flatMap(({ value, index }) =>
        value === null || index < from ? [] : [{ value, actual: output[index] ?? NaN }],
      );
      expect(compared.length).toBeGreaterThan(20);
      expectSame(
        Float64Array.from(compared, (pair) => pair.actual),
        Float64Array.from(compared, (pair) => pair.value),
      );
    });
  });
});

test('every kind is held to a library', () => {
  const held = [...taLib.cases, ...independent.cases].map(({ spec }) => spec.kind);
  expect([...new Set(held)].sort()).toEqual(Object.keys(INDICATORS).sort());
});
