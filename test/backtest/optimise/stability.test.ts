import { plateauOf, stabilityMaps } from '../../../backtest/optimise/stability';
import type { Tried } from '../../../backtest/optimise/search';
import type { Point, Space } from '../../../backtest/optimise/space';

const space: Space = {
  fast: { kind: 'int', low: 1, high: 10 },
  slow: { kind: 'float', low: 0, high: 1 },
};

const tried = (point: Point, score: number | null): Tried => ({ draw: 0, point, score });

/** Every whole `fast` with `slow` in the middle of each tenth. */
const grid = (score: (fast: number, slow: number) => number | null): readonly Tried[] =>
  Array.from({ length: 100 }, (_, index) => {
    const [fast, slow] = [1 + (index % 10), (Math.floor(index / 10) + 0.5) / 10];
    return tried({ fast, slow }, score(fast, slow));
  });

const bestOf = (trials: readonly Tried[]): Tried =>
  trials.reduce((best, one) => ((one.score ?? -Infinity) > (best.score ?? -Infinity) ? one : best));

describe('a stability map', () => {
  it('has the mean of a cell and those around it, and the best of the cell itself', () => {
    const trials = [
      ...[tried({ fast: 1, slow: 0.05 }, 1), tried({ fast: 1, slow: 0.01 }, 3)],
      ...[tried({ fast: 2, slow: 0.05 }, 5), tried({ fast: 9, slow: 0.95 }, null)],
    ];
    const [map, ...more] = stabilityMaps(space, trials, trials[2] ?? null, 10);
    expect(more).toEqual([]);
    expect(map?.x).toEqual({ name: 'fast', labels: ['1', '2', '3', '4', '5', '6', '7', '8', '9', '10'] });
    expect(map?.y.labels.slice(0, 2)).toEqual(['0.05', '0.15']);
    expect(map?.best).toEqual({ x: 1, y: 0 });
    const cell = (x: number, y: number) => map?.rows[y]?.[x];
    expect(cell(0, 0)).toEqual({ trials: 2, mean: 3, best: 3 });
    expect(cell(1, 0)).toEqual({ trials: 1, mean: 3, best: 5 });
    // Two to the right of the first cell only the third trial is near.
    expect(cell(2, 1)).toEqual({ trials: 0, mean: 5, best: null });
    expect(cell(4, 4)).toEqual({ trials: 0, mean: null, best: null });
    expect(cell(8, 9)).toEqual({ trials: 1, mean: null, best: null });
  });

  it('is there for every pair that varies; choices are no neighbours', () => {
    const wide: Space = {
      ...space,
      mode: { kind: 'categorical', choices: ['a', null, 3] },
      one: { kind: 'int', low: 4, high: 4 },
      many: { kind: 'int', low: 0, high: 100, step: 2 },
    };
    const points = [
      tried({ fast: 1, slow: 0, mode: 'a', one: 4, many: 0 }, 1),
      tried({ fast: 1, slow: 0, mode: null, one: 4, many: 100 }, 9),
    ];
    const maps = stabilityMaps(wide, points, null);
    expect(maps.map(({ x, y }) => `${x.name} ${y.name}`)).toEqual([
      ...['fast slow', 'fast mode', 'fast many', 'slow mode', 'slow many', 'mode many'],
    ]);
    const [, byMode] = maps;
    expect(byMode?.y.labels).toEqual(['a', 'null', '3']);
    expect(byMode?.rows.map(([first]) => first?.mean)).toEqual([1, 9, null]);
    const byMany = maps[5];
    expect(byMany?.y.labels).toHaveLength(12);
    expect(byMany?.rows.map((row) => row.reduce((sum, { trials }) => sum + trials, 0))).toEqual([
      ...[1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
    ]);
  });
});

describe('a plateau', () => {
  it('is told from a spike', () => {
    const hill = grid((fast, slow) => -((fast - 5) ** 2) / 100 - (slow - 0.45) ** 2);
    const flat = plateauOf(space, hill, bestOf(hill));
    expect(flat).toMatchObject({ verdict: 'plateau', neighbours: 8, radius: 0.1 });
    expect(flat.score).toBeGreaterThan(0.8);
    const spiky = grid((fast, slow) => (fast === 5 && slow === 0.45 ? 10 : ((fast * 7) % 3) + slow));
    const spike = plateauOf(space, spiky, bestOf(spiky));
    expect(spike.verdict).toBe('spike');
    expect(spike.score).toBeLessThan(0.1);
  });

  it('counts neighbours that fail as the worst', () => {
    const holes = grid((fast, slow) =>
      Math.abs(fast - 5) <= 1 && fast !== 5 ? null : fast === 5 ? 5 + slow : slow,
    );
    const best = bestOf(holes);
    expect(plateauOf(space, holes, best)).toMatchObject({ score: 0, verdict: 'spike' });
    const filled = holes.map((one) => (one.score === null ? { ...one, score: 5 } : one));
    expect(plateauOf(space, filled, best).verdict).toBe('plateau');
  });

  it('is not known with too few trials near, or when all are alike', () => {
    const two = [tried({ fast: 1, slow: 0 }, 1), tried({ fast: 9, slow: 1 }, 2)];
    expect(plateauOf(space, two, bestOf(two))).toEqual({
      score: null,
      verdict: 'unknown',
      neighbours: 0,
      radius: 0.3,
    });
    const alike = grid(() => 1);
    expect(plateauOf(space, alike, bestOf(alike))).toMatchObject({ score: null, verdict: 'unknown' });
  });
});
