import type { SharedResult } from './indicator-cache';
import type { Period, StudySetup, TrialResult } from './study';
import type { Point } from './space';

/** Where the strategies of the user's own are, and the models of strategies; they need not exist. */
export interface StrategyFolders {
  readonly strategiesDir: string;
  readonly stateDir: string;
}

/** What a thread is started with. Columns in shared memory are not copied. */
export interface ThreadSetup {
  readonly strategyId: string;
  readonly folders: StrategyFolders;
  readonly setup: StudySetup;
  readonly indicatorBytes: number;
}

/** A point to be tried. */
export interface ThreadTask {
  readonly id: number;
  readonly point: Point;
  readonly period: Period;
  /** Indicators that other threads have computed since the last task. */
  readonly known: readonly SharedResult[];
}

/** How often results of indicators were there already, in a thread or in all of them. */
export interface IndicatorCounts {
  readonly hits: number;
  readonly misses: number;
  readonly bytes: number;
}

/** What a thread says: that it is there, what came of a task, or why nothing did. */
export type ThreadAnswer =
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'tried';
      readonly id: number;
      readonly result: TrialResult;
      readonly indicators: IndicatorCounts;
      /** Indicators that it had to compute. */
      readonly fresh: readonly SharedResult[];
    }
  | { readonly kind: 'failed'; readonly id: number; readonly error: unknown };
