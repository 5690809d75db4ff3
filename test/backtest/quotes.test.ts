import { z } from 'zod';
import { runBacktest } from '../../backtest/backtest';
import { backtestRulesSchema } from '../../backtest/rules';
import { UserError } from '../../domain/errors';
import { decideOnWindow } from '../../domain/strategies/decide';
import { prepare } from '../../domain/strategies/prepare';
import { findStrategy } from '../../domain/strategies/registry';
import { exit, SignalKind, type Strategy } from '../../domain/strategy';
import { candles, COIN, d, play, START_MS, still, type Candle } from './support';

/**
 * Quotes, worked out by hand: bids and offers that rest for one bar and are filled when the market goes through them. 1,000 in the
 * account, half of it per trade, 0.1 % a side unless told otherwise.
 *
 * At 99 a lot of 0.001 costs 0.099 + 0.000099 = 0.099099. 500 / 0.099099 = 5,045.45…, so a bid there is for 5.045:
 * 499.455 + fee 0.499455 = 499.954455; cash is 500.045545.
 */
const HOUR_MS = 3_600_000;
const BID = { bid: 99, stop: 90, target: 130 } as const;
const MAKER = { makerFee: d('0.0002') };

/** Open and close at 100, with these extremes. */
const bar = (low: number, high: number, volume = 1_000): Candle => [100, high, low, 100, volume];

describe('a bid', () => {
  it('is filled at its price when the market goes through it', () => {
    const { fills } = play({ bars: [...still(100), bar(98.99, 101), ...still(100)], steps: { 0: BID } });
    expect(fills[0]).toMatchObject({ side: 'buy', price: 99, quantity: 5.045, fee: 0.499455 });
    // Somewhere in the bar: written at its last millisecond.
    expect(fills[0]?.timeMs).toBe(START_MS + 2 * HOUR_MS - 1);
  });

  it('is not when the market only touches it, and is gone with the bar', () => {
    const bars = [...still(100), bar(99, 101), bar(90, 101), ...still(100)];
    const { fills, refusals } = play({ bars, steps: { 0: BID } });
    expect([fills, refusals]).toEqual([[], { expired: 1 }]);
  });

  it('is quoted anew at every close', () => {
    const bars = [...still(100), bar(99.5, 101), bar(99.2, 101), bar(98, 101), ...still(100)];
    const steps = { 0: BID, 1: { ...BID, bid: 99.3 }, 2: { ...BID, bid: 98.5 } };
    const { fills, refusals } = play({ bars, steps });
    expect([fills[0]?.price, refusals]).toEqual([99.3, { expired: 1 }]);
  });

  it('pays the fee of a maker', () => {
    // 500 / (0.099 + 0.0000198) = 5,049.49…: 5.049 × 99 = 499.851, fee 0.0999702.
    const market = { instrument: { ...COIN, ...MAKER } };
    const { fills } = play({ bars: [...still(100), bar(98, 101), ...still(100)], steps: { 0: BID }, market });
    expect(fills[0]).toMatchObject({ price: 99, quantity: 5.049, fee: 0.0999702 });
  });

  it('pays no spread and no slippage', () => {
    const rules = { spreadFraction: 0.01, slippage: { kind: 'fixed', fraction: 0.01 } } as const;
    const bars = [...still(100), bar(98, 101), ...still(100)];
    expect(play({ bars, steps: { 0: BID }, rules }).fills[0]?.price).toBe(99);
  });

  test.each([99, 98])('is refused when the bar opens at %d, where it would take', (open) => {
    const bars: Candle[] = [...still(100), [open, 101, 95, 100], ...still(100)];
    const { fills, refusals } = play({ bars, steps: { 0: BID } });
    expect([fills, refusals]).toEqual([[], { 'post-only': 1 }]);
  });

  it('is protected from its fill on: a bar that goes on to the stop ends it, at a loss', () => {
    const { trades } = play({ bars: [...still(100), bar(89, 101), ...still(100)], steps: { 0: BID } });
    expect(trades).toMatchObject([{ entryPrice: 99, exitPrice: 90, exitReason: 'stop' }]);
  });

  it('is filled as far as there is volume, and no further after its bar', () => {
    // A tenth of 20 is 2.
    const bars = [...still(100), bar(98, 101, 20), bar(98, 101), ...still(100)];
    const { trades } = play({ bars, steps: { 0: BID }, rules: { participation: 0.1 } });
    expect(trades).toMatchObject([{ quantity: 2, entryPrice: 99, exitReason: 'end-of-data' }]);
  });

  it('comes as late as the way takes, and rests for a bar from then', () => {
    const bars = [...still(100), bar(98, 101), bar(98.5, 101), bar(98, 101), ...still(100)];
    const { fills } = play({ bars, steps: { 0: BID }, rules: { latencyMs: 200 } });
    expect(fills[0]).toMatchObject({ price: 99, timeMs: START_MS + 3 * HOUR_MS - 1 });
    const missed = [...still(100), bar(98, 101), bar(99, 101), bar(98, 101), ...still(100)];
    expect(play({ bars: missed, steps: { 0: BID }, rules: { latencyMs: 200 } }).refusals).toEqual({
      expired: 1,
    });
  });

  it('is sized by the limits of live trading, which are checked as for any entry', () => {
    const rules = { sizing: { kind: 'risk', limits: { riskFraction: 0.01 } } } as const;
    const bars = [...still(100), bar(98, 101), ...still(100)];
    // From the limit of risk, 100.10, to the stop a unit loses 100.2001 − 89.91 = 10.2901: a hundredth of 1,000 bears 0.971.
    expect(play({ bars, steps: { 0: BID }, rules }).fills[0]).toMatchObject({ price: 99, quantity: 0.971 });
    const refused = play({ bars, steps: { 0: { ...BID, target: 101 } }, rules });
    expect(refused.refusals).toEqual({ 'reward-to-risk': 1 });
  });

  it('sells short on a perpetual, above the market', () => {
    const perpetual = { leverage: 1, maintenanceMarginFraction: 0.005, liquidationFeeFraction: 0.0125 };
    const short = { side: 'short', bid: 101, stop: 120, target: 70 } as const;
    const through = play({
      bars: [...still(100), bar(99, 101.01), ...still(100)],
      steps: { 0: short },
      market: { perpetual },
    });
    expect(through.fills[0]).toMatchObject({ side: 'sell', price: 101 });
    const touched = play({
      bars: [...still(100), bar(99, 101), ...still(100)],
      steps: { 0: short },
      market: { perpetual },
    });
    expect(touched.fills).toEqual([]);
  });
});

