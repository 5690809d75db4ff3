import fc from 'fast-check';
import { purgedFolds, walkForward, type Range } from '../../../backtest/truth/splits';

fc.configureGlobal({ seed: 20_240_808 });

const inside = ({ from, to }: Range, bars: number): boolean => from >= 0 && from < to && to <= bars;
const distance = fc.record({
  purge: fc.integer({ min: 0, max: 20 }),
  embargo: fc.integer({ min: 0, max: 20 }),
});

describe('walk-forward', () => {
  it('by hand: 10 bars, 3 to learn, 2 to try, 1 apart', () => {
    expect(walkForward({ bars: 10, train: 3, test: 2, purge: 1, embargo: 0 })).toEqual([
      { train: [{ from: 0, to: 3 }], test: { from: 4, to: 6 } },
      { train: [{ from: 2, to: 5 }], test: { from: 6, to: 8 } },
      { train: [{ from: 4, to: 7 }], test: { from: 8, to: 10 } },
    ]);
    expect(
      walkForward({ bars: 8, train: 3, test: 2, purge: 1, embargo: 0, anchored: true }).map(
        ({ train }) => train,
      ),
    ).toEqual([[{ from: 0, to: 3 }], [{ from: 0, to: 5 }]]);
  });

  it('learns only before, far enough away, and tries every bar at most once', () => {
    fc.assert(
      fc.property(
        distance,
        fc.integer({ min: 1, max: 400 }),
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 1, max: 60 }),
        fc.boolean(),
        ({ purge, embargo }, bars, train, test, anchored) => {
          const splits = walkForward({ bars, train, test, purge, embargo, anchored });
          expect(splits.length).toBe(Math.max(0, Math.floor((bars - train - purge - embargo) / test)));
          for (const [index, split] of splits.entries()) {
            const [learnt] = split.train;
            expect(learnt && inside(learnt, bars) && inside(split.test, bars)).toBe(true);
            expect(split.test.from - (learnt?.to ?? 0)).toBe(purge + embargo);
            expect((learnt?.to ?? 0) - (learnt?.from ?? 0)).toBe(anchored ? train + index * test : train);
            if (index > 0) expect(split.test.from).toBe(splits[index - 1]?.test.to);
          }
        },
      ),
    );
  });
});

describe('purged folds', () => {
  it('by hand: 12 bars, 3 folds, 1 purged, 1 embargoed', () => {
    expect(purgedFolds({ bars: 12, folds: 3, purge: 1, embargo: 1 })).toEqual([
      { test: { from: 0, to: 4 }, train: [{ from: 6, to: 12 }] },
      {
        test: { from: 4, to: 8 },
        train: [
          { from: 0, to: 3 },
          { from: 10, to: 12 },
        ],
      },
      { test: { from: 8, to: 12 }, train: [{ from: 0, to: 7 }] },
    ]);
  });

  it('tries every bar exactly once, and learns from all that is far enough away', () => {
    fc.assert(
      fc.property(
        distance,
        fc.integer({ min: 2, max: 12 }),
        fc.integer({ min: 12, max: 300 }),
        ({ purge, embargo }, folds, bars) => {
          const splits = purgedFolds({ bars, folds, purge, embargo });
          expect(splits.map(({ test }) => test.from)).toEqual([
            0,
            ...splits.slice(0, -1).map(({ test }) => test.to),
          ]);
          expect(splits.at(-1)?.test.to).toBe(bars);
          for (const { train, test } of splits) {
            const all = Array.from({ length: bars }, (_, bar) => bar);
            const learnt = all.filter((bar) => train.some(({ from, to }) => bar >= from && bar < to));
            const far = all.filter((bar) => bar < test.from - purge || bar >= test.to + purge + embargo);
            expect(learnt).toEqual(far);
          }
        },
      ),
    );
  });
});

it.each([
  [() => walkForward({ bars: 10, train: 0, test: 1, purge: 0, embargo: 0 }), /train must be/],
  [() => walkForward({ bars: 10, train: 1, test: 1, purge: -1, embargo: 0 }), /purge must be/],
  [() => purgedFolds({ bars: 10, folds: 1, purge: 0, embargo: 0 }), /folds must be/],
  [
    () => purgedFolds({ bars: 3, folds: 4, purge: 0, embargo: 0 }),
    /bars must be a whole number of at least 4/,
  ],
])('refuses what makes no split: %#', (split, message) => {
  expect(split).toThrow(message);
});
