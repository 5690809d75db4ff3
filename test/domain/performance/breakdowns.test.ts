import { breakdownsOf } from '../../../domain/performance/breakdowns';
import { buyAndHoldEquity } from '../../../domain/performance/benchmark';
import { day, handWorked } from './hand-worked';

describe('breakdowns', () => {
  const breakdowns = breakdownsOf(handWorked);

  it('months by what their trades gained and by what the account did', () => {
    // From 29 January: the midnight of 1 February is day 3 (1,089), a trade that closes then belongs to February.
    expect(breakdowns.byMonth).toMatchObject([
      { key: '2024-01', trades: 2, profit: 13.5, equityReturn: 1_089 / 1_000 - 1 },
      { key: '2024-02', trades: 2, profit: 19.5, equityReturn: 1_078.11 / 1_089 - 1 },
    ]);
  });

  it('a month in which nothing closed is there, with what the account did', () => {
    const { byMonth } = breakdownsOf({ ...handWorked, trades: [], endMs: Date.UTC(2024, 3, 2) });
    expect(byMonth.map(({ key, trades, winRate }) => [key, trades, winRate])).toEqual([
      ['2024-01', 0, null],
      ['2024-02', 0, null],
      ['2024-03', 0, null],
      ['2024-04', 0, null],
    ]);
    expect(byMonth.map(({ equityReturn }) => equityReturn === null)).toEqual([false, false, true, true]);
  });

  it('groups by pair, side and reason, the best first', () => {
    expect(breakdowns.bySymbol).toEqual([
      {
        key: 'BTC/USDT',
        trades: 3,
        wins: 2,
        losses: 0,
        winRate: 2 / 3,
        profit: 38.5,
        averageProfit: 38.5 / 3,
        profitFactor: null,
      },
      {
        key: 'ETH/USDT',
        trades: 1,
        wins: 0,
        losses: 1,
        winRate: 0,
        profit: -5.5,
        averageProfit: -5.5,
        profitFactor: 0,
      },
    ]);
    expect(breakdowns.byExitReason.map(({ key, profit }) => [key, profit])).toEqual([
      ['target', 19.5],
      ['signal', 19],
      ['stop', -5.5],
    ]);
    expect(breakdowns.bySide.map(({ key }) => key)).toEqual(['long', 'short']);
  });

  it('trades that do not say are together', () => {
    const trades = [{ closeTimeMs: day(1), profit: 1 }];
    expect(breakdownsOf({ ...handWorked, trades }).bySymbol).toMatchObject([{ key: 'unknown', trades: 1 }]);
  });
});

describe('buying and holding', () => {
  const series = (...prices: readonly number[]) =>
    prices.map((price, index) => ({ timeMs: day(index), price }));

  it('puts equal parts into every pair, less one fee', () => {
    // 500 × 0.99 = 495 into each: one doubles, the other halves
    expect(buyAndHoldEquity([series(10, 20), series(8, 4)], 1_000, 0.01)).toEqual([
      { timeMs: day(0), equity: 990 },
      { timeMs: day(1), equity: 495 * 2 + 495 / 2 },
    ]);
  });

  it.each([
    ['no pair', []],
    ['a price of zero', [series(0, 1)]],
    ['a missing price', [series(1, 2), series(1)]],
  ])('refuses %s', (_, prices) => {
    expect(() => buyAndHoldEquity(prices, 1_000)).toThrow(RangeError);
  });
});
