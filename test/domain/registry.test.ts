import { UserError } from '../../domain/errors';
import { findStrategy, STRATEGIES } from '../../domain/strategies/registry';
import './fixtures';

it('knows the strategies by their ids', () => {
  expect(Object.keys(STRATEGIES)).toEqual(
    expect.arrayContaining(['rsi', 'ema-cross', 'bollinger', 'donchian', 'news-event', 'pairs']),
  );
  for (const [id, strategy] of Object.entries(STRATEGIES)) {
    expect(strategy.id).toBe(id);
    expect(strategy.summary).toMatch(/^[A-Z].*\.$/);
  }
});

test.each(['macd', '', 'constructor', '__proto__'])(
  'there is no strategy %j, and the error names those there are',
  (id) => {
    const search = (): unknown => findStrategy(id);
    expect(search).toThrow(UserError);
    expect(search).toThrow(`There is no strategy "${id}".`);
    expect(hintOf(search)).toBe(`Known strategies: ${Object.keys(STRATEGIES).join(', ')}.`);
  },
);

function hintOf(action: () => unknown): string | undefined {
  try {
    action();
  } catch (error) {
    if (error instanceof UserError) return error.hint;
  }
  return undefined;
}

describe('parameters', () => {
  it('have defaults', () => {
    expect(findStrategy('rsi').parse(undefined).parameters).toEqual({
      period: 14,
      oversold: 30,
      overbought: 70,
      trendPeriod: null,
      minMood: null,
      moodMaxAgeHours: 24,
      maxFearGreed: null,
      atrPeriod: 14,
      stopAtr: 3,
      stopFraction: null,
      rewardToRisk: 2,
      targetFraction: null,
      costFraction: 0.0035,
      trailAtr: null,
    });
    expect(findStrategy('ema-cross').parse({}).parameters).toEqual({
      fast: 12,
      slow: 26,
      adxPeriod: 14,
      minAdx: 15,
      rsiPeriod: 14,
      maxRsi: null,
      atrPeriod: 14,
      stopAtr: 3,
      stopFraction: null,
      rewardToRisk: 3,
      targetFraction: null,
      costFraction: 0.0035,
      trailAtr: 3,
    });
  });

  test.each<[string, unknown, string]>([
    [
      'rsi',
      { rewardToRisk: 1.5 },
      'strategies.rsi.rewardToRisk is 1.5: Too small: expected number to be >=2',
    ],
    [
      'rsi',
      { period: 'long' },
      'strategies.rsi.period is "long": Invalid input: expected number, received string',
    ],
    ['rsi', { oversold: 80 }, 'strategies.rsi.oversold is 80: must be below "overbought"'],
    [
      'rsi',
      { perid: 14 },
      'strategies.rsi.perid is 14: not a parameter; there are period, oversold, overbought',
    ],
    ['rsi', [], 'strategies.rsi is []: Invalid input: expected object, received array'],
    ['ema-cross', { fast: 30 }, 'strategies.ema-cross.fast is 30: must be below "slow"'],
    ['ema-cross', { rewardToRisk: 1 }, 'strategies.ema-cross.rewardToRisk is 1: Too small'],
    ['bollinger', { deviations: 0 }, 'strategies.bollinger.deviations is 0: Too small'],
    ['donchian', { exitPeriod: 20 }, 'strategies.donchian.exitPeriod is 20: must be below "entryPeriod"'],
    ['pairs', { second: 'BTC/USDT' }, 'strategies.pairs.second is "BTC/USDT": must differ from "first"'],
    ['pairs', { first: 'bitcoin' }, 'strategies.pairs.first is "bitcoin": must be a symbol like ETH/USDT'],
    ['pairs', { stopZ: 2 }, 'strategies.pairs.stopZ is 2: must be above "entryZ"'],
    ['pairs', { significance: 0.2 }, 'strategies.pairs.significance is 0.2: must be 0.01, 0.05 or 0.1'],
    ['ema-cross', { stopAtr: null }, 'strategies.ema-cross.stopAtr is null: Invalid input: expected number'],
  ])('of %s: %j is refused by path, value and what is allowed', (id, parameters, message) => {
    const parse = (): unknown => findStrategy(id).parse(parameters);
    expect(parse).toThrow(UserError);
    expect(parse).toThrow(message);
  });

  it('are all named when several are wrong', () => {
    expect(() => findStrategy('rsi').parse({ period: 1, stopAtr: 0, foo: 1 })).toThrow(
      /period is 1: .*\n.*stopAtr is 0: .*\n.*foo is 1: not a parameter/,
    );
  });

  test.each([
    ['rsi', {}, 389],
    ['rsi', { period: 7, atrPeriod: 7 }, 189],
    ['rsi', { trendPeriod: 100 }, 1_483],
    ['ema-cross', {}, 775],
    ['ema-cross', { slow: 50 }, 775],
    ['ema-cross', { adxPeriod: 30 }, 1_693],
    ['ema-cross', { adxPeriod: 30, minAdx: null }, 389],
    ['bollinger', {}, 389],
    ['bollinger', { period: 30, stopFraction: 0.02 }, 31],
    ['pairs', { stopFraction: 0.02 }, 241],
    ['pairs', { period: 1_000 }, 1_001],
    ['donchian', { entryPeriod: 55, stopFraction: 0.02 }, 56],
  ])('of %s: %j need a warm-up of %d bars', (id, parameters, bars) => {
    expect(findStrategy(id).parse(parameters).warmupBars).toBe(bars);
  });
});
