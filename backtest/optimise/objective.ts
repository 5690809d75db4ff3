import type { Metrics } from '../../domain/performance/types';

/** What a trial can be judged by: flat names of metrics (docs/metrics.md), and whether more or less of it is better. */
const DIRECTIONS = {
  sharpe: 1,
  sortino: 1,
  calmar: 1,
  totalReturn: 1,
  cagr: 1,
  profitFactor: 1,
  expectancy: 1,
  expectancyRatio: 1,
  sqn: 1,
  winRate: 1,
  payoffRatio: 1,
  recoveryFactor: 1,
  maxDrawdown: -1,
  volatility: -1,
  ulcerIndex: -1,
  conditionalValueAtRisk95: 1,
} as const satisfies Readonly<Record<string, 1 | -1>>;

export type Objective = keyof typeof DIRECTIONS;
export const OBJECTIVES = Object.keys(DIRECTIONS) as readonly Objective[];

export const DEFAULT_OBJECTIVE = 'sharpe' as const satisfies Objective;

/** Whether less of it is better. */
export const isMinimised = (objective: Objective): boolean => DIRECTIONS[objective] < 0;

/**
 * The score of a trial, of which more is always better.
 * @param minTrades with fewer trades nothing is known, whatever the metric says
 */
export function scoreOf(metrics: Metrics, objective: Objective, minTrades: number): number | null {
  const value = metrics[objective] ?? null;
  if (value === null || (metrics.trades ?? 0) < minTrades) return null;
  return DIRECTIONS[objective] * value;
}

/** The value of the objective that a score stands for. */
export const valueOf = (score: number, objective: Objective): number => DIRECTIONS[objective] * score;
