import { ownMetrics } from '../../domain/performance/metrics';
import { dayOf } from '../../domain/performance/realised-equity';
import { fromStart, returnsOf } from '../../domain/performance/returns';
import type { Metrics, PerformanceInput } from '../../domain/performance/types';
import { mean } from '../../domain/statistics';
import type { BacktestInput, BacktestResult } from '../backtest';
import type { ProposedEntry } from '../counsel';
import { againstChance, type ChanceTest } from './chance';
import { conductOf, costOf, type Conduct, type Sitting } from './conduct';
import { isUnchanged, pairedDifferences, type Differences, type PairedReturns } from './paired';
import { worthOf, type Worth } from './verdict';

/** What is compared. */
export const ArmName = {
  /** Strategies without moods, nobody is asked. */
  Rules: 'rules',
  /** The same strategies, which see moods as they were known. */
  Mood: 'mood',
  /** The same, whose entries a panel may make smaller or veto. */
  Panel: 'panel',
} as const;
export type ArmName = (typeof ArmName)[keyof typeof ArmName];

/** One backtest of an arm. */
export interface ArmRun {
  readonly seed: number;
  readonly input: BacktestInput;
  readonly result: BacktestResult;
  /** What was said about its entries, in order; empty where nobody is asked. */
  readonly heard: readonly { readonly entry: ProposedEntry; readonly said: Sitting }[];
}

export interface Arm {
  readonly name: ArmName;
  /** In the order of the seeds, which is the same in every arm. */
  readonly runs: readonly ArmRun[];
}

export interface EvaluationOptions {
  readonly runs: number;
  readonly chanceRuns: number;
  readonly seed: number;
  readonly confidence: number;
  /** All seeds trade one market. */
  readonly sharedDays: boolean;
  /** When trading begins (UTC milliseconds). */
  readonly fromMs: number;
  /** What may be remembered, in words, for arms that ask models. */
  readonly hindsight: readonly string[];
  readonly onChance?: (done: number) => void;
}

export interface ArmReport {
  readonly name: ArmName;
  /** Means over the seeds in which they are defined, net of what models cost. */
  readonly metrics: Metrics;
  /** Dollars, the mean over seeds. */
  readonly modelCostUsd: number;
  readonly seeds: readonly { readonly seed: number; readonly metrics: Metrics }[];
}

export interface Comparison {
  readonly arm: ArmName;
  readonly base: ArmName;
  /** Intervals hold for all comparisons together: each is that much wider. */
  readonly confidence: number;
  readonly differences: Differences;
  readonly chance: ChanceTest | null;
  readonly worth: Worth;
}

export interface Evaluation {
  readonly arms: readonly ArmReport[];
  readonly comparisons: readonly Comparison[];
  /** Null where nobody was asked. */
  readonly conduct: Conduct | null;
}

/** Those that are compared, where both are there. */
const PAIRS: readonly (readonly [ArmName, ArmName])[] = [
  [ArmName.Mood, ArmName.Rules],
  [ArmName.Panel, ArmName.Rules],
  [ArmName.Panel, ArmName.Mood],
];

/**
 * What the arms are worth beside each other. Intervals are Bonferroni's: with k comparisons each has confidence 1 − (1 − c) / k.
 * Model costs are taken out of the equity at the bars they were caused at, in dollars, whatever the quote currency.
 */
export function evaluate(arms: readonly Arm[], options: EvaluationOptions): Evaluation {
  const pairs = PAIRS.flatMap(([arm, base]) => {
    const [one, other] = [arms.find(({ name }) => name === arm), arms.find(({ name }) => name === base)];
    return one === undefined || other === undefined ? [] : [[one, other] as const];
  });
  const confidence = 1 - (1 - options.confidence) / Math.max(1, pairs.length);
  const measured = new Map(
    arms.map(({ name, runs }) => [name, runs.map((run) => measuredOf(run, options.fromMs))]),
  );
  const measuredIn = ({ name }: Arm): readonly PerformanceInput[] => measured.get(name) ?? [];
  const chance = chanceOf(arms, options);
  return {
    arms: arms.map((arm) => reportOf(arm, measuredIn(arm))),
    comparisons: pairs.map(([arm, base]) => {
      const returns = pairedReturns(arm, measuredIn(arm), measuredIn(base));
      return compare({ arm, base, returns, chance, confidence, options });
    }),
    conduct: conductOf(byProposal(arms, options), options),
  };
}

