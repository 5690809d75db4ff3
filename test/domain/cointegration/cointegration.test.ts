import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  criticalValue,
  dickeyFuller,
  engleGranger,
  halfLife,
  Significance,
} from '../../../domain/cointegration';
import { spreadScore } from '../../../domain/indicators/spread';

interface Fixture {
  readonly criticalValues: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly pairs: readonly {
    readonly name: string;
    readonly first: readonly number[];
    readonly second: readonly number[];
    readonly window: number;
    readonly rollingZScores: readonly number[];
    readonly intercept: number;
    readonly hedgeRatio: number;
    readonly residual: number;
    readonly zScore: number;
    readonly halfLife: number;
    readonly tests: readonly {
      readonly lags: number;
      readonly statistic: number;
      readonly critical: Readonly<Record<string, number>>;
    }[];
  }[];
}

const fixture = JSON.parse(readFileSync(join(__dirname, 'fixtures/statsmodels.json'), 'utf8')) as Fixture;

const logs = (closes: readonly number[]): Float64Array => Float64Array.from(closes, Math.log);

describe.each(fixture.pairs)('statsmodels and we agree on two that are $name', (pair) => {
  const [first, second] = [logs(pair.first), logs(pair.second)];

  it('on the line between them, what is left, and how fast it goes', () => {
    const found = engleGranger(first, second, 0);
    expect(found.intercept).toBeCloseTo(pair.intercept, 9);
    expect(found.hedgeRatio).toBeCloseTo(pair.hedgeRatio, 9);
    expect(found.residuals.at(-1)).toBeCloseTo(pair.residual, 9);
    expect(found.zScore).toBeCloseTo(pair.zScore, 8);
    expect(found.halfLifeBars).toBeCloseTo(pair.halfLife, 8);
  });

  test.each(pair.tests)('on the test with $lags lags', ({ lags, statistic, critical }) => {
    expect(engleGranger(first, second, lags).statistic).toBeCloseTo(statistic, 8);
    for (const significance of Object.values(Significance)) {
      expect(criticalValue(significance, first.length)).toBeCloseTo(critical[significance] ?? NaN, 12);
    }
  });

  it('on the z-score of every window', () => {
    const scores = spreadScore(first, second, pair.window);
    expect(scores.slice(0, pair.window - 1).every(Number.isNaN)).toBe(true);
    const rolling = [...scores.slice(pair.window - 1)];
    expect(rolling).toHaveLength(pair.rollingZScores.length);
    rolling.forEach((score, at) => {
      expect(score).toBeCloseTo(pair.rollingZScores[at] ?? NaN, 8);
    });
  });
});

test.each(Object.entries(fixture.criticalValues))(
  'critical values of a test of %s changes',
  (steps, values) => {
    for (const significance of Object.values(Significance)) {
      expect(criticalValue(significance, Number(steps) + 1)).toBeCloseTo(values[significance] ?? NaN, 12);
    }
  },
);

it('one market seen twice, or one that does not move, is no spread', () => {
  const series = logs(fixture.pairs[0]?.second ?? []);
  const twice = series.map((value) => 3 + 2 * value);
  const still = series.map(() => 5);
  expect(engleGranger(twice, series, 1).zScore).toBe(0);
  expect(engleGranger(still, series, 1)).toMatchObject({ zScore: 0, hedgeRatio: 0, statistic: NaN });
  expect(engleGranger(series, still, 1).hedgeRatio).toBe(0);
  for (const [first, second] of [
    [twice, series],
    [still, series],
    [series, still],
  ] as const) {
    expect(new Set(spreadScore(first, second, 60).slice(59))).toEqual(new Set([0]));
  }
});

it('a missing value undoes the windows that hold it and no others', () => {
  const [first, second] = [logs(fixture.pairs[0]?.first ?? []), logs(fixture.pairs[0]?.second ?? [])];
  const whole = spreadScore(first, second, 60);
  const gap = spreadScore(
    first.map((value, at) => (at === 100 ? NaN : value)),
    second,
    60,
  );
  expect(gap.slice(100, 160).every(Number.isNaN)).toBe(true);
  whole.forEach((score, at) => {
    if (at >= 59 && (at < 100 || at >= 160)) expect(gap[at]).toBeCloseTo(score, 9);
  });
});

it('half of a distance is gone after the half-life, at once, or never', () => {
  const decaying = Float64Array.from({ length: 40 }, (_, at) => 0.5 ** (at / 5));
  expect(halfLife(decaying)).toBeCloseTo(5, 9);
  expect(halfLife(Float64Array.from({ length: 40 }, (_, at) => (at % 2) - 0.5))).toBe(0);
  expect(halfLife(Float64Array.from({ length: 40 }, (_, at) => 1.1 ** at))).toBe(Infinity);
});

it('has no statistic where there are too few values', () => {
  expect(dickeyFuller(Float64Array.of(1, 2, 3), 1)).toBeNaN();
});
