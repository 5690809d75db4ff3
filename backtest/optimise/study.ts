import { barsBetween, sliceColumns, type BarColumns } from '../../domain/bar-columns';
import type { DecimalString } from '../../domain/decimal';
import { UserError } from '../../domain/errors';
import type { ObservedSeries } from '../../domain/observations';
import { ownMetrics } from '../../domain/performance/metrics';
import { dayOf } from '../../domain/performance/realised-equity';
import { fromStart, returnsOf } from '../../domain/performance/returns';
import type { Metrics, PerformanceInput } from '../../domain/performance/types';
import type { FilterSettings } from '../../domain/strategies/filters/filter';
import { prepareFilters } from '../../domain/strategies/filters/registry';
import { withFilters } from '../../domain/strategies/filters/with-filters';
import type { AnyStrategy, PreparedStrategy } from '../../domain/strategies/prepare';
import { runBacktest, type BacktestResult } from '../backtest';
import type { MarketData } from '../market';
import type { BacktestRules } from '../rules';
import { estimateSharpe, type SharpeEstimate } from '../truth/sharpe-significance';
import { createBoundedCache, type IndicatorCache } from './indicator-cache';
import { scoreOf, type Objective } from './objective';
import type { Scored } from './search';
import type { Point } from './space';

/** A stretch of time that is traded: UTC milliseconds at which bars open, the end exclusive. */
export interface Period {
  readonly fromMs: number;
  readonly toMs: number;
}

/** What every trial of a search has in common. */
export interface StudySetup {
  /** Parameters that are not varied; what is absent has its default. */
  readonly fixed: Readonly<Record<string, unknown>>;
  /** What entries have to pass. Absent: nothing. */
  readonly filters?: readonly FilterSettings[];
  /** On one account. */
  readonly symbols: readonly string[];
  /** One for each symbol, and for each other that the strategy looks at. What comes before a period warms up. */
  readonly markets: readonly MarketData[];
  /** Absent: none. */
  readonly observations?: readonly ObservedSeries[];
  readonly rules: BacktestRules;
  readonly startingBalance: DecimalString;
  /** Null for no time stop. */
  readonly maxHoldingBars: number | null;
  readonly objective: Objective;
  /** With fewer trades a trial has no score. */
  readonly minTrades: number;
}

export interface TrialResult extends Scored {
  /** Of daily returns, not annualised; null when they do not vary. */
  readonly sharpe: SharpeEstimate | null;
  /** By flat names (docs/metrics.md): the metrics of the period that tables of trials show, and the objective. */
  readonly metrics: Metrics;
}

/** Tries points of a strategy's space on the same markets. */
export interface Study {
  /** The strategy with a point's parameters; undefined when its schema refuses them. */
  prepare(point: Point): PreparedStrategy | undefined;
  allows(point: Point): boolean;
  /** The backtest of a point over a period. Nothing after the period is seen. */
  run(point: Point, period: Period): BacktestResult;
  /** The same, told by its metrics. */
  tryPoint(point: Point, period: Period): TrialResult;
  readonly indicators: IndicatorCache['counts'];
  /** What trials elsewhere may have of what was computed here, and the other way round. */
  readonly exchange: Pick<IndicatorCache, 'fresh' | 'adopt'>;
}

/** Of each trial these are kept. */
export const TRIAL_METRICS = [
  ...['totalReturn', 'cagr', 'sharpe', 'sortino', 'calmar', 'maxDrawdown', 'profitFactor', 'winRate'],
  ...['expectancy', 'sqn', 'trades', 'exposure', 'finalBalance'],
] as const;

/** Room for results of indicators in one thread. */
export const INDICATOR_BYTES = 256 * 2 ** 20;

/**
 * @param indicatorBytes room for results of indicators that trials share; 0 computes all of them anew
 */
export function createStudy(
  unfiltered: AnyStrategy,
  setup: StudySetup,
  indicatorBytes: number = INDICATOR_BYTES,
): Study {
  const strategy = withFilters(unfiltered, prepareFilters(setup.filters ?? []));
  const cache = createBoundedCache(
    indicatorBytes,
    setup.markets.flatMap(({ bars, finer }) => (finer === undefined ? [bars] : [bars, finer.bars])),
  );
  const cut = new Map<number, readonly MarketData[]>();

  const marketsUntil = (toMs: number): readonly MarketData[] => {
    const markets = cut.get(toMs) ?? setup.markets.map((market) => until(market, toMs, cache));
    cut.set(toMs, markets);
    return markets;
  };

  const prepare = (point: Point): PreparedStrategy | undefined => {
    try {
      return strategy.parse({ ...setup.fixed, ...point });
    } catch (error) {
      if (error instanceof UserError) return undefined;
      throw error;
    }
  };

  const run = (point: Point, { fromMs, toMs }: Period): BacktestResult => {
    const { symbols, rules, startingBalance, maxHoldingBars } = setup;
    const prepared = strategy.parse({ ...setup.fixed, ...point });
    return runBacktest({
      markets: marketsUntil(toMs),
      runs: [{ name: strategy.id, strategy: prepared, symbols, maxHoldingBars }],
      ...{ rules, startingBalance, tradeFromMs: fromMs, compute: cache.compute },
      ...(setup.observations && { observations: setup.observations }),
    });
  };

  return {
    prepare,
    allows: (point) => prepare(point) !== undefined,
    run,
    tryPoint(point, period) {
      const input = performanceOf(run(point, period), period.fromMs);
      const metrics = ownMetrics(input);
      const returns = returnsOf(fromStart(input.equity, input.startingBalance, input.startMs));
      const { objective, minTrades } = setup;
      const kept = [...new Set([...TRIAL_METRICS, objective])];
      return {
        score: scoreOf(metrics, objective, minTrades),
        sharpe: returns && estimateSharpe(returns),
        metrics: Object.fromEntries(kept.map((name) => [name, metrics[name] ?? null])),
      };
    },
    indicators: cache.counts,
    exchange: cache,
  };
}

/** What was traded from `fromMs` on, for metrics: the days that only warmed up are not counted. */
export function performanceOf(result: BacktestResult, fromMs: number): PerformanceInput {
  const startMs = Math.max(fromMs, result.startMs);
  const { trades, startingBalance, endMs, daily } = result;
  return {
    ...{ trades, startingBalance, startMs, endMs },
    equity: daily.filter(({ timeMs }) => timeMs >= dayOf(startMs)),
  };
}

/** What a market was before a time. */
function until(market: MarketData, toMs: number, cache: IndicatorCache): MarketData {
  const before = (bars: BarColumns): BarColumns => {
    const cut = barsBetween(bars, -Infinity, toMs);
    if (cut.length === bars.length) return bars;
    cache.isPrefix(cut, bars);
    return cut;
  };
  const beforeAll = <T extends Pick<MarketData, 'bars' | 'mark'>>(all: T): T => {
    const bars = before(all.bars);
    return { ...all, bars, ...(all.mark && { mark: sliceColumns(all.mark, 0, bars.length) }) };
  };
  const { finer } = market;
  return { ...beforeAll(market), ...(finer && { finer: beforeAll(finer) }) };
}
