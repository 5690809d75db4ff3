import { z } from 'zod';
import { runBacktest } from '../../backtest/backtest';
import { backtestRulesSchema } from '../../backtest/rules';
import { prepare } from '../../domain/strategies/prepare';
import { hold, type Strategy } from '../../domain/strategy';
import { candles, COIN, d, START_MS, type Candle } from './support';

const MINUTE_MS = 60_000;
const OTHER = { ...COIN, symbol: 'OTHER/USDT', base: 'OTHER' };

type Name = 'hourly' | 'other';
const NOTHING = hold<Record<string, never>, Name>(() => []);

/** Minutes that close at their own number plus an offset, from 1. */
const counting = (count: number, offset: number): Candle[] =>
  Array.from({ length: count }, (_, index): Candle => {
    const price = index + 1 + offset;
    return [price, price, price, price];
  });

it('what is looked at elsewhere is that of the last bar closed there, and nothing is decided before it has warmed up', () => {
  const seen: (readonly [minute: number, hourly: number, before: number, other: number])[] = [];
  const strategy: Strategy<Record<string, never>, Name> = {
    id: 'onlooker',
    summary: 'Writes down what it sees.',
    parameters: z.strictObject({}),
    indicators: () => ({
      hourly: { of: 'close', timeframe: '1h' },
      other: { of: 'close', symbol: OTHER.symbol },
    }),
    onBar({ openTimeMs, indicators: { hourly, other } }) {
      seen.push([(openTimeMs - START_MS) / MINUTE_MS, hourly.at(0), hourly.at(1), other.at(0)]);
      return NOTHING;
    },
  };
  runBacktest({
    markets: [
      { instrument: COIN, timeframe: '1m', bars: candles(counting(181, 0), '1m') },
      { instrument: OTHER, timeframe: '1m', bars: candles(counting(181, 1_000), '1m') },
    ],
    runs: [
      { name: 'onlooker', strategy: prepare(strategy, {}), symbols: [COIN.symbol], maxHoldingBars: null },
    ],
    startingBalance: d('1000'),
    rules: backtestRulesSchema.parse({}),
  });
  // Two hours must have closed: the first decision is at the close of the minute that ends the second, which closed at 120.
  expect(seen[0]).toEqual([119, 120, 60, 1_120]);
  expect(seen.find(([minute]) => minute === 178)).toEqual([178, 120, 60, 1_179]);
  expect(seen.find(([minute]) => minute === 179)).toEqual([179, 180, 120, 1_180]);
  expect(seen).toHaveLength(181 - 119);
});
