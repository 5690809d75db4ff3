import { DAY_MS, realisedEquity } from '../../../domain/performance/realised-equity';

const day = (days: number): number => Date.UTC(2024, 0, 1) + days * DAY_MS;

describe('daily equity from realised profits', () => {
  it('counts a trade from the first midnight at or after its close, whatever the order of the list', () => {
    const points = realisedEquity({
      trades: [
        { closeTimeMs: day(2.5), profit: -30 },
        { closeTimeMs: day(1), profit: 50 },
        { closeTimeMs: day(0.25), profit: 20 },
      ],
      startingBalance: 1_000,
      startMs: day(0.1),
      endMs: day(3.2),
    });
    expect(points).toEqual([
      { timeMs: day(0), equity: 1_000 },
      { timeMs: day(1), equity: 1_070 },
      { timeMs: day(2), equity: 1_070 },
      { timeMs: day(3), equity: 1_040 },
      { timeMs: day(4), equity: 1_040 },
    ]);
  });

  it('has the starting balance alone when there is no time at all', () => {
    expect(realisedEquity({ trades: [], startingBalance: 5, startMs: day(1), endMs: day(1) })).toEqual([
      { timeMs: day(1), equity: 5 },
    ]);
  });
});
