import { percent } from '../../domain/display';
import { DAYS_PER_YEAR } from '../../domain/performance/returns';
import type { Metrics } from '../../domain/performance/types';
import { sampleDeviation } from '../../domain/statistics';
import { deflatedSharpe, expectedHighestSharpe, probabilisticSharpe } from '../truth/sharpe-significance';
import { costNotes } from '../report/costs';
import { isMinimised, type Objective } from './objective';
import { resultOf, type SearchMethod, type Trial } from './search';
import type { Point, Space } from './space';
import { plateauOf, stabilityMaps, type Plateau, type StabilityMap } from './stability';
import type { TrialResult } from './study';
import type { RankedTrial, SweepDefinition, SweepPeriods } from './sweep';

/** A trial as it is told. */
export interface ToldTrial {
  readonly number: number;
  readonly point: Point;
  /** More is better; null when it has none. */
  readonly score: number | null;
  readonly metrics: Metrics;
}

export interface ToldBest extends ToldTrial {
  /** Where the search has not looked; null when nothing was kept for that. */
  readonly outOfSample: Metrics | null;
}

/** What came of an optimisation: the document that `--json FILE` writes. */
export interface SweepReport {
  readonly title: string;
  readonly configuration: Readonly<Record<string, unknown>>;
  readonly notes: readonly string[];
  readonly space: Space;
  readonly objective: Objective;
  readonly isMinimised: boolean;
  readonly method: SearchMethod;
  readonly seed: number;
  /** How many were made, the failed ones included: the number that deflates a Sharpe ratio. */
  readonly trials: number;
  /** Of them without a score. */
  readonly failed: number;
  /** Proposals that the strategy's schema refuses or that were tried already: no trials. */
  readonly passedOver: number;
  readonly sharpe: SweepSharpe;
  /** The best first. */
  readonly best: readonly ToldBest[];
  /** Null when no trial has a score. */
  readonly plateau: Plateau | null;
  readonly maps: readonly StabilityMap[];
  /** Every trial, in the order in which they were proposed. */
  readonly all: readonly ToldTrial[];
}

/** How much of the best trial's Sharpe ratio is due to there having been many. Ratios are annualised. */
export interface SweepSharpe {
  readonly trials: number;
  /** Of the trials' ratios; null for fewer than two. */
  readonly deviation: number | null;
  /** To be expected of the best of so many trials without any merit. */
  readonly expectedHighest: number | null;
  /** Of the best trial: the probability that its true ratio is above zero, taken by itself, and as the best of all. */
  readonly probabilistic: number | null;
  readonly deflated: number | null;
  /** Out of sample, where it is one trial. */
  readonly outOfSample: number | null;
}

/** Puts a sweep's trials together. */
export function sweepReport(parts: {
  readonly definition: SweepDefinition;
  readonly periods: SweepPeriods;
  readonly trials: readonly Trial<TrialResult>[];
  readonly ranked: readonly RankedTrial[];
  /** Where the bars are from. */
  readonly data: string;
  readonly notes: readonly string[];
}): SweepReport {
  const { definition, periods, trials, ranked } = parts;
  const { plan, objective } = definition;
  const { best, passedOver } = resultOf(trials);
  const notes = [
    ...lossNote(best),
    ...costNotes(definition),
    ...parts.notes,
    ...(trials.length < plan.trials && plan.method !== 'grid'
      ? [`There are no more than ${trials.length} points that the strategy takes in this space.`]
      : []),
  ];
  return {
    title: `${definition.strategyId} on ${definition.symbols.join(', ')} ${definition.timeframe}: ${plan.method} search, seed ${plan.seed}`,
    configuration: configurationOf(definition, periods, parts.data),
    ...{ notes, space: plan.space, objective, isMinimised: isMinimised(objective) },
    ...{ method: plan.method, seed: plan.seed, trials: trials.length, passedOver },
    failed: trials.filter(({ score }) => score === null).length,
    sharpe: sharpeOf(trials, ranked[0]),
    best: ranked.map((trial) => ({ ...told(trial), outOfSample: trial.outOfSample?.metrics ?? null })),
    plateau: best && plateauOf(plan.space, trials, best),
    maps: stabilityMaps(plan.space, trials, best),
    all: trials.map(told),
  };
}

/** A plateau of losses is none to stand on. */
function lossNote(best: Trial<TrialResult> | null): readonly string[] {
  const gained = best?.result.metrics.totalReturn ?? 1;
  if (gained > 0) return [];
  return [
    `Even the best trial lost money where it was chosen (${percent(gained)}): there is nothing here to choose.`,
  ];
}

const told = ({ number, point, score, result }: Trial<TrialResult>): ToldTrial => ({
  ...{ number, point, score },
  metrics: result.metrics,
});

function sharpeOf(trials: readonly Trial<TrialResult>[], best: RankedTrial | undefined): SweepSharpe {
  const ratios = trials.flatMap(({ result }) => result.sharpe?.sharpe ?? []);
  const deviation = ratios.length < 2 ? null : sampleDeviation(ratios);
  const estimate = best?.result.sharpe ?? null;
  const year = Math.sqrt(DAYS_PER_YEAR);
  const apart = best?.outOfSample?.sharpe ?? null;
  return {
    trials: trials.length,
    deviation: deviation && deviation * year,
    expectedHighest: deviation === null ? null : expectedHighestSharpe(trials.length, deviation ** 2) * year,
    probabilistic: estimate && probabilisticSharpe(estimate),
    deflated:
      estimate && deflatedSharpe(estimate, trials.length, deviation === null ? undefined : deviation ** 2),
    outOfSample: apart && probabilisticSharpe(apart),
  };
}

function configurationOf(
  { plan, strategyId, fixed, filters, objective, minTrades, ...rest }: SweepDefinition,
  { inSample, outOfSample, purgeBars }: SweepPeriods,
  data: string,
): Readonly<Record<string, unknown>> {
  const span = ({ fromMs, toMs }: { readonly fromMs: number; readonly toMs: number }) => ({
    from: new Date(fromMs).toISOString(),
    to: new Date(toMs).toISOString(),
  });
  return {
    ...{ strategy: strategyId, fixed, ...(filters && { filters }), plan, objective, minTrades },
    ...{ symbols: rest.symbols, timeframe: rest.timeframe, data, finer: rest.finer ?? null },
    ...{ inSample: span(inSample), outOfSample: outOfSample && span(outOfSample), purgeBars },
    ...{ balance: rest.startingBalance, fees: rest.fees, maxHoldingBars: rest.maxHoldingBars },
    rules: rest.rules,
    ...(rest.symbols.some((symbol) => symbol.includes(':')) && { perpetual: rest.perpetual }),
  };
}

/** The report as a JSON document. */
export const sweepJson = (report: SweepReport): string => `${JSON.stringify(report, null, 1)}\n`;
