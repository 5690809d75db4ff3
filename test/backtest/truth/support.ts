import { z } from 'zod';
import type { BacktestInput } from '../../../backtest/backtest';
import type { MarketData } from '../../../backtest/market';
import { backtestRulesSchema } from '../../../backtest/rules';
import { timeframeMs } from '../../../domain/bar';
import { columnsOf, type BarColumns } from '../../../domain/bar-columns';
import type { IndicatorSpec } from '../../../domain/indicators/spec';
import type { ObservedSeries } from '../../../domain/observations';
import { RandomStream } from '../../../domain/random';
import { prepare, type PreparedStrategy } from '../../../domain/strategies/prepare';
import { findStrategy } from '../../../domain/strategies/registry';
import { exit, hold, SignalKind, type Strategy } from '../../../domain/strategy';
import { companionOf, observedBetween } from '../../domain/fixtures';
import { COIN, d, START_MS, type RuleInput } from '../support';

const HOUR_MS = 3_600_000;

/** A random walk in hourly bars, with a drift per bar and slow waves on top where they are asked for. */
export function walk(
  count: number,
  options: { readonly seed: number; readonly drift?: number; readonly wave?: number },
): BarColumns {
  const { seed, drift = 0, wave = 0 } = options;
  const random = new RandomStream(seed);
  let close = 100;
  return columnsOf(
    Array.from({ length: count }, (_, index) => {
      const open = close;
      close = Math.max(1, open * (1 + drift + wave * Math.cos(index / 8) + 0.008 * random.normal()));
      const reach = 1 + 0.003 * random.uniform();
      return {
        openTimeMs: START_MS + index * timeframeMs('1h'),
        open: Math.round(open * 100) / 100,
        high: Math.round(Math.max(open, close) * reach * 100) / 100,
        low: Math.round((Math.min(open, close) / reach) * 100) / 100,
        close: Math.round(close * 100) / 100,
        volume: 500 + 1_000 * random.uniform(),
      };
    }),
  );
}

/** What a strategy looks at beside these bars: something every three hours or so. */
function observedBy(strategy: PreparedStrategy, { length }: BarColumns): readonly ObservedSeries[] {
  const observationsOf = observedBetween(START_MS, START_MS + length * HOUR_MS, 3 * HOUR_MS);
  return strategy
    .observes(COIN.symbol)
    .map(({ kind, subject }) => ({ kind, subject, observations: observationsOf({ kind, subject }) }));
}

/** Of strategies that name their symbols. */
const NAMED: Readonly<Record<string, object>> = { pairs: { first: COIN.symbol, second: 'OTHER/USDT' } };

/** A built-in strategy as it can be run on the one market. */
export const builtIn = (id: string): PreparedStrategy => findStrategy(id).parse(NAMED[id] ?? {});

/** The one market, and a companion of it for every other that a strategy looks at. */
function marketsOf(strategy: PreparedStrategy, bars: BarColumns): readonly MarketData[] {
  const symbols = strategy.needs({ symbol: COIN.symbol, timeframe: '1h' }).map(({ symbol }) => symbol);
  return [...new Set([COIN.symbol, ...symbols])].map((symbol) => ({
    instrument: { ...COIN, symbol },
    timeframe: '1h',
    bars: symbol === COIN.symbol ? bars : companionOf(bars),
  }));
}

/** One strategy on one market, half of the cash each time. */
export const inputOf = (
  strategy: PreparedStrategy,
  bars: BarColumns,
  rules: RuleInput = {},
): BacktestInput => ({
  markets: marketsOf(strategy, bars),
  runs: [{ name: strategy.id, strategy, symbols: [COIN.symbol], maxHoldingBars: null }],
  observations: observedBy(strategy, bars),
  startingBalance: d('1000'),
  rules: backtestRulesSchema.parse({ sizing: { kind: 'cash-fraction', fraction: 0.5 }, ...rules }),
});

/** Long while the close is above a series, flat while it is below. */
export function above(series: IndicatorSpec, change: Partial<PreparedStrategy> = {}): PreparedStrategy {
  const strategy: Strategy<Record<string, never>, 'level'> = {
    id: 'above',
    summary: 'Long above a level.',
    parameters: z.strictObject({}),
    indicators: () => ({ level: series }),
    onBar(view) {
      const close = view.close.at(0);
      const isAbove = close > view.indicators.level.at(0);
      if (view.position !== null) return isAbove ? STAY : LEAVE;
      if (!isAbove || !(view.close.at(1) <= view.indicators.level.at(1))) return STAY;
      const [stopPrice, targetPrice] = [close * 0.9, close * 1.2];
      return {
        kind: SignalKind.Enter,
        ...{ side: 'long', referencePrice: close, stopPrice, targetPrice, trailDistance: null },
        because: () => [],
      };
    },
  };
  return { ...prepare(strategy, {}), ...change };
}

export const STAY = hold<Record<string, never>, 'level'>(() => []);
export const LEAVE = exit<Record<string, never>, 'level'>(() => []);
