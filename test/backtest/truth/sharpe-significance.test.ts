import {
  deflatedSharpe,
  estimateSharpe,
  expectedHighestSharpe,
  minimumTrackRecord,
  probabilisticSharpe,
} from '../../../backtest/truth/sharpe-significance';

describe('the worked example of "The Deflated Sharpe Ratio" (2014)', () => {
  // Five years of daily returns, an annualised ratio of 2.5 over 250 days a year, the trials' annualised variance 1/2.
  const estimate = { sharpe: 2.5 / Math.sqrt(250), count: 1_250, skewness: -3, kurtosis: 10 };
  const variance = 1 / 2 / 250;

  it('the best of 100 trials without merit is to have 0.1132 a day', () => {
    expect(expectedHighestSharpe(100, variance)).toBeCloseTo(0.1132, 4);
  });

  it('of 100 trials the ratio is no longer significant: 0.9004', () => {
    expect(deflatedSharpe(estimate, 100, variance)).toBeCloseTo(0.9004, 4);
  });

  it('of 46 trials it still is, at 95 %: 0.9505', () => {
    expect(deflatedSharpe(estimate, 46, variance)).toBeCloseTo(0.9505, 4);
  });

  it('of normal returns 88 trials would do as well', () => {
    expect(deflatedSharpe({ ...estimate, skewness: 0, kurtosis: 3 }, 88, variance)).toBeCloseTo(0.9505, 4);
  });
});

describe('the worked example of "The Sharpe Ratio Efficient Frontier" (2012)', () => {
  // Two years of months with a monthly ratio of 0.458.
  const estimate = { sharpe: 0.458, count: 24, skewness: -2.448, kurtosis: 10.164 };

  it('as if normal 0.982, with its real shape 0.913', () => {
    expect(probabilisticSharpe({ ...estimate, skewness: 0, kurtosis: 3 })).toBeCloseTo(0.982, 3);
    expect(probabilisticSharpe(estimate)).toBeCloseTo(0.913, 3);
  });

  it('the minimum track record makes the probability exactly the confidence', () => {
    const count = minimumTrackRecord(estimate, 0.95) ?? 0;
    expect(count).toBeGreaterThan(24);
    expect(probabilisticSharpe({ ...estimate, count })).toBeCloseTo(0.95, 12);
  });
});

it('one trial deflates nothing, more trials ever more', () => {
  const estimate = { sharpe: 0.1, count: 500, skewness: 0, kurtosis: 3 };
  expect(deflatedSharpe(estimate, 1)).toBe(probabilisticSharpe(estimate));
  const chain = [2, 10, 100, 10_000].map((trials) => deflatedSharpe(estimate, trials) ?? 2);
  expect(chain).toEqual(chain.toSorted((a, b) => b - a));
  expect(new Set(chain).size).toBe(4);
});

it('nothing is claimed of returns that do not vary, or of a ratio that is not above', () => {
  expect(estimateSharpe([0.01, 0.01])).toBeNull();
  expect(estimateSharpe([])).toBeNull();
  expect(minimumTrackRecord({ sharpe: 0.1, count: 9, skewness: 0, kurtosis: 3 }, 0.95, 0.1)).toBeNull();
});

it('an estimate of returns: mean 0.02, deviation √0.012', () => {
  expect(estimateSharpe([0.1, -0.1, 0.1, -0.1, 0.1])).toEqual({
    sharpe: expect.closeTo(0.02 / Math.sqrt(0.012), 12) as number,
    count: 5,
    skewness: expect.closeTo(-0.000384 / 0.0096 ** 1.5, 9) as number,
    kurtosis: expect.closeTo(0.00010752 / 0.0096 ** 2, 9) as number,
  });
});
