import { isDeepStrictEqual } from 'node:util';
import type { SweepStore } from '../adapters/store/sweeps';
import type { StoredSweep } from '../backtest/optimise/sweep';
import type { TrialResult } from '../backtest/optimise/study';
import { sampleDeviation } from '../domain/statistics';
import type { PreparedStrategy } from '../domain/strategies/prepare';

/** How many trials a setting was chosen from, and how much their ratios differ. */
export interface SearchedTrials {
  readonly trials: number;
  /** Of their Sharpe ratios, not annualised; undefined for fewer than two ratios. */
  readonly sharpeVariance: number | undefined;
  readonly sweeps: readonly string[];
}

/**
 * The trials of all durable sweeps in which these very settings were tried, whatever market they were on: whoever tests them on another
 * has chosen them there all the same.
 * @returns undefined when no sweep has tried them
 */
export async function searchedTrials(
  store: Pick<SweepStore, 'of' | 'trials'>,
  { id, parameters }: Pick<PreparedStrategy, 'id' | 'parameters'>,
): Promise<SearchedTrials | undefined> {
  const sweeps: string[] = [];
  const ratios: number[] = [];
  let count = 0;
  for (const { sweepId, definition } of await store.of(id)) {
    const { fixed } = (definition as StoredSweep).definition;
    const tried = (await store.trials(sweepId)).filter(({ result }) => result !== null);
    const isOne = tried.some(({ point }) =>
      Object.entries({ ...fixed, ...point }).every(([name, value]) =>
        isDeepStrictEqual(parameters[name], value),
      ),
    );
    if (!isOne) continue;
    sweeps.push(sweepId);
    count += tried.length;
    ratios.push(...tried.flatMap(({ result }) => (result as TrialResult).sharpe?.sharpe ?? []));
  }
  if (sweeps.length === 0) return undefined;
  const sharpeVariance = ratios.length < 2 ? undefined : sampleDeviation(ratios) ** 2;
  return { trials: count, sharpeVariance, sweeps };
}
