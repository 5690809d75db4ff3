import { Context } from '@temporalio/activity';
import type { ActivityDeps } from './deps';
import { final } from './optimisation';

/** Trains models whose parts are in the database: whoever dies in between loses the step under way, and nothing else. */
export interface Trainings {
  /**
   * What each step is, for people.
   * @throws UserError when the training cannot be made: no such training, strategy or bars, or not those that it began with
   */
  plan(trainingId: string, signal: AbortSignal): Promise<readonly string[]>;
  /** Makes a step, unless it has been made. @throws as `plan` */
  make(trainingId: string, step: number, signal: AbortSignal): Promise<void>;
  /** Puts the parts of so many steps together, unless that has been done. @returns the model's id @throws as `plan` */
  conclude(trainingId: string, steps: number, signal: AbortSignal): Promise<string>;
}

export interface TrainingStepInput {
  readonly trainingId: string;
  readonly step: number;
}

/** The training of a model, step by step. What is learnt stays in the database. */
export function createTrainingActivities({ trainings }: Pick<ActivityDeps, 'trainings'>) {
  const signal = (): AbortSignal => Context.current().cancellationSignal;
  return {
    planTraining: ({ trainingId }: { readonly trainingId: string }): Promise<readonly string[]> =>
      final(() => trainings.plan(trainingId, signal())),
    trainStep: ({ trainingId, step }: TrainingStepInput): Promise<void> =>
      final(() => trainings.make(trainingId, step, signal())),
    concludeTraining: ({
      trainingId,
      steps,
    }: {
      readonly trainingId: string;
      readonly steps: number;
    }): Promise<string> => final(() => trainings.conclude(trainingId, steps, signal())),
  };
}

export type TrainingActivities = ReturnType<typeof createTrainingActivities>;
