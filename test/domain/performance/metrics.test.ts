import { performanceMetrics } from '../../../domain/performance/metrics';
import { DAY_MS } from '../../../domain/performance/realised-equity';
import type { Metrics } from '../../../domain/performance/types';
import { day, handWorked, points } from './hand-worked';

const yearly = Math.sqrt(365);
/** The five daily returns are ±0.1: mean 0.02; squares of distances 3 × 0.08² + 2 × 0.12² = 0.048, over n − 1 = 4. */
const mean = 0.02;
const deviation = Math.sqrt(0.048 / 4);
const growth = 1.07811 ** (365 / 5) - 1;

const byHand: Metrics = {
  startingBalance: 1_000,
  finalBalance: 1_078.11,
  profit: 78.11,
  totalReturn: 0.07811,
  cagr: growth,
  days: 5,
  volatility: deviation * yearly,
  sharpe: (mean / deviation) * yearly,
  // Two losing days of five: √((0.01 + 0.01) / 5)
  sortino: (mean / Math.sqrt(0.004)) * yearly,
  // Peak 1,100 on day 1, low 980.1 on day 4, never regained: 119.9 / 1,100, and four days long
  maxDrawdown: 0.109,
  maxDrawdownAbsolute: 119.9,
  maxDrawdownDays: 4,
  longestUnderwaterDays: 4,
  currentDrawdown: (1_100 - 1_078.11) / 1_100,
  ulcerIndex: Math.sqrt((0.1 ** 2 + 0.01 ** 2 + 0.109 ** 2 + 0.0199 ** 2) / 6),
  calmar: growth / 0.109,
  recoveryFactor: 78.11 / 119.9,
  // The fifth percentile lies at place 0.2 of −0.1, −0.1, 0.1, 0.1, 0.1
  valueAtRisk95: 0.1,
  conditionalValueAtRisk95: 0.1,
  averageDailyReturn: mean,
  bestDay: 0.1,
  worstDay: -0.1,
  winningDays: 3,
  losingDays: 2,
  // Moments of distances 0.08 (3 ×) and −0.12 (2 ×): m2 = 0.0096, m3 = −0.000384, m4 = 0.00010752
  skewness: -0.000384 / 0.0096 ** 1.5,
  kurtosis: 0.00010752 / 0.0096 ** 2,
  trades: 4,
  wins: 2,
  losses: 1,
  draws: 1,
  winRate: 2 / 4,
  grossProfit: 38.5,
  grossLoss: -5.5,
  profitFactor: 7,
  expectancy: 33 / 4,
  expectancyRatio: 8.25 / 5.5,
  averageWin: 19.25,
  averageLoss: -5.5,
  payoffRatio: 3.5,
  largestWin: 19.5,
  largestLoss: -5.5,
  // In the order of closing: win, loss, draw, win
  maxConsecutiveWins: 1,
  maxConsecutiveLosses: 1,
  // Distances from 8.25: 10.75, −13.75, −8.25, 11.25; their squares add up to 499.25
  sqn: (Math.sqrt(4) * 8.25) / Math.sqrt(499.25 / 3),
  averageHoldingMs: 0.8125 * DAY_MS,
  averageWinHoldingMs: 0.5 * DAY_MS,
  averageLossHoldingMs: 0.75 * DAY_MS,
  medianHoldingMs: 0.625 * DAY_MS,
  longestHoldingMs: 1.5 * DAY_MS,
  // From 0.5 to 1, from 1.25 to 3 (two that overlap), from 4 to 4.5, of five days
  exposure: 2.75 / 5,
  // Bought and sold for 420 + 105 + 200 + 220, over the mean of six equities
  turnover: 945 / 1_039.535,
  turnoverPerYear: (945 / 1_039.535) * 73,
  tradesPerDay: 0.8,
  fees: 2,
  funding: 0,
};

const expectMetrics = (metrics: Metrics, expected: Metrics): void => {
  for (const [name, value] of Object.entries(expected)) {
    const found = metrics[name];
    const told = `${name}: ${found ?? 'null'}`;
    if (value === null || found === null || found === undefined)
      expect(told).toBe(`${name}: ${value ?? 'null'}`);
    else if (Math.abs(found - value) > 1e-9 * Math.max(1, Math.abs(value)))
      expect(told).toBe(`${name}: ${value}`);
  }
};

const ownNames = (metrics: Metrics): readonly string[] =>
  Object.keys(metrics).filter((name) => !/^(freqtrade|jesse|nautilus)\./.test(name));

