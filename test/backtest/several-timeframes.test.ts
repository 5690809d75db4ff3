import { runBacktest, type StrategyRun } from '../../backtest/backtest';
import { backtestRulesSchema } from '../../backtest/rules';
import { candles, COIN, d, scripted, START_MS, still } from './support';

const HOUR_MS = 3_600_000;

const run = (...runs: readonly StrategyRun[]) =>
  runBacktest({
    markets: [
      { instrument: COIN, timeframe: '1h', bars: candles(still(100, 24)) },
      { instrument: COIN, timeframe: '4h', bars: candles(still(100, 6), '4h') },
    ],
    runs,
    startingBalance: d('1000'),
    rules: backtestRulesSchema.parse({ sizing: { kind: 'cash-fraction', fraction: 0.1 } }),
  }).trades.map(({ strategy, openTimeMs, closeTimeMs }) => [
    strategy,
    (openTimeMs - START_MS) / HOUR_MS,
    (closeTimeMs - START_MS) / HOUR_MS,
  ]);

const of = (timeframe: '1h' | '4h'): StrategyRun => ({
  ...{ name: timeframe, timeframe, symbols: [COIN.symbol], maxHoldingBars: null },
  strategy: scripted({ 1: { stop: 90, target: 120 }, 3: 'exit' }, timeframe),
});

it('strategies of one symbol decide on bars of their own timeframe, beside each other on one account', () => {
  // The bars with the numbers 1 and 3 close after 2 and 4 of their lengths.
  expect(run(of('1h'))).toEqual([['1h', 2, 4]]);
  expect(run(of('4h'))).toEqual([['4h', 8, 16]]);
  expect(run(of('1h'), of('4h'))).toEqual([
    ['1h', 2, 4],
    ['4h', 8, 16],
  ]);
});
