import { defineQuery } from '@temporalio/workflow';
import type { Timeframe } from '../domain/bar';

// backfill

export interface BackfillInput {
  /** Who is asked: ccxt's name of a venue, or `exchange` for the configured one. */
  readonly source: string;
  readonly symbol: string;
  readonly timeframe: Timeframe;
  /** Open times in UTC milliseconds, the end exclusive. */
  readonly fromMs: number;
  readonly toMs: number;
  /** What a continued run takes over; absent in the first. */
  readonly carried?: BackfillProgress;
}

export interface BackfillProgress {
  readonly fromMs: number;
  /** Everything before has been asked for and written. */
  readonly nextMs: number;
  readonly pages: number;
  readonly bars: number;
  readonly inserted: number;
  readonly changed: number;
  /** Open time of the first bar that the venue has; null while it had none. */
  readonly firstMs: number | null;
  readonly done: boolean;
}

export const backfillProgressQuery = defineQuery<BackfillProgress>('backfillProgress');

// optimisation

export interface OptimisationInput {
  /** Under which the database has what is to be searched. */
  readonly sweepId: string;
  /** For people: which strategy on which symbols. */
  readonly title: string;
  /** Trials that one activity makes, one after the other. */
  readonly partSize: number;
  /** Batches after which the run continues as new; a few hundred when absent. */
  readonly batchesPerRun?: number;
  /** What a continued run takes over; absent in the first. */
  readonly carried?: OptimisationProgress;
}

export interface OptimisationProgress {
  /** All before this number have been tried. */
  readonly trials: number;
  readonly batches: number;
  /** More is better; null while no trial has a score. */
  readonly best: { readonly number: number; readonly score: number } | null;
  readonly done: boolean;
}

export const optimisationProgressQuery = defineQuery<OptimisationProgress>('optimisationProgress');

// training

export interface TrainingInput {
  /** Under which the database has what is to be learnt. */
  readonly trainingId: string;
  /** For people: what on which symbols. */
  readonly title: string;
}

export interface TrainingProgress {
  /** Steps there are; null before that is known. */
  readonly steps: number | null;
  readonly made: number;
  /** The model, once there is one. */
  readonly modelId: string | null;
}

export const trainingProgressQuery = defineQuery<TrainingProgress>('trainingProgress');
