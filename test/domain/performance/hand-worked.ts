import { DAY_MS } from '../../../domain/performance/realised-equity';
import type { ClosedTrade, EquityPoint, PerformanceInput } from '../../../domain/performance/types';

export const START_MS = Date.UTC(2024, 0, 29);
/** A moment, in days from the start. */
export const day = (days: number): number => START_MS + days * DAY_MS;

export const points = (...equity: readonly number[]): readonly EquityPoint[] =>
  equity.map((value, index) => ({ timeMs: day(index), equity: value }));

const trade = (fields: Partial<ClosedTrade>): ClosedTrade => ({
  strategy: 'by-hand',
  symbol: 'BTC/USDT',
  side: 'long',
  openTimeMs: 0,
  closeTimeMs: 0,
  quantity: 1,
  entryPrice: 1,
  exitPrice: 1,
  fees: 0,
  funding: 0,
  profit: 0,
  exitReason: 'signal',
  bars: 1,
  ...fields,
});

/** Two wins, a loss and a draw, not in the order of their closes; the account goes +10 %, −10 %, … from 1,000. */
export const handWorked: PerformanceInput & { readonly trades: readonly ClosedTrade[] } = {
  startingBalance: 1_000,
  startMs: day(0),
  endMs: day(5),
  equity: points(1_000, 1_100, 990, 1_089, 980.1, 1_078.11),
  trades: [
    // 4 × (30 − 25) − 0.5
    trade({
      openTimeMs: day(4),
      closeTimeMs: day(4.5),
      quantity: 4,
      entryPrice: 25,
      exitPrice: 30,
      fees: 0.5,
      profit: 19.5,
      exitReason: 'target',
    }),
    // 2 × (110 − 100) − 1
    trade({
      openTimeMs: day(0.5),
      closeTimeMs: day(1),
      quantity: 2,
      entryPrice: 100,
      exitPrice: 110,
      fees: 1,
      profit: 19,
    }),
    // 1 × (50 − 55) − 0.5
    trade({
      openTimeMs: day(1.25),
      closeTimeMs: day(2),
      quantity: 1,
      entryPrice: 50,
      exitPrice: 55,
      fees: 0.5,
      profit: -5.5,
      side: 'short',
      symbol: 'ETH/USDT',
      exitReason: 'stop',
    }),
    trade({
      openTimeMs: day(1.5),
      closeTimeMs: day(3),
      quantity: 10,
      entryPrice: 10,
      exitPrice: 10,
      fees: 0,
      profit: 0,
    }),
  ],
};
