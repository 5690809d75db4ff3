import { defineSearchAttributeKey, SearchAttributeType, type SearchAttributePair } from '@temporalio/common';
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { MoodSettings } from '../domain/news/mood';
import type { Leg, OrderType, OrderView } from '../domain/order';
import type { Finding, ReconciliationReport, StrayPolicy } from '../domain/findings';
import type { StrategyPace } from '../domain/reconciliation';
import type { RiskLimits } from '../domain/risk';
import type { TriggerLimits } from '../domain/triggers';
import type { DecimalString } from '../domain/decimal';

/**
 * Everything that crosses the border of a workflow: ids, task queues, search attributes, messages, inputs and results.
 * Clients, activities and workers agree here and nowhere else.
 */

/** Workflows of every kind run on this queue. */
export const WORKFLOW_TASK_QUEUE = 'ballast';

/** How every workflow is started: a task of a worker that died is given to another this soon. */
export const startOptions = { taskQueue: WORKFLOW_TASK_QUEUE, workflowTaskTimeout: '5 seconds' } as const;

/** Capabilities with a queue of their own, so that one cannot starve another. Market data, orders and emergencies are per venue. */
export const taskQueues = (venue: string) =>
  ({
    market: `market-${venue}`,
    orders: `orders-${venue}`,
    emergency: `emergency-${venue}`,
    feed: `feed-${venue}`,
    /** Fast lanes: one activity each, for as long as its strategy runs. */
    lane: `lane-${venue}`,
    journal: 'journal',
    jobs: 'jobs',
    /** Served by the inference process, which may not be there. */
    inference: 'inference',
  }) as const;

/** Every queue that trading needs: a worker of this venue serves them. That of opinions is none of them. */
export const tradingTaskQueues = (venue: string): readonly string[] => [
  WORKFLOW_TASK_QUEUE,
  ...Object.values(taskQueues(venue)).filter((queue) => queue !== taskQueues(venue).inference),
];

export const SEARCH_ATTRIBUTES = {
  account: defineSearchAttributeKey('Account', SearchAttributeType.KEYWORD),
  strategy: defineSearchAttributeKey('Strategy', SearchAttributeType.KEYWORD),
  symbol: defineSearchAttributeKey('Symbol', SearchAttributeType.KEYWORD),
  side: defineSearchAttributeKey('Side', SearchAttributeType.KEYWORD),
  decision: defineSearchAttributeKey('Decision', SearchAttributeType.KEYWORD),
  pnl: defineSearchAttributeKey('PnL', SearchAttributeType.DOUBLE),
  mode: defineSearchAttributeKey('Mode', SearchAttributeType.KEYWORD),
} as const;

/** Search attributes by which the Web UI finds a run. */
export function tags(values: {
  account: string;
  strategy?: string;
  symbol?: string;
  side?: string;
}): SearchAttributePair[] {
  const { account, strategy, symbol, side } = values;
  return [
    { key: SEARCH_ATTRIBUTES.account, value: account },
    ...(strategy === undefined ? [] : [{ key: SEARCH_ATTRIBUTES.strategy, value: strategy }]),
    ...(symbol === undefined ? [] : [{ key: SEARCH_ATTRIBUTES.symbol, value: symbol }]),
    ...(side === undefined ? [] : [{ key: SEARCH_ATTRIBUTES.side, value: side }]),
  ];
}

export const workflowIds = {
  strategy: (account: string, name: string) => `strategy/${account}/${name}`,
  tradingCycle: (account: string, session: string, strategy: string, barCloseMs: number) =>
    `cycle/${account}/${session}/${strategy}/${barCloseMs}`,
  order: (positionId: string, leg: Leg) => `order/${positionId}/${leg}`,
  accountFeed: (account: string) => `feed/${account}`,
  riskDesk: (account: string) => `risk/${account}`,
  emergencyStop: (account: string) => `emergency/${account}`,
  reconciliation: (account: string) => `reconciliation/${account}`,
  reflection: (positionId: string) => `reflection/${positionId}`,
  newsWatch: (account: string) => `news/${account}`,
  /** Work of no account; the hash says which. */
  job: (kind: string, hash: string) => `job/${kind}/${hash}`,
} as const;

/** Which account of which deployment on which venue a workflow acts for. */
export interface AccountRef {
  readonly deployment: string;
  readonly account: string;
  readonly venue: string;
}

/** Who asked for something, and why. */
export interface Request {
  readonly by: string;
  readonly reason: string;
}

// strategy, tradingCycle

export * from './strategy-contract';

// position

export interface PositionInput extends AccountRef {
  readonly positionId: string;
  readonly strategy: string;
  readonly symbol: string;
  /** What a continued run takes over; absent in the first. */
  readonly carried?: PositionProgress;
}

/** The little about a position that is not in its journal. */
export interface PositionProgress {
  /** Wall time since when something sellable has been held without a resident stop; null when nothing is. */
  readonly nakedSinceMs: number | null;
  /** Whether that is the gap before its first stop. */
  readonly isFirst?: boolean;
}

export interface PositionResult {
  readonly exitReason: string;
  readonly realisedPnl: DecimalString;
}

/** Something about this position changed in the journal: read it again. */
export const pokeSignal = defineSignal('poke');
/** An order that may be live has lost its workflow: give every such order one. */
export const adoptSignal = defineSignal('adopt');

// orderLifecycle

/** What the position wants of a leg. A higher sequence replaces or follows the order before it. */
export interface LegOrder {
  readonly sequence: number;
  readonly type: OrderType;
  readonly stopPrice: DecimalString | null;
  readonly replaces: string | null;
  /** Take the order back (withdraw it when it was never sent). */
  readonly cancel: boolean;
}

