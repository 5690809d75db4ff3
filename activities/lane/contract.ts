import type { Timeframe } from '../../domain/bar';
import type { FilterSettings } from '../../domain/strategies/filters/filter';
import type { RiskLimits } from '../../domain/risk';

/** What a lane needs of a strategy's settings. Lanes ask no panel and no agent: there is no time to. */
export interface LaneSettings {
  readonly deployment: string;
  readonly account: string;
  readonly venue: string;
  readonly name: string;
  readonly strategyId: string;
  readonly symbols: readonly string[];
  readonly timeframe: Timeframe;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly filters?: readonly FilterSettings[];
  readonly strategyVersion?: string;
  readonly limits: RiskLimits;
  readonly entryTtlBars: number;
  readonly maxHoldingBars: number | null;
}

export interface OpenLaneInput {
  readonly account: string;
  readonly strategy: string;
  readonly entriesPaused: boolean;
  /** Why, for people. */
  readonly reason: string;
}

export interface RunLaneInput {
  readonly settings: LaneSettings;
  readonly session: string;
  /** As {@link LaneActivities.openLane} told it: another one since, and this lane opens nothing any more. */
  readonly generation: number;
  readonly entriesPaused: boolean;
  /** No entries on bars that close before `untilMs`, in market time; null for no such rest. */
  readonly newsPause: { readonly untilMs: number; readonly reason: string } | null;
}

/** Why a lane ended by itself: the market has begun a new session, or another lane was opened after it. */
export interface LaneEnd {
  readonly reason: 'session-over' | 'superseded';
}

/** A strategy's fast lane: docs/fast-lane.md. */
export interface LaneActivities {
  /**
   * Opens the strategy's next lane and returns its generation; whatever lane ran before may open no position from here on, nor may
   * anybody while entries are paused.
   */
  openLane(input: OpenLaneInput): Promise<number>;
  /** Decides on every bar as it closes, until it is cancelled or {@link LaneEnd}. A repetition goes on where the journal ends. */
  runLane(input: RunLaneInput): Promise<LaneEnd>;
}
