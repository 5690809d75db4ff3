import fc from 'fast-check';
import { isUnchanged, pairedDifferences, type PairedReturns } from '../../../backtest/evaluation/paired';
import { RandomStream } from '../../../domain/random';

const sampling = { runs: 200, seed: 3, confidence: 0.95, sharedDays: true };

/** A market of `days`, and an arm that gains `edge` a day more with some noise of its own. */
function pair(options: { seed: number; days?: number; edge?: number; noise?: number }): PairedReturns {
  const { seed, days = 200, edge = 0, noise = 0 } = options;
  const [market, own] = [new RandomStream(1), new RandomStream(100 + seed)];
  const base = Array.from({ length: days }, () => 0.02 * market.normal());
  return { seed, base, arm: base.map((value) => value + edge + noise * own.normal()) };
}

describe('paired differences', () => {
  it('an arm that does the same differs by exactly nothing', () => {
    const pairs = [pair({ seed: 1 }), pair({ seed: 2 })];
    const { growth, sharpe, totalReturn, maxDrawdown } = pairedDifferences(pairs, sampling);
    expect(isUnchanged(pairs)).toBe(true);
    for (const { observed, low, high } of [growth, sharpe, totalReturn, maxDrawdown])
      expect([observed, low, high]).toEqual([0, 0, 0]);
  });

  it('growth is by how much more the money has grown', () => {
    const { growth, totalReturn } = pairedDifferences(
      [{ seed: 1, base: [0.1, -0.05], arm: [0.2, 0] }],
      sampling,
    );
    expect(growth.observed).toBeCloseTo((1.2 * 1) / (1.1 * 0.95) - 1, 12);
    expect(totalReturn.observed).toBeCloseTo(0.2 - (1.1 * 0.95 - 1), 12);
  });

  it('is the mean over seeds, each against its own base', () => {
    const pairs: PairedReturns[] = [
      { seed: 1, base: [0, 0], arm: [0.1, 0] },
      { seed: 2, base: [0.5, 0], arm: [0.5, 0] },
    ];
    const { growth, totalReturn } = pairedDifferences(pairs, { ...sampling, sharedDays: false });
    expect(growth.observed).toBeCloseTo(Math.sqrt(1.1) - 1, 12);
    expect(totalReturn.observed).toBeCloseTo(0.05, 12);
  });

  it('the market cancels: an edge a hundredth of its noise is found', () => {
    const { growth } = pairedDifferences([pair({ seed: 1, edge: 0.0002, noise: 0.0002 })], sampling);
    expect(growth.low).toBeGreaterThan(0);
  });

  it('seeds that say the same of one market are no more evidence than one', () => {
    const width = (count: number): number => {
      const same = Array.from({ length: count }, () => pair({ seed: 1, noise: 0.01 }));
      const { growth } = pairedDifferences(same, sampling);
      return (growth.high ?? NaN) - (growth.low ?? NaN);
    };
    expect(width(9)).toBeGreaterThan(0.8 * width(1));
  });

  it('seeds that each have a market of their own are more evidence than one', () => {
    const apart = Array.from({ length: 9 }, (_, seed) => pair({ seed, noise: 0.01 }));
    const width = (pairs: readonly PairedReturns[]): number => {
      const { growth } = pairedDifferences(pairs, { ...sampling, sharedDays: false });
      return (growth.high ?? NaN) - (growth.low ?? NaN);
    };
    expect(width(apart)).toBeLessThan(0.75 * width(apart.slice(0, 1)));
  });

  it('without an edge, the interval holds zero about as often as it says', () => {
    const found = Array.from({ length: 40 }, (_, seed) =>
      pairedDifferences([pair({ seed, days: 120, noise: 0.01 })], { ...sampling, runs: 100, seed }),
    );
    const missed = found.filter(({ growth }) => (growth.low ?? 0) > 0 || (growth.high ?? 0) < 0).length;
    // Five in a hundred, and four deviations of a binomial above: 40 · 0.05 + 4 · √(40 · 0.05 · 0.95)
    expect(missed).toBeLessThan(8);
  });

  it('is the same for the same seed, and for any days it is between its ends or on them', () => {
    const day = fc.double({ min: -0.2, max: 0.2, noNaN: true });
    fc.assert(
      fc.property(fc.array(fc.tuple(day, day), { minLength: 2, maxLength: 30 }), (days) => {
        const one = { seed: 1, base: days.map(([base]) => base), arm: days.map(([, arm]) => arm) };
        const few = { ...sampling, runs: 20 };
        const first = pairedDifferences([one], few);
        expect(pairedDifferences([one], few)).toEqual(first);
        expect(first.growth.low).toBeLessThanOrEqual(first.growth.high ?? NaN);
      }),
      { numRuns: 20 },
    );
  });

  it('refuses what cannot be compared', () => {
    expect(() => pairedDifferences([], sampling)).toThrow('no seed');
    expect(() => pairedDifferences([{ seed: 4, base: [0], arm: [0, 0] }], sampling)).toThrow('seed 4');
  });
});
