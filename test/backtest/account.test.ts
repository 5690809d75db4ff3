import { runBacktest } from '../../backtest/backtest';
import { backtestRulesSchema } from '../../backtest/rules';
import { UserError } from '../../domain/errors';
import { candles, COIN, d, play, scripted, START_MS, still, type Candle, type RuleInput } from './support';

const HOUR_MS = 3_600_000;

/** By hand, as in golden.test.ts; here risk sizes the entry, with 1,000 in the account. */
describe('an entry that risk has sized', () => {
  // Limit 100 · 1.001 = 100.10. At risk per coin: 100.10 · 1.001 − 95 · 0.999 = 5.2951; 1 % of 1,000 is 10: 1.888… coins. A tenth
  // of the account allows 100 / 100.10 = 0.999… coins, which is less.
  const rules: RuleInput = { sizing: { kind: 'risk' }, entry: { kind: 'limit', ttlBars: 2 } };
  const steps = { 0: { stop: 95, target: 120 } };
  const entry = (bars: readonly Candle[]): unknown => {
    const { fills, refusals } = play({ bars: [...still(100), ...bars], steps, rules });
    const [fill] = fills;
    return fill === undefined
      ? refusals
      : [fill.price, fill.quantity, (fill.timeMs - START_MS) / HOUR_MS, fill.fee];
  };

  it('takes the open when that is within its limit', () => {
    // 0.999 · 99 = 98.901, fee 0.098901
    expect(entry(still(99, 3))).toEqual([99, 0.999, 1, 0.098901]);
  });

  it('rests at its limit, and fills as a maker when the price goes through it', () => {
    const bars: Candle[] = [...still(101), [101, 101, 100.05, 101], ...still(101)];
    expect(entry(bars)).toEqual([100.1, 0.999, 3 - 1 / HOUR_MS, 0.0999999]);
  });

  it('does not fill where the price only touches it', () => {
    const bars: Candle[] = [...still(101), [101, 101, 100.1, 101], ...still(99)];
    expect(entry(bars)).toEqual({ expired: 1 });
  });

  it('is taken back after its time', () => {
    expect(entry([...still(101, 2), ...still(99, 2)])).toEqual({ expired: 1 });
  });

  it('is refused for the reasons of live trading', () => {
    // (104 · 0.999 − 100.2001) / 5.2951 is less than two
    const { refusals } = play({ bars: still(100, 3), steps: { 0: { stop: 95, target: 104 } }, rules });
    expect(refusals).toEqual({ 'reward-to-risk': 1 });
  });

  it('stops at the limit of the daily loss until the day is over', () => {
    const one = {
      sizing: { kind: 'risk', limits: { riskFraction: 1, maxPositionFraction: 1, maxExposureFraction: 1 } },
    } as const;
    const bars: Candle[] = [...still(100, 2), [90, 90, 90, 90], ...still(90, 24)];
    const again = { stop: 85, target: 110 };
    const { trades, refusals } = play({ bars, steps: { ...steps, 3: again, 24: again }, rules: one });
    // A loss of ten per cent, then a refusal on the same day and an entry on the next.
    expect(trades.map(({ exitReason }) => exitReason)).toEqual(['stop', 'end-of-data']);
    expect(refusals).toEqual({ 'daily-loss': 1 });
  });
});

