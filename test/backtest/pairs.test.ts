import { runBacktest } from '../../backtest/backtest';
import type { MarketData } from '../../backtest/market';
import { backtestRulesSchema, perpetualSchema } from '../../backtest/rules';
import { columnsOf, type BarColumns } from '../../domain/bar-columns';
import { findStrategy } from '../../domain/strategies/registry';
import { barsOf, companionOf, walk } from '../domain/fixtures';
import { COIN, d } from './support';

const [FIRST, SECOND] = ['BTC/USDT:USDT', 'ETH/USDT:USDT'] as const;
const first = columnsOf(barsOf(walk(3, 1_500)));

const market = (symbol: string, bars: BarColumns): MarketData => ({
  instrument: { ...COIN, symbol, makerFee: d('0'), takerFee: d('0') },
  timeframe: '1m',
  bars,
  perpetual: perpetualSchema.parse({}),
});

it('a pair run on both perpetuals enters both legs at once, one long and one short, and leaves both at once', () => {
  const result = runBacktest({
    markets: [market(FIRST, first), market(SECOND, companionOf(first))],
    runs: [
      {
        name: 'pair',
        // Stops so far away that only the spread ends a trade.
        strategy: findStrategy('pairs').parse({
          first: FIRST,
          second: SECOND,
          period: 120,
          stopFraction: 0.3,
        }),
        symbols: [FIRST, SECOND],
        maxHoldingBars: null,
      },
    ],
    startingBalance: d('10000'),
    rules: backtestRulesSchema.parse({ sizing: { kind: 'cash-fraction', fraction: 0.1 } }),
  });
  const legs = (symbol: string) =>
    result.trades
      .filter((trade) => trade.symbol === symbol)
      .map(({ openTimeMs, closeTimeMs, exitReason, side }) => ({
        openTimeMs,
        closeTimeMs,
        exitReason,
        side,
      }));
  const opposite = legs(SECOND).map((leg) => ({ ...leg, side: leg.side === 'long' ? 'short' : 'long' }));
  expect(legs(FIRST)).toEqual(opposite);
  expect(legs(FIRST).length).toBeGreaterThan(5);
  expect(new Set(legs(FIRST).map(({ side }) => side))).toEqual(new Set(['long', 'short']));
  // Without costs a spread that always comes back can only win.
  expect(result.trades.reduce((sum, { profit }) => sum + profit, 0)).toBeGreaterThan(0);
});
