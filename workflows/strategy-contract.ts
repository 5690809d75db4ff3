import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { Timeframe } from '../domain/bar';
import type { ClockReading } from '../domain/clock';
import type { PanelSettings } from '../domain/deliberation/settings';
import type { Lane } from '../domain/lane';
import type { RiskLimits } from '../domain/risk';
import type { FilterSettings } from '../domain/strategies/filters/filter';
import type { AccountRef, Request } from './contract';

/** What crosses the border of `strategy` and `tradingCycle`. */

export interface StrategySettings extends AccountRef {
  /** The instance's name, unique in the account. */
  readonly name: string;
  /** Which coded strategy it runs, e.g. `rsi`. */
  readonly strategyId: string;
  readonly symbols: readonly string[];
  readonly timeframe: Timeframe;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** What its entries have to pass; absent: nothing. */
  readonly filters?: readonly FilterSettings[];
  /** Id of the model that advises on its open positions; absent: none. */
  readonly adviser?: string;
  /** Which version of the user's strategy was started: no other decides. Absent: a built-in one, or one from before. */
  readonly strategyVersion?: string;
  /** The panel that looks at its entries; absent: none. */
  readonly deliberation?: PanelSettings;
  readonly limits: RiskLimits;
  /** On which of the two paths it decides; absent: the durable one. */
  readonly lane?: typeof Lane.Fast;
  /** Wall milliseconds to wait after a bar's close before asking for it. */
  readonly graceMs: number;
  /** Bars after the decision in which an entry may still be sent, and rest. */
  readonly entryTtlBars: number;
  /** Bars after which a position is given up, or null for never. */
  readonly maxHoldingBars: number | null;
}

export interface StrategyInput {
  readonly settings: StrategySettings;
  /** What a continued run takes over; absent in the first. */
  readonly carried?: StrategyProgress;
}

export const StrategyMode = { Running: 'running', Paused: 'paused', Stopping: 'stopping' } as const;
export type StrategyMode = (typeof StrategyMode)[keyof typeof StrategyMode];

export interface StrategyProgress {
  readonly mode: StrategyMode;
  readonly modeReason: string;
  readonly session: string | null;
  readonly lastBarCloseMs: number | null;
  /** Close of the newest bar that the management of open positions has seen; behind the last after a cycle that failed. */
  readonly managedToMs: number | null;
  readonly cycles: number;
  /** Bars that passed undecided, because a cycle was slow or nobody was there. */
  readonly skippedBars: number;
  /** Entries rest for breaking news; whatever the mode. Absent: they never have. */
  readonly newsPause?: NewsPause;
  /** The fast lane that was opened last and may still be open; absent on the durable path. It keeps its bars in the journal, not here. */
  readonly lane?: LaneProgress;
}

export interface LaneProgress {
  /** 0: of a run that nobody can ask any more. */
  readonly generation: number;
  /** Wall time at which it was opened. */
  readonly sinceMs: number;
  /** Why the one before it ended, for people; null for the first. */
  readonly lastEnd: string | null;
}

/** No entries on bars that close before `untilMs`, in market time. It ends by itself. */
export interface NewsPause {
  readonly untilMs: number;
  readonly reason: string;
}

/** Stop opening positions; open ones stay managed. */
export const pauseSignal = defineSignal<[Request]>('pause');
export const resumeSignal = defineSignal<[Request]>('resume');
/** Pause, and close every position of this strategy. */
export const flattenSignal = defineSignal<[Request]>('flatten');
/** End the strategy. Open positions are closed first when `flatten` is set; otherwise their own workflows go on guarding them. */
export const stopSignal = defineSignal<[Request & { readonly flatten: boolean }]>('stop');
/** Rest from entries for a time; a longer rest that is under way stays. */
export const pauseForNewsSignal = defineSignal<[NewsPause]>('pauseForNews');
/** Other settings for the same instance, from its next bar on. Open positions keep what they were granted. */
export const configureStrategySignal = defineSignal<[StrategySettings]>('configureStrategy');
export const strategyProgressQuery = defineQuery<StrategyProgress>('progress');

export interface TradingCycleInput {
  readonly settings: StrategySettings;
  readonly session: string;
  readonly barCloseMs: number;
  /** Close of the newest bar that management has seen, so that it sees every bar since; null for the first. */
  readonly previousBarCloseMs: number | null;
  readonly entriesPaused: boolean;
}

export interface TradingCycleResult {
  /** The market's clock during the cycle, for the strategy to wait by; absent when it was not read. */
  readonly clock?: ClockReading;
  readonly outcomes: readonly { readonly symbol: string; readonly outcome: string }[];
}
