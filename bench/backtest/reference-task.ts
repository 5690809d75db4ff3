import { runBacktest, type BacktestResult } from '../../backtest/backtest';
import { backtestRulesSchema } from '../../backtest/rules';
import type { BarColumns } from '../../domain/bar-columns';
import { decimal } from '../../domain/decimal';
import type { Instrument } from '../../domain/instrument';
import type { ClosedTrade } from '../../domain/performance/types';
import { findStrategy } from '../../domain/strategies/registry';
import { randomBars } from './random-bars';
import type { LoopTrade } from './specialised-loop';

export const REFERENCE_BALANCE = decimal('100000');

export const REFERENCE_INSTRUMENT: Instrument = {
  symbol: 'BTC/USDT',
  base: 'BTC',
  quote: 'USDT',
  tickSize: decimal('0.01'),
  stepSize: decimal('0.00001'),
  minQuantity: decimal('0.00001'),
  minNotional: decimal('5'),
  makerFee: decimal('0.001'),
  takerFee: decimal('0.001'),
};

const START_MS = Date.UTC(2024, 0, 1);
const YEAR_OF_MINUTES = 525_600;

/** One-minute bars of a random walk, a year of them unless told otherwise. */
export const referenceBars = (length = YEAR_OF_MINUTES): BarColumns =>
  randomBars({ seed: 1, length, barMs: 60_000, startMs: START_MS, stepDeviation: 0.001 });

/** The strategy of the reference task: a built-in one with its filters set so. */
export const referenceStrategy = () =>
  findStrategy('ema-cross').parse({
    ...{ fast: 12, slow: 26, minAdx: null, maxRsi: 70, rsiPeriod: 14 },
    ...{ stopFraction: 0.02, targetFraction: 0.04, trailAtr: null },
  });

export const referenceRules = backtestRulesSchema.parse({
  sizing: { kind: 'cash-fraction', fraction: 0.1 },
  bracketFrom: 'fill',
});

/** The reference task by the engine, everything included from bars to trades. */
export function runReference(bars: BarColumns): BacktestResult {
  return runBacktest({
    markets: [{ instrument: REFERENCE_INSTRUMENT, timeframe: '1m', bars }],
    runs: [{ name: 'reference', strategy: referenceStrategy(), symbols: ['BTC/USDT'], maxHoldingBars: null }],
    startingBalance: REFERENCE_BALANCE,
    rules: referenceRules,
  });
}

/** What differs between a trade of the engine and one of the loop; undefined when nothing does. */
export function difference(trade: ClosedTrade | undefined, loop: LoopTrade | undefined): string | undefined {
  const mine = trade && [
    ...[trade.openTimeMs, trade.closeTimeMs, Math.round(trade.quantity * 100_000)],
    ...[Math.round(trade.entryPrice * 100), Math.round(trade.exitPrice * 100)],
    ...[Math.round(trade.profit * 100_000_000), trade.exitReason],
  ];
  const other = loop && [
    ...[loop.openTimeMs, loop.closeTimeMs, loop.lots],
    ...[loop.entryTicks, loop.exitTicks, loop.profitUnits, loop.exitReason],
  ];
  const [a, b] = [JSON.stringify(mine), JSON.stringify(other)];
  return a === b ? undefined : `engine ${a}, loop ${b}`;
}