describe('metrics against the formulas, by hand', () => {
  it('every metric of four trades and five days', () => {
    const metrics = performanceMetrics(handWorked);
    expectMetrics(metrics, byHand);
    const others = ownNames(metrics).filter((name) => !(name in byHand));
    expect(
      others.filter((name) => !/^(buyAndHold|cash)\.|^(beta|alpha|correlation|informationRatio)$/.test(name)),
    ).toEqual([]);
  });

  it('against holding something that moves half as far on the same days', () => {
    const buyAndHold = points(1_000, 1_050, 997.5, 1_047.375, 995.00625, 1_044.7565625);
    expectMetrics(performanceMetrics({ ...handWorked, buyAndHold }), {
      'buyAndHold.totalReturn': 0.0447565625,
      'buyAndHold.cagr': 1.0447565625 ** 73 - 1,
      'buyAndHold.volatility': (deviation / 2) * yearly,
      'buyAndHold.sharpe': (mean / deviation) * yearly,
      'buyAndHold.sortino': (mean / Math.sqrt(0.004)) * yearly,
      // 1,050 to 995.00625
      'buyAndHold.maxDrawdown': 54.99375 / 1_050,
      'buyAndHold.calmar': (1.0447565625 ** 73 - 1) / (54.99375 / 1_050),
      'buyAndHold.excessReturn': 0.07811 - 0.0447565625,
      beta: 2,
      alpha: 0,
      correlation: 1,
      informationRatio: (mean / deviation) * yearly,
    });
  });

  it('against cash at 10 % a year: a day earns 1.1^(1/365) − 1', () => {
    const cash = 1.1 ** (1 / 365) - 1;
    expectMetrics(performanceMetrics({ ...handWorked, cashRate: 0.1 }), {
      'cash.totalReturn': 1.1 ** (5 / 365) - 1,
      'cash.excessReturn': 0.07811 - (1.1 ** (5 / 365) - 1),
      sharpe: ((mean - cash) / deviation) * yearly,
      sortino: ((mean - cash) / Math.sqrt((2 * (0.1 + cash) ** 2) / 5)) * yearly,
    });
  });

  it('the starting balance is the first peak, also when the first point is a day later', () => {
    const equity = points(0, 900, 950).slice(1);
    expectMetrics(performanceMetrics({ ...handWorked, equity, endMs: day(2) }), {
      maxDrawdown: 0.1,
      maxDrawdownAbsolute: 100,
      maxDrawdownDays: 2,
      currentDrawdown: 0.05,
      worstDay: -0.1,
    });
  });

  it('a drawdown lasts from its peak until the peak is regained; the longest may be another', () => {
    const equity = points(1_000, 800, 1_000, 990, 995, 999, 1_010);
    expectMetrics(performanceMetrics({ ...handWorked, equity, endMs: day(6) }), {
      maxDrawdown: 0.2,
      maxDrawdownDays: 2,
      longestUnderwaterDays: 4,
      currentDrawdown: 0,
    });
  });
});

describe('what is not defined is null', () => {
  it('without trades', () => {
    expectMetrics(performanceMetrics({ ...handWorked, trades: [] }), {
      trades: 0,
      grossProfit: 0,
      winRate: null,
      profitFactor: null,
      expectancy: null,
      expectancyRatio: null,
      averageWin: null,
      averageLoss: null,
      largestWin: null,
      largestLoss: null,
      payoffRatio: null,
      sqn: null,
      averageHoldingMs: null,
      longestHoldingMs: null,
      exposure: 0,
      turnover: 0,
    });
  });

  it('without a loss', () => {
    const trades = handWorked.trades.filter(({ profit }) => profit > 0);
    expectMetrics(
      performanceMetrics({ ...handWorked, trades, equity: points(1_000, 1_010, 1_030), endMs: day(2) }),
      {
        profitFactor: null,
        expectancyRatio: null,
        payoffRatio: null,
        averageLoss: null,
        sortino: null,
        calmar: null,
        recoveryFactor: null,
        maxDrawdown: 0,
        maxDrawdownDays: 0,
      },
    );
  });

  it.each([
    ['stands still', points(1_000, 1_000, 1_000)],
    ['grows by the same every day, up to rounding', points(1_000, 1_010, 1_020.1, 1_030.301, 1_040.60401)],
    ['has one day', points(1_000, 1_010)],
  ])('when the equity %s', (_, equity) => {
    expectMetrics(performanceMetrics({ ...handWorked, equity }), {
      sharpe: null,
      sortino: null,
      calmar: null,
    });
  });

  it('when money is owed', () => {
    expectMetrics(performanceMetrics({ ...handWorked, equity: points(1_000, -50, 20), endMs: day(2) }), {
      sharpe: null,
      valueAtRisk95: null,
      bestDay: null,
      maxDrawdown: 1.05,
      finalBalance: 20,
    });
    expectMetrics(performanceMetrics({ ...handWorked, equity: points(1_000, -50), endMs: day(1) }), {
      cagr: null,
    });
  });

  it('for a period without length', () => {
    const metrics = performanceMetrics({ ...handWorked, trades: [], equity: [], endMs: day(0) });
    expectMetrics(metrics, { cagr: null, sharpe: null, exposure: null, tradesPerDay: null, maxDrawdown: 0 });
  });

  it('when one trade lacks what a metric needs', () => {
    const trades = [...handWorked.trades, { closeTimeMs: day(2), profit: 1 }];
    expectMetrics(performanceMetrics({ ...handWorked, trades }), {
      trades: 5,
      wins: 3,
      exposure: null,
      turnover: null,
      averageHoldingMs: null,
      fees: null,
      'freqtrade.profit_mean': null,
      'jesse.win_rate_longs': null,
      'nautilus.sharpe_ratio': null,
    });
  });

  it('and never an infinity or not-a-number', () => {
    for (const equity of [[], points(1_000), points(1_000, 0, 0), points(1_000, 1_010)]) {
      for (const trades of [[], handWorked.trades, handWorked.trades.slice(0, 1)]) {
        const metrics = performanceMetrics({ ...handWorked, equity, trades, endMs: day(1) });
        const odd = Object.entries(metrics).filter(([, value]) => value !== null && !Number.isFinite(value));
        expect(odd).toEqual([]);
      }
    }
  });
});
