import type { TrainingData } from '../backtest/learn/signal-model';
import type { TrainingDefinition, TrainingOutcome } from '../backtest/learn/training-job';
import type { StrategyFolders } from '../backtest/optimise/trial-messages';

/** What a thread of a training is to do. */
export type TrainingTask =
  | { readonly kind: 'plan' }
  | { readonly kind: 'make'; readonly step: number }
  | { readonly kind: 'conclude'; readonly parts: readonly unknown[] };

/** What it is started with. */
export interface TrainingThreadSetup {
  readonly definition: TrainingDefinition;
  readonly folders: StrategyFolders;
  readonly codeVersion: string;
  readonly data: TrainingData;
  readonly task: TrainingTask;
}

/** What it says before it ends. */
export type TrainingAnswer =
  | { readonly kind: 'planned'; readonly names: readonly string[] }
  | { readonly kind: 'made'; readonly part: unknown }
  | { readonly kind: 'concluded'; readonly outcome: TrainingOutcome }
  /** A person has to mend it. */
  | { readonly kind: 'refused'; readonly message: string; readonly hint: string | undefined };