function compare(parts: {
  readonly arm: Arm;
  readonly base: Arm;
  readonly returns: readonly PairedReturns[];
  readonly chance: ChanceTest | null;
  readonly confidence: number;
  readonly options: EvaluationOptions;
}): Comparison {
  const { arm, base, returns, confidence, options } = parts;
  const differences = pairedDifferences(returns, { ...options, confidence });
  const asks = arm.name === ArmName.Panel;
  const chance = asks ? parts.chance : null;
  return {
    ...{ arm: arm.name, base: base.name, confidence, differences, chance },
    worth: worthOf({
      ...{ arm: ARM_TITLES[arm.name], base: ARM_TITLES[base.name] },
      ...{ unchanged: isUnchanged(returns), growth: differences.growth, confidence, chance },
      days: mean(returns.map(({ base: days }) => days.length)),
      proposals: asks ? byProposal([arm], options).length : null,
      hindsight: asks ? options.hindsight : [],
    }),
  };
}

/** How people call them. */
export const ARM_TITLES: Readonly<Record<ArmName, string>> = {
  [ArmName.Rules]: 'rules only',
  [ArmName.Mood]: 'with mood',
  [ArmName.Panel]: 'with panel',
};

/** The days that were traded, with what models cost taken out. */
function measuredOf({ result, heard }: ArmRun, fromMs: number): PerformanceInput {
  const { trades, daily, startingBalance, endMs } = result;
  const startMs = Math.max(fromMs, result.startMs);
  const costUntil = (timeMs: number): number =>
    costOf(heard.filter(({ entry }) => entry.closeMs <= timeMs).map(({ said }) => said));
  const equity = daily
    .filter(({ timeMs }) => timeMs >= dayOf(startMs))
    .map(({ timeMs, equity: worth }) => ({ timeMs, equity: worth - costUntil(timeMs) }));
  return { trades, equity, startingBalance, startMs, endMs };
}

/** @throws RangeError when an equity falls to zero or below, where returns end */
function pairedReturns(
  { runs }: Arm,
  arm: readonly PerformanceInput[],
  base: readonly PerformanceInput[],
): readonly PairedReturns[] {
  return runs.map(({ seed }, index) => ({
    seed,
    base: dailyReturns(base[index], seed),
    arm: dailyReturns(arm[index], seed),
  }));
}

function dailyReturns(input: PerformanceInput | undefined, seed: number): readonly number[] {
  const { equity, startingBalance, startMs } = input ?? { equity: [], startingBalance: 0, startMs: 0 };
  const returns = returnsOf(fromStart(equity, startingBalance, startMs));
  if (returns !== null) return returns;
  throw new RangeError(`The equity of seed ${seed} falls to zero: there is nothing to compare after that.`);
}

function reportOf({ name, runs }: Arm, measured: readonly PerformanceInput[]): ArmReport {
  const seeds = runs.map(({ seed }, index) => {
    const input = measured[index];
    return { seed, metrics: input === undefined ? {} : ownMetrics(input) };
  });
  const names = Object.keys(seeds[0]?.metrics ?? {});
  const meanOf = (metric: string): number | null => {
    const known = seeds.flatMap(({ metrics }) => metrics[metric] ?? []);
    return known.length === 0 ? null : mean(known);
  };
  return {
    name,
    metrics: Object.fromEntries(names.map((metric) => [metric, meanOf(metric)])),
    modelCostUsd: mean(runs.map(({ heard }) => costOf(heard.map(({ said }) => said)))),
    seeds,
  };
}

function chanceOf(arms: readonly Arm[], options: EvaluationOptions): ChanceTest | null {
  const asked = arms.find(({ name }) => name === ArmName.Panel);
  if (asked === undefined || options.chanceRuns < 1) return null;
  const seeds = asked.runs.map(({ seed, input, result, heard }) => ({
    ...{ seed, input, said: heard.map(({ said }) => said), finalEquity: result.finalEquity },
  }));
  return againstChance(seeds, {
    ...{ runs: options.chanceRuns, seed: options.seed },
    ...(options.onChance && { onRun: options.onChance }),
  });
}

/** What was said about each proposal; where every seed has a market of its own, no two have one in common. */
function byProposal(
  arms: readonly Arm[],
  { sharedDays }: Pick<EvaluationOptions, 'sharedDays'>,
): readonly (readonly Sitting[])[] {
  const said = new Map<string, Sitting[]>();
  for (const { seed, heard } of arms.flatMap(({ runs }) => runs))
    for (const { entry, said: sitting } of heard) {
      const { strategy, symbol, closeMs } = entry;
      const key = JSON.stringify([strategy, symbol, closeMs, sharedDays ? null : seed]);
      said.set(key, [...(said.get(key) ?? []), sitting]);
    }
  return [...said.values()];
}
