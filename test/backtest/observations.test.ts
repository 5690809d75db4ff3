import { z } from 'zod';
import { runBacktest, type BacktestInput } from '../../backtest/backtest';
import { backtestRulesSchema } from '../../backtest/rules';
import { observationColumns, type ObservedSeries } from '../../domain/observations';
import { prepare } from '../../domain/strategies/prepare';
import { hold, SignalKind, type Strategy } from '../../domain/strategy';
import { candles, COIN, d, play, START_MS, still } from './support';

const HOUR_MS = 3_600_000;

const MOODS: ObservedSeries = {
  kind: 'mood',
  subject: 'COIN',
  observations: observationColumns('mood', [
    { timeMs: START_MS, knownMs: START_MS + 2 * HOUR_MS, values: [0.5, 0] },
    { timeMs: START_MS + 3 * HOUR_MS, knownMs: START_MS + 4 * HOUR_MS + 1, values: [-0.5, 1] },
  ]),
};

const NOTHING = hold<Record<string, never>, 'score'>(() => []);

function scoresSeen(observations: Pick<BacktestInput, 'observations'>): readonly number[] {
  const scores: number[] = [];
  const strategy: Strategy<Record<string, never>, 'score'> = {
    id: 'onlooker',
    summary: 'Writes down what it sees.',
    parameters: z.strictObject({}),
    indicators: () => ({ score: { of: 'mood', maxAgeMs: 6 * HOUR_MS } }),
    warmupBars: () => 1,
    onBar({ indicators: { score } }) {
      scores.push(score.at(0));
      return NOTHING;
    },
  };
  runBacktest({
    markets: [{ instrument: COIN, timeframe: '1h', bars: candles(still(10, 8)) }],
    runs: [
      { name: 'onlooker', strategy: prepare(strategy, {}), symbols: [COIN.symbol], maxHoldingBars: null },
    ],
    startingBalance: d('1000'),
    rules: backtestRulesSchema.parse({}),
    ...observations,
  });
  return scores;
}

it('a strategy sees of an observation what was known at the close, and nothing where nothing is known', () => {
  expect(scoresSeen({ observations: [MOODS] })).toEqual([NaN, 0.5, 0.5, 0.5, -0.5, -0.5, -0.5, -0.5]);
  expect(scoresSeen({ observations: [{ ...MOODS, subject: 'OTHER' }] })).toEqual(Array(8).fill(NaN));
  expect(scoresSeen({})).toEqual(Array(8).fill(NaN));
});

it.each([
  [null, 3],
  [2, 2],
  [5, 3],
])('a position is held no longer than its strategy says, nor than %p bars', (maxHoldingBars, bars) => {
  const bounded: Strategy<Record<string, never>, never> = {
    id: 'bounded',
    summary: 'Enters once, and has three bars.',
    parameters: z.strictObject({}),
    indicators: () => ({}),
    maxHoldingBars: () => 3,
    onBar: (view) =>
      view.openTimeMs > START_MS
        ? hold(() => [])
        : {
            kind: SignalKind.Enter,
            ...{ side: 'long', referencePrice: 10, stopPrice: 5, targetPrice: 20, trailDistance: null },
            because: () => [],
          },
  };
  const { trades } = runBacktest({
    markets: [{ instrument: COIN, timeframe: '1h', bars: candles(still(10, 12)) }],
    runs: [{ name: 'bounded', strategy: prepare(bounded, {}), symbols: [COIN.symbol], maxHoldingBars }],
    startingBalance: d('1000'),
    rules: backtestRulesSchema.parse({ sizing: { kind: 'cash-fraction', fraction: 0.5 } }),
  });
  const scripted = play({ bars: still(10, 12), steps: { 0: { stop: 5, target: 20 } }, maxHoldingBars: bars });
  expect(trades).toMatchObject([{ exitReason: 'time', closeTimeMs: scripted.trades[0]?.closeTimeMs }]);
});
