import fc from 'fast-check';
import { gridSearch, randomSearch } from '../../../backtest/optimise/plain-search';
import {
  checkSpace,
  type Point,
  type Space,
  type Suggest,
  type Told,
} from '../../../backtest/optimise/space';
import { tpeSearch } from '../../../backtest/optimise/tpe';

const mixed: Space = {
  period: { kind: 'int', low: 5, high: 50, step: 5 },
  threshold: { kind: 'float', low: -1, high: 1 },
  rate: { kind: 'logFloat', low: 1e-4, high: 1 },
  mode: { kind: 'categorical', choices: ['a', 'b', true] },
};

function isInside(point: Point): boolean {
  const { period, threshold, rate, mode } = point;
  return (
    typeof period === 'number' &&
    period >= 5 &&
    period <= 50 &&
    period % 5 === 0 &&
    typeof threshold === 'number' &&
    Math.abs(threshold) <= 1 &&
    typeof rate === 'number' &&
    rate >= 1e-4 &&
    rate <= 1 &&
    ['a', 'b', true].includes(mode as string)
  );
}

/** Tries so many points one after the other, as a sweep does. */
function sweep(suggest: Suggest, score: (point: Point) => number | null, trials: number): readonly Told[] {
  const told: Told[] = [];
  for (let trial = 0; trial < trials; trial += 1) {
    const point = suggest(trial, told);
    if (point === undefined) break;
    told.push({ point, score: score(point) });
  }
  return told;
}

const bestOf = (told: readonly Told[]): number =>
  Math.max(...told.map(({ score }) => score ?? Number.NEGATIVE_INFINITY));
const of = (point: Point, name: string): number => Number(point[name]);

describe('every search', () => {
  it.each([
    ['random', (seed: number) => randomSearch(mixed, seed)],
    ['TPE', (seed: number) => tpeSearch(mixed, { seed })],
  ])('%s: stays inside, is a function of seed, trial and what was told', (_, search) => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const told = sweep(search(seed), ({ threshold }) => Number(threshold), 30);
        expect(told.filter(({ point }) => !isInside(point))).toEqual([]);
        // A sweep that was killed after 17 trials proposes what it would have proposed.
        expect(search(seed)(17, told.slice(0, 17))).toEqual(told[17]?.point);
      }),
      { numRuns: 20 },
    );
    expect(sweep(search(1), () => 0, 5)).not.toEqual(sweep(search(2), () => 0, 5));
  });

  it('random draws every value of a kind as often', () => {
    const drawn = sweep(randomSearch(mixed, 9), () => 0, 6_000).map(({ point }) => point);
    const count = (fits: (point: Point) => boolean): number => drawn.filter(fits).length;
    // Four standard deviations of a binomial with n = 6,000
    const near = (found: number, share: number): void => {
      expect(Math.abs(found - 6_000 * share)).toBeLessThan(4 * Math.sqrt(6_000 * share * (1 - share)));
    };
    near(
      count(({ period }) => period === 5),
      0.1,
    );
    near(
      count(({ period }) => period === 50),
      0.1,
    );
    near(
      count(({ threshold }) => Number(threshold) < 0),
      0.5,
    );
    near(
      count(({ rate }) => Number(rate) < 1e-2),
      0.5,
    );
    near(
      count(({ mode }) => mode === true),
      1 / 3,
    );
  });

  it('the grid is every combination once, and then there is nothing left', () => {
    const grid = gridSearch(
      {
        n: { kind: 'int', low: 1, high: 2 },
        x: { kind: 'logFloat', low: 1, high: 100 },
        m: mixed.mode ?? { kind: 'int', low: 0, high: 0 },
      },
      3,
    );
    const told = sweep(grid, () => 0, 100);
    expect(grid.size).toBe(2 * 3 * 3);
    expect(told).toHaveLength(18);
    expect(new Set(told.map(({ point }) => JSON.stringify(point))).size).toBe(18);
    expect(told.slice(0, 4).map(({ point }) => [point.n, Number(point.x).toFixed(6), point.m])).toEqual([
      [1, '1.000000', 'a'],
      [1, '1.000000', 'b'],
      [1, '1.000000', true],
      [1, '10.000000', 'a'],
    ]);
    expect(told.at(-1)?.point).toEqual({ n: 2, x: expect.closeTo(100, 9) as number, m: true });
  });

  it.each<[Space, RegExp]>([
    [{}, /no parameter to vary/],
    [{ a: { kind: 'float', low: 2, high: 1 } }, /Parameter a: from 2 to 1 is no range/],
    [{ a: { kind: 'logFloat', low: 0, high: 1 } }, /above zero/],
    [{ a: { kind: 'int', low: 0.5, high: 2 } }, /whole numbers/],
    [{ a: { kind: 'categorical', choices: [] } }, /no choices/],
    [{ a: { kind: 'categorical', choices: [1, 1] } }, /twice/],
  ])('refuses a space that is none: %j', (space, message) => {
    expect(() => checkSpace(space)).toThrow(message);
    expect(() => tpeSearch(space, { seed: 1 })).toThrow(message);
  });
});

