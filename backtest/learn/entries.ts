import type { EntryPlan } from '../../domain/strategy';
import { SignalKind } from '../../domain/strategy';
import type { MovingView } from '../../domain/strategy-view';
import type { PreparedStrategy } from '../../domain/strategies/prepare';
import { TradeSide } from '../../domain/performance/types';
import { decimal } from '../../domain/decimal';
import type { ObservedSeries } from '../../domain/observations';
import { runBacktest } from '../backtest';
import { firstAtOrAfter, type MarketData } from '../market';
import { backtestRulesSchema } from '../rules';
import { openView } from './dataset';

/** A position that the backtester opened. */
export interface Entry {
  readonly market: MarketData;
  readonly view: MovingView;
  readonly plan: EntryPlan;
  /** The bar at whose open it was entered. */
  readonly index: number;
  readonly openMs: number;
  readonly closeMs: number;
}

export interface EntriesInput {
  readonly markets: readonly MarketData[];
  readonly symbols: readonly string[];
  readonly observations?: readonly ObservedSeries[];
  readonly strategy: PreparedStrategy;
  readonly maxHoldingBars: number;
  readonly fromMs: number;
}

const BALANCE = decimal('1000000');
/** Small, so that no position keeps another from being opened. */
const FRACTION = 0.01;

/** The long positions that a strategy opens in a backtest, in the order in which they were opened, each with its plan. */
export function entriesOf(input: EntriesInput): readonly Entry[] {
  const { markets, symbols, observations, strategy, maxHoldingBars, fromMs } = input;
  const { trades } = runBacktest({
    markets,
    runs: [{ name: strategy.id, strategy, symbols, maxHoldingBars }],
    startingBalance: BALANCE,
    rules: backtestRulesSchema.parse({ sizing: { kind: 'cash-fraction', fraction: FRACTION } }),
    tradeFromMs: fromMs,
    ...(observations && { observations }),
  });
  const views = new Map(
    symbols.map((symbol) => {
      const market = markets.find(({ instrument }) => instrument.symbol === symbol);
      if (market === undefined) throw new Error(`There is no market ${symbol}.`);
      const own = { symbol, timeframe: market.timeframe };
      const view = openView({ markets, proposer: strategy, ...(observations && { observations }) }, own);
      return [symbol, { market, view }] as const;
    }),
  );
  const entries = trades.flatMap((trade): Entry[] => {
    const found = views.get(trade.symbol);
    if (found === undefined || trade.side !== TradeSide.Long || trade.exitReason === 'end-of-data') return [];
    const { market, view } = found;
    const index = firstAtOrAfter(market.bars.openTimeMs, trade.openTimeMs);
    view.position = null;
    view.moveTo(index - 1);
    const plan = strategy.onBar(view);
    if (plan.kind !== SignalKind.Enter) return [];
    return [{ market, view, plan, index, openMs: trade.openTimeMs, closeMs: trade.closeTimeMs }];
  });
  return entries.toSorted((a, b) => a.openMs - b.openMs);
}
