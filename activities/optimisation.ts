import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { UserError } from '../domain/errors';
import type { ActivityDeps } from './deps';

/** Trials of a sweep by their numbers, the end exclusive. */
export interface TrialRange {
  readonly from: number;
  readonly to: number;
}

/** The best of some trials; null when none of them has a score. */
export type BestTrial = { readonly number: number; readonly score: number } | null;

/** Makes optimisations whose record is in the database: whoever dies in between loses the trials under way, and nothing else. */
export interface Sweeps {
  /**
   * Proposes the next trials, when all that were proposed before have been tried; else it names those.
   * @returns the trials that are to be tried; an empty range when the search has ended
   * @throws UserError when the sweep cannot be made: no such sweep, strategy or bars, or not those that it began with
   */
  propose(sweepId: string): Promise<TrialRange>;
  /** Tries those of the range that have not been tried, and returns the best of the range. @throws as `propose` */
  run(sweepId: string, range: TrialRange, signal: AbortSignal): Promise<BestTrial>;
  /** Tries the best ones out of sample. @throws as `propose` */
  finish(sweepId: string): Promise<void>;
}

export interface SweepInput {
  readonly sweepId: string;
}

/** The search of a strategy's parameters, some trials at a time. Points and results stay in the database. */
export function createOptimisationActivities({ sweeps }: Pick<ActivityDeps, 'sweeps'>) {
  return {
    proposeTrials: ({ sweepId }: SweepInput): Promise<TrialRange> => final(() => sweeps.propose(sweepId)),
    runTrials: ({ sweepId, from, to }: SweepInput & TrialRange): Promise<BestTrial> =>
      final(() => sweeps.run(sweepId, { from, to }, Context.current().cancellationSignal)),
    finishSweep: ({ sweepId }: SweepInput): Promise<void> => final(() => sweeps.finish(sweepId)),
  };
}

export type OptimisationActivities = ReturnType<typeof createOptimisationActivities>;

/** What a person has to mend is not tried again. */
export async function final<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof UserError)
      throw ApplicationFailure.nonRetryable([error.message, error.hint ?? ''].join(' ').trim(), error.name);
    throw error;
  }
}
