import type { TrainingDefinition, TrainingOutcome } from '../backtest/learn/training-job';
import type { StoredModel } from '../domain/learning/model';
import { omit } from '../domain/omit';
import type { InputRequest } from './backtest-input';

/** What of a request is not part of a question: who asks, and what is always the same. */
type Left = 'runs' | 'source' | 'l2' | 'config' | 'profile' | 'fromMs' | 'toMs';

/** A training on stored market history, to be made by whoever has that. */
export interface TrainingQuestion {
  readonly definition: TrainingDefinition;
  readonly market: Omit<InputRequest, Left> & {
    /** The first bar that is learnt from; null for the first there is. */
    readonly fromMs: number | null;
    /** The end, exclusive. */
    readonly toMs: number;
  };
}

export const trainingQuestion = (
  definition: TrainingDefinition,
  request: Omit<InputRequest, 'runs'>,
  toMs: number,
): TrainingQuestion => ({
  definition,
  market: {
    ...omit(request, 'source', 'l2', 'config', 'profile'),
    ...{ fromMs: request.fromMs ?? null, toMs },
  },
});

/** What a training was begun on. */
export interface TrainingGround {
  /** Where the bars are from. */
  readonly data: string;
  readonly notes: readonly string[];
  readonly dataHash: string;
  /** Of the code that trains. */
  readonly codeVersion: string;
  /** Of a strategy of the user's own; null for one that comes with Ballast. */
  readonly strategyVersion: string | null;
}

/** What a training has come to. */
export interface KeptTraining {
  readonly stored: StoredModel;
  readonly outcome: TrainingOutcome;
}
