import { drawdownOf } from '../../domain/performance/drawdown';
import { divided } from '../../domain/performance/defined';
import { DAY_MS } from '../../domain/performance/realised-equity';
import {
  cagr,
  conditionalValueAtRisk,
  sharpe,
  sortino,
  valueAtRisk,
  volatility,
} from '../../domain/performance/returns';
import { byClose, profitMetrics } from '../../domain/performance/trade-metrics';
import type { EquityPoint, TradeRecord } from '../../domain/performance/types';
import { blockFor, intervals, shuffled, stationaryBootstrap, type Interval } from './resampling';

/** How samples are drawn. */
export interface Sampling {
  readonly runs: number;
  readonly seed: number;
  /** Between 0 and 1, like 0.9. */
  readonly confidence: number;
  /** Mean length of blocks; the cube root of the number of values when left out. */
  readonly meanBlock?: number;
}

type ReturnMetric =
  | 'totalReturn'
  | 'cagr'
  | 'volatility'
  | 'sharpe'
  | 'sortino'
  | 'calmar'
  | 'maxDrawdown'
  | 'valueAtRisk95'
  | 'conditionalValueAtRisk95';

const TRADE_METRICS = [
  'winRate',
  'profitFactor',
  'expectancy',
  'expectancyRatio',
  'payoffRatio',
  'sqn',
] as const;
type TradeMetric = (typeof TRADE_METRICS)[number];

/**
 * Intervals of the metrics of daily returns, by the stationary bootstrap: what else these days might have made of it,
 * had they come in other runs. It knows no other days than those there were.
 */
export const returnIntervals = (
  returns: readonly number[],
  sampling: Sampling,
): Readonly<Record<ReturnMetric, Interval>> =>
  intervals({
    values: returns,
    statistics: metricsOfReturns,
    resample: stationaryBootstrap(sampling.meanBlock ?? blockFor(returns.length)),
    ...sampling,
  });

function metricsOfReturns(returns: readonly number[]): Readonly<Record<ReturnMetric, number | null>> {
  const equity = compound(returns);
  const final = equity.at(-1)?.equity ?? 1;
  const growth = cagr(1, final, returns.length * DAY_MS);
  const fall = drawdownOf(equity, 1)?.fraction ?? null;
  return {
    totalReturn: final - 1,
    cagr: growth,
    volatility: volatility(returns),
    sharpe: sharpe(returns),
    sortino: sortino(returns),
    calmar: divided(growth, fall),
    maxDrawdown: fall,
    valueAtRisk95: valueAtRisk(returns, 0.95),
    conditionalValueAtRisk95: conditionalValueAtRisk(returns, 0.95),
  };
}

function compound(returns: readonly number[]): readonly EquityPoint[] {
  let equity = 1;
  const rest = returns.map((value, index) => {
    equity *= 1 + value;
    return { timeMs: (index + 1) * DAY_MS, equity };
  });
  return [{ timeMs: 0, equity: 1 }, ...rest];
}

/** Intervals of the metrics of single trades, by the stationary bootstrap over the order of their closes. */
export const tradeIntervals = (
  trades: readonly TradeRecord[],
  sampling: Sampling,
): Readonly<Record<TradeMetric, Interval>> =>
  intervals({
    values: byClose(trades),
    statistics: (drawn) => {
      const metrics = profitMetrics(drawn);
      return Object.fromEntries(TRADE_METRICS.map((name) => [name, metrics[name] ?? null])) as Record<
        TradeMetric,
        number | null
      >;
    },
    resample: stationaryBootstrap(sampling.meanBlock ?? blockFor(trades.length)),
    ...sampling,
  });

/**
 * Monte Carlo of the order alone: the same profits, each once, in other orders. The end is always the same; the drawdown
 * on the way is not, and the one that happened may have been lucky.
 */
export const shuffledDrawdown = (
  trades: readonly TradeRecord[],
  startingBalance: number,
  sampling: Omit<Sampling, 'meanBlock'>,
): Readonly<Record<'maxDrawdown' | 'maxDrawdownAbsolute', Interval>> =>
  intervals({
    values: byClose(trades).map(({ profit }) => profit),
    statistics: (profits) => {
      let equity = startingBalance;
      const curve = [0, ...profits].map((profit, index) => ({ timeMs: index, equity: (equity += profit) }));
      const fall = drawdownOf(curve, startingBalance);
      return { maxDrawdown: fall?.fraction ?? null, maxDrawdownAbsolute: fall?.absolute ?? null };
    },
    resample: shuffled,
    ...sampling,
  });