describe('an offer', () => {
  const opened = [...still(100), bar(98, 100.5)];
  const steps = { 0: BID, 1: { offer: 101 } } as const;

  it('is filled at its price when the market goes through it, and the round trip is the difference less two fees', () => {
    // 5.045 × 101 = 509.545, fee 0.509545: 509.035455 − 499.954455.
    const { trades } = play({ bars: [...opened, bar(99.5, 101.01), ...still(100)], steps });
    expect(trades).toMatchObject([
      {
        ...{ entryPrice: 99, exitPrice: 101, quantity: 5.045, exitReason: 'strategy' },
        ...{ fees: 1.009, profit: 9.081, bars: 2 },
        closeTimeMs: START_MS + 3 * HOUR_MS - 1,
      },
    ]);
  });

  it('is not when the market only touches it, is gone with the bar, and leaves what is held', () => {
    const { trades } = play({ bars: [...opened, bar(99.5, 101), bar(99.5, 103), ...still(100)], steps });
    expect(trades).toMatchObject([{ exitReason: 'end-of-data', exitPrice: 100 }]);
  });

  it('gets no more than its price where the market opens beyond it later, and nothing where it opens beyond it at once', () => {
    const beyond: Candle = [102, 103, 101.5, 102];
    const refused = play({ bars: [...opened, beyond, ...still(100)], steps });
    expect(refused.trades).toMatchObject([{ exitReason: 'end-of-data' }]);
    const minutes = (list: readonly Candle[]) => ({ timeframe: '30m', bars: candles(list, '30m') }) as const;
    const finer = minutes([
      ...[...still(100, 2), bar(98, 100.5), ...still(100)],
      ...[[100, 100.5, 100, 100.5] as const, [102, 103, 101.5, 102] as const, ...still(102, 2)],
    ]);
    const later = play({
      bars: [...opened, [100, 103, 100, 102], ...still(102)],
      steps,
      market: { finer },
    });
    expect(later.trades).toMatchObject([{ exitPrice: 101, exitReason: 'strategy' }]);
  });

  it('stands beside the stop: the stop comes first where a bar reaches both, and the bar is counted', () => {
    const bars = [...opened, bar(89, 102), ...still(100)];
    const pessimistic = play({ bars, steps });
    expect(pessimistic.trades).toMatchObject([{ exitPrice: 90, exitReason: 'stop' }]);
    const optimistic = play({ bars, steps, rules: { firstOfBoth: 'target' } });
    expect(optimistic.trades).toMatchObject([{ exitPrice: 101, exitReason: 'strategy' }]);
    expect([pessimistic.ambiguousBars, optimistic.ambiguousBars]).toEqual([1, 1]);
  });

  it('stands beside the target: the nearer of the two is reached first', () => {
    const bars = [...opened, bar(99.5, 140), ...still(100)];
    expect(play({ bars, steps }).trades).toMatchObject([{ exitPrice: 101, exitReason: 'strategy' }]);
    const far = { ...steps, 1: { offer: 135 } };
    expect(play({ bars, steps: far }).trades).toMatchObject([{ exitPrice: 130, exitReason: 'target' }]);
  });

  it('is filled as far as there is volume; a stop takes the rest to the market', () => {
    const bars = [...opened, bar(99.5, 102, 20), bar(89, 100), ...still(88)];
    const { fills, trades } = play({
      bars,
      steps: { ...steps, 2: { offer: 101 } },
      rules: { participation: 0.1 },
    });
    expect(fills.map(({ price, quantity }) => [price, quantity])).toEqual([
      [99, 5.045],
      [101, 2],
      [90, 3.045],
    ]);
    expect(trades).toMatchObject([{ exitReason: 'stop' }]);
  });

  it('buys a short back below the market', () => {
    const perpetual = { leverage: 1, maintenanceMarginFraction: 0.005, liquidationFeeFraction: 0.0125 };
    const short = { side: 'short', bid: 101, stop: 120, target: 70 } as const;
    const { trades } = play({
      bars: [...still(100), bar(99.5, 102), bar(98.99, 100), ...still(100)],
      steps: { 0: short, 1: { offer: 99 } },
      market: { perpetual },
    });
    expect(trades).toMatchObject([{ side: 'short', entryPrice: 101, exitPrice: 99, exitReason: 'strategy' }]);
  });
});