export interface OrderLifecycleInput extends AccountRef {
  readonly positionId: string;
  readonly symbol: string;
  readonly leg: Leg;
  readonly order: LegOrder;
}

export const advanceSignal = defineSignal<[LegOrder]>('advance');
/** News about this leg's order, already journaled. Older versions than the one known are ignored. */
export const orderNewsSignal = defineSignal<[OrderView]>('orderNews');
export const orderViewQuery = defineQuery<OrderView | null>('order');

// accountFeed, riskDesk

export interface AccountFeedInput extends AccountRef {
  readonly symbols: readonly string[];
}

export interface RiskDeskInput extends AccountRef {
  readonly symbols: readonly string[];
  readonly limits: RiskLimits;
  /** When the account stops by itself; absent in a desk that began before there were triggers. */
  readonly triggers?: TriggerLimits;
  /** Wall milliseconds between two looks at the account. */
  readonly intervalMs: number;
}

/** Leaves HALTED or REDUCING. Needs a reason; audited. Returns the mode afterwards. */
export const resumeTradingUpdate = defineUpdate<string, [Request]>('resumeTrading');
/** Other limits, symbols or interval, from the next look on. */
export const configureRiskDeskSignal = defineSignal<[RiskDeskInput]>('configureRiskDesk');
/** Look at the account now. */
export const assessSignal = defineSignal('assess');

// emergencyStop

export interface EmergencyStopInput extends AccountRef, Request {
  /** Makes a repeated request one halt; null when the account is halted already, and none is to be raised. */
  readonly haltKey: string | null;
  /** What a continued run takes over; absent in the first. */
  readonly carried?: EmergencyStopProgress;
}

export interface EmergencyStopProgress {
  /** Wall time of the request. */
  readonly startedMs: number;
  readonly cancelledOrders: number;
  readonly exitOrders: number;
  /** Every position that was seen live. */
  readonly positions: readonly string[];
}

export interface EmergencyStopResult {
  /** The last halt epoch it worked in. */
  readonly epoch: number;
  readonly cancelledOrders: number;
  /** Positions that were live in the halt and are flat. */
  readonly closedPositions: number;
  /** Wall milliseconds from the halt to verified flat, but for what is stranded; null when trading was resumed before. */
  readonly flatAfterMs: number | null;
  /** What is still held because the exchange does not list its pair any more, for people; absent when there is none. */
  readonly stranded?: readonly string[];
  /** Resting sells under an id of ours that the journal does not know, for people; absent when there is none. */
  readonly unexplained?: readonly string[];
}

// reconciliation

export type { ReconciliationReport } from '../domain/findings';

/** How an account is compared. */
export interface ReconciliationSettings {
  readonly symbols: readonly string[];
  /** What to do about strays; `alert` when absent. */
  readonly strays?: StrayPolicy;
  /** By whose bars lost positions are recognised. */
  readonly strategies?: readonly StrategyPace[];
}

export interface ReconciliationInput extends AccountRef, ReconciliationSettings {
  readonly trigger: string;
  /** Set on runs that a Schedule starts, whose ids differ: they hand over to the account's one reconciliation. */
  readonly scheduled?: boolean;
  /** What the run before was told and has not journaled; only a run that continues as new sets it. */
  readonly carried?: { readonly told: readonly Finding[] };
}

/** Why an account is to be compared, and what whoever asks has found already. */
export interface LookAgain {
  readonly trigger: string;
  readonly finding?: Finding;
}
/** Compare once more: something has happened that a comparison under way may have missed. */
export const lookAgainSignal = defineSignal<[LookAgain]>('lookAgain');
/** Answers with the report of a comparison that began after the request, and by its settings. */
export const reconcileUpdate = defineUpdate<
  ReconciliationReport,
  [ReconciliationSettings & { readonly trigger: string }]
>('reconcile');

// newsWatch

export interface NewsWatchInput extends AccountRef {
  /** Of which moods are made. */
  readonly assets: readonly string[];
  readonly mood: MoodSettings;
  /** Numbers of the market are read besides headlines; absent: there are none. */
  readonly gauges?: true;
  /** Wall milliseconds that a round waits for judgements, whoever is away; a minute when absent. */
  readonly scoringMs?: number;
  /** Who is to pause for breaking stories about which assets; null for nobody. */
  readonly breaking: {
    /** Market milliseconds from when the story was known. */
    readonly pauseMs: number;
    readonly strategies: readonly { readonly name: string; readonly assets: readonly string[] }[];
  } | null;
}

/** What one round of the news came to. */
export interface NewsWatchReport {
  readonly newStories: number;
  /** Sources that did not answer. */
  readonly missingSources: readonly string[];
  /** Stories that got a score now. */
  readonly scored: number;
  /** An asset about which nobody has an opinion is not among them. */
  readonly moods: readonly {
    readonly asset: string;
    readonly score: number;
    /** Share of the sources' weight. */
    readonly missing: number;
  }[];
  /** Strategies that were told to pause their entries. */
  readonly paused: readonly string[];
  /** Steps that are left to the next round, and why. */
  readonly failed: readonly { readonly what: string; readonly why: string }[];
}

// reflection

export interface ReflectionInput extends AccountRef {
  readonly positionId: string;
  readonly strategy: string;
  readonly symbol: string;
  /** For which of its roles a model was configured when it began. */
  readonly models: { readonly embedding: boolean; readonly reflection: boolean };
}

export interface ReflectionResult {
  readonly remembered: boolean;
  /** Its situation can be compared. */
  readonly embedded: boolean;
  /** Why there is no lesson; null when there is one. */
  readonly missing: string | null;
}

// backfill, optimisation, training

export * from './job-contract';