describe('strategies on one account', () => {
  const market = { instrument: COIN, timeframe: '1h', bars: candles(still(100, 4)) } as const;
  const both = (fraction: number, limits?: object) =>
    runBacktest({
      markets: [market],
      runs: ['first', 'second'].map((name) => ({
        name,
        strategy: scripted({ 0: { stop: 95, target: 110 } }),
        symbols: [COIN.symbol],
        maxHoldingBars: null,
      })),
      startingBalance: d('1000'),
      rules: backtestRulesSchema.parse({ sizing: { kind: 'cash-fraction', fraction, limits } }),
    });

  it('share its limits, where it has some', () => {
    const { trades, refusals } = both(0.1, { maxOpenPositions: 1 });
    expect([trades.map(({ strategy }) => strategy), refusals]).toEqual([
      ['first'],
      { 'max-open-positions': 1 },
    ]);
    // 3.996 cost 399.9996 with the fee, of 500 that may be held: 100.0004 are left for the second, which could pay 239.70.
    expect(both(0.4, {}).trades.map(({ strategy, quantity }) => [strategy, quantity])).toEqual([
      ['first', 3.996],
      ['second', 1],
    ]);
    expect(both(0.4, { maxExposureFraction: 1 }).trades[1]?.quantity).toBe(2.397);
  });

  it('share its cash: the second has what the first has left', () => {
    // 499.9995 of 1,000; then half of 500.0005: 250.00025 / 0.1001 = 2,497.5 lots
    expect(both(0.5).trades.map(({ strategy, quantity }) => [strategy, quantity])).toEqual([
      ['first', 4.995],
      ['second', 2.497],
    ]);
  });

  it('and what is not there buys nothing', () => {
    const { trades, refusals } = both(1);
    expect(trades.map(({ strategy }) => strategy)).toEqual(['first']);
    expect(refusals).toEqual({ 'below-minimum': 1 });
  });

  it('with bars of different lengths meet in time: a decision waits for its own close, and sees no later money', () => {
    const minutes = candles(still(100, 120), '1m');
    const other = { ...COIN, symbol: 'OTHER/USDT', base: 'OTHER' };
    const { trades } = runBacktest({
      markets: [
        { ...market, bars: candles([[100, 111, 99, 105], ...still(105, 2)]) },
        { instrument: other, timeframe: '1m', bars: minutes },
      ],
      runs: [
        {
          name: 'slow',
          strategy: scripted({ 0: { stop: 95, target: 200 } }),
          symbols: [COIN.symbol],
          maxHoldingBars: null,
        },
        {
          name: 'quick',
          strategy: scripted({ 58: { stop: 95, target: 200 } }, '1m'),
          symbols: ['OTHER/USDT'],
          maxHoldingBars: null,
        },
      ],
      startingBalance: d('1000'),
      rules: backtestRulesSchema.parse({ sizing: { kind: 'cash-fraction', fraction: 0.5 } }),
    });
    const byName = Object.fromEntries(trades.map((trade) => [trade.strategy, trade]));
    // The quick one decides at 0:59 and fills there, with all the cash; the slow one at 1:00 with what is left, at 105.
    expect(byName.quick).toMatchObject({ openTimeMs: START_MS + 59 * 60_000, quantity: 4.995 });
    expect(byName.slow).toMatchObject({ openTimeMs: START_MS + HOUR_MS, quantity: 2.378 });
  });
});

describe('is refused', () => {
  const strategy = scripted({});
  const run = { name: 'a', strategy, symbols: [COIN.symbol], maxHoldingBars: null };
  const market = { instrument: COIN, timeframe: '1h', bars: candles(still(100)) } as const;
  const rules = backtestRulesSchema.parse({});
  const startingBalance = d('1000');

  test.each([
    ['two strategies of one name', { markets: [market], runs: [run, run] }, 'Two strategies are called "a"'],
    [
      'a symbol without data',
      { markets: [market], runs: [{ ...run, symbols: ['X/USDT'] }] },
      'no data of X/USDT',
    ],
    [
      'no bars',
      { markets: [{ ...market, bars: candles([]) }], runs: [run] },
      'There are no bars of COIN/USDT',
    ],
    [
      'two quote currencies',
      { markets: [market, { ...market, instrument: { ...COIN, symbol: 'A/B', quote: 'B' } }], runs: [run] },
      'A/B is not traded in USDT',
    ],
  ])('%s', (_, input, message) => {
    const start = (): unknown => runBacktest({ ...input, startingBalance, rules });
    expect(start).toThrow(UserError);
    expect(start).toThrow(message);
  });
});