describe('a strategy that does not say that it quotes', () => {
  const secret: Strategy<Record<string, never>, never> = {
    id: 'secret',
    summary: 'Quotes without saying so.',
    parameters: z.strictObject({}),
    indicators: () => ({}),
    onBar: (view) =>
      view.position === null
        ? {
            kind: SignalKind.Enter,
            ...{ side: 'long', referencePrice: 100, stopPrice: 90, targetPrice: 130, trailDistance: null },
            limitPrice: 99,
            because: () => [],
          }
        : { ...exit<Record<string, never>, never>(() => []), limitPrice: 101 },
  };
  const bars = candles(still(100, 5));

  it('is stopped in a backtest', () => {
    const run = (): unknown =>
      runBacktest({
        markets: [{ instrument: COIN, timeframe: '1h', bars }],
        runs: [
          { name: 'secret', strategy: prepare(secret, {}), symbols: [COIN.symbol], maxHoldingBars: null },
        ],
        startingBalance: d('1000'),
        rules: backtestRulesSchema.parse({}),
      });
    expect(run).toThrow(UserError);
    expect(run).toThrow('The strategy "secret" asks for a limit of 99, and does not say that it quotes.');
  });

  test.each([
    [null, 99],
    ['long', 101],
  ] as const)('is stopped live, holding %j', (position, limit) => {
    const own = { symbol: COIN.symbol, timeframe: '1h' } as const;
    expect(() => decideOnWindow(prepare(secret, {}), own, () => bars, position)).toThrow(
      `The strategy "secret" asks for a limit of ${limit}, and does not say that it quotes.`,
    );
  });
});

it('the market maker trades at its quotes, earns the spread in a market that comes back, and is bound by its stop', () => {
  // Ten minutes up, ten down, between 99.5 and 100.5, and at the end a crash.
  const swing = Array.from({ length: 1_500 }, (_, index): Candle => {
    const wave = (at: number): number => 100 + 0.5 * Math.sin((at * Math.PI) / 10);
    const [open, close] = [wave(index), wave(index + 1)].map((price) => Math.round(price * 100) / 100);
    const [from = NaN, to = NaN] = [open, close];
    return [from, Math.max(from, to) + 0.02, Math.min(from, to) - 0.02, to];
  });
  const run = (bars: readonly Candle[]) =>
    runBacktest({
      markets: [
        { instrument: { ...COIN, makerFee: d('0.0002') }, timeframe: '1m', bars: candles(bars, '1m') },
      ],
      runs: [
        {
          name: 'maker',
          strategy: findStrategy('market-maker').parse({ fairPeriod: 60, stopFraction: 0.02 }),
          symbols: [COIN.symbol],
          maxHoldingBars: null,
        },
      ],
      startingBalance: d('1000'),
      rules: backtestRulesSchema.parse({ sizing: { kind: 'cash-fraction', fraction: 0.5 } }),
    });
  const calm = run(swing).trades.slice(0, -1);
  expect(calm.length).toBeGreaterThan(10);
  expect(new Set(calm.map(({ exitReason }) => exitReason))).toEqual(new Set(['strategy']));
  expect(Math.min(...calm.map(({ profit }) => profit))).toBeGreaterThan(0);
  const crash = run([...swing, [100, 100, 90, 90], ...still(90)]);
  expect(crash.trades.at(-1)).toMatchObject({ exitReason: 'stop' });
});