describe('TPE', () => {
  const line = (low: number, high: number): Space[string] => ({ kind: 'float', low, high });
  const functions: readonly (readonly [string, Space, (point: Point) => number])[] = [
    [
      'a bowl in three dimensions',
      { x: line(-5, 5), y: line(-5, 5), z: line(-5, 5) },
      (p) => -((of(p, 'x') - 2) ** 2 + (of(p, 'y') + 1) ** 2 + of(p, 'z') ** 2),
    ],
    [
      'Branin’s function (three optima)',
      { x: line(-5, 10), y: line(0, 15) },
      (p) => {
        const [x, y] = [of(p, 'x'), of(p, 'y')];
        return -(
          (y - (5.1 / (4 * Math.PI ** 2)) * x ** 2 + (5 / Math.PI) * x - 6) ** 2 +
          10 * (1 - 1 / (8 * Math.PI)) * Math.cos(x) +
          10
        );
      },
    ],
    [
      'a mixed space in which one choice spoils all',
      mixed,
      (p) =>
        -((of(p, 'period') - 20) ** 2) / 100 -
        (of(p, 'threshold') - 0.3) ** 2 -
        (Math.log10(of(p, 'rate')) + 2) ** 2 -
        (p.mode === 'b' ? 0 : 3),
    ],
  ];

  // 40 seeds, 60 trials each (100 where there are three optima). By chance alone 31 wins or more of 40 happen once in 3,000 times.
  it.each(functions)('beats random search at equal budget: %s', (_, space, score) => {
    const trials = space.x !== undefined && space.z === undefined ? 100 : 60;
    const seeds = Array.from({ length: 40 }, (__, index) => index + 1);
    const wins = seeds.filter(
      (seed) =>
        bestOf(sweep(tpeSearch(space, { seed }), score, trials)) >
        bestOf(sweep(randomSearch(space, seed), score, trials)),
    ).length;
    expect(wins).toBeGreaterThanOrEqual(31);
  });

  it('learns that trials fail in a part of the space, and avoids it', () => {
    const space: Space = { x: line(0, 1) };
    const told = sweep(tpeSearch(space, { seed: 3 }), (p) => (of(p, 'x') < 0.7 ? null : 0), 80);
    const failed = (part: readonly Told[]): number =>
      part.filter(({ score }) => score === null).length / part.length;
    expect(failed(told.slice(40))).toBeLessThan(0.3);
    expect(failed(told.slice(0, 10))).toBeGreaterThan(0.4);
  });

  it('goes on when every trial fails', () => {
    expect(sweep(tpeSearch(mixed, { seed: 3 }), () => null, 30).every(({ point }) => isInside(point))).toBe(
      true,
    );
  });
});
