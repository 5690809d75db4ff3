import { kurtosis, largest, mean, skewness, smallest } from '../statistics';
import { benchmarkMetrics, cashReturn, relativeMetrics } from './benchmark';
import { freqtradeMetrics } from './compatibility/freqtrade';
import { jesseMetrics } from './compatibility/jesse';
import { nautilusMetrics } from './compatibility/nautilus';
import { defined, divided } from './defined';
import { drawdownOf } from './drawdown';
import { DAY_MS } from './realised-equity';
import {
  cagr,
  conditionalValueAtRisk,
  dailyRate,
  fromStart,
  returnsOf,
  sharpe,
  sortino,
  valueAtRisk,
  volatility,
} from './returns';
import { activityMetrics, profitMetrics } from './trade-metrics';
import type { EquityPoint, Metrics, PerformanceInput } from './types';

const CONFIDENCE = 0.95;

/**
 * Every metric of a period under its flat name; docs/metrics.md has the formula and the source of each. Risk is taken
 * from daily returns marked to market, 365 days a year, with the sample deviation; the starting balance is the first
 * peak; what is not defined is null. The sets `freqtrade.*`, `jesse.*` and `nautilus.*` are those tools' own answers.
 */
export function performanceMetrics(input: PerformanceInput): Metrics {
  return {
    ...ownMetrics(input),
    ...freqtradeMetrics(input),
    ...jesseMetrics(input),
    ...nautilusMetrics(input),
  };
}

/** {@link performanceMetrics} without the sets of other tools. */
export function ownMetrics(input: PerformanceInput): Metrics {
  const { trades, startingBalance, startMs, endMs, buyAndHold, cashRate = 0 } = input;
  const equity = fromStart(input.equity, startingBalance, startMs);
  const cash = dailyRate(cashRate);
  const own = resultMetrics(equity, input);
  const held = benchmarkMetrics('buyAndHold', buyAndHold, startingBalance, cash);
  const cashGain = cashReturn(cashRate, endMs - startMs);
  const [ownReturn, heldReturn] = [own.totalReturn ?? null, held['buyAndHold.totalReturn'] ?? null];
  return {
    ...own,
    ...riskMetrics(equity, startingBalance, own.cagr ?? null, cash),
    ...profitMetrics(trades),
    ...activityMetrics(trades, equity, { startMs, endMs }),
    ...held,
    'buyAndHold.excessReturn': ownReturn === null || heldReturn === null ? null : ownReturn - heldReturn,
    'cash.totalReturn': cashGain,
    'cash.excessReturn': ownReturn === null ? null : ownReturn - cashGain,
    ...relativeMetrics(equity, buyAndHold, cash),
  };
}

function resultMetrics(
  equity: readonly EquityPoint[],
  { startingBalance, startMs, endMs }: PerformanceInput,
): Metrics {
  const finalBalance = equity.at(-1)?.equity ?? startingBalance;
  const profit = finalBalance - startingBalance;
  return {
    startingBalance,
    finalBalance,
    profit,
    totalReturn: divided(profit, startingBalance),
    cagr: cagr(startingBalance, finalBalance, endMs - startMs),
    days: (endMs - startMs) / DAY_MS,
  };
}

function riskMetrics(
  equity: readonly EquityPoint[],
  startingBalance: number,
  growth: number | null,
  cash: number,
): Metrics {
  const fall = drawdownOf(equity, startingBalance);
  const returns = returnsOf(equity);
  const of = (metric: (returns: readonly number[]) => number | null): number | null =>
    returns === null || returns.length === 0 ? null : metric(returns);
  const profit = (equity.at(-1)?.equity ?? startingBalance) - startingBalance;
  return {
    volatility: of(volatility),
    sharpe: of((values) => sharpe(values, cash)),
    sortino: of((values) => sortino(values, cash)),
    calmar: divided(growth, fall?.fraction ?? null),
    maxDrawdown: fall?.fraction ?? null,
    maxDrawdownAbsolute: fall?.absolute ?? null,
    maxDrawdownDays: fall?.days ?? null,
    longestUnderwaterDays: fall?.longestDays ?? null,
    currentDrawdown: fall?.current ?? null,
    ulcerIndex: fall?.ulcer ?? null,
    recoveryFactor: divided(profit, fall?.absolute ?? null),
    valueAtRisk95: of((values) => valueAtRisk(values, CONFIDENCE)),
    conditionalValueAtRisk95: of((values) => conditionalValueAtRisk(values, CONFIDENCE)),
    averageDailyReturn: of((values) => defined(mean(values))),
    bestDay: of(largest),
    worstDay: of(smallest),
    winningDays: of((values) => values.filter((value) => value > 0).length),
    losingDays: of((values) => values.filter((value) => value < 0).length),
    skewness: of((values) => defined(skewness(values))),
    kurtosis: of((values) => defined(kurtosis(values))),
  };
}
