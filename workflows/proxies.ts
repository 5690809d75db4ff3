import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow';
import type { AgentDeskActivities } from '../activities/agent-desk';
import type { BackfillActivities } from '../activities/backfill';
import type { DecisionActivities } from '../activities/decision';
import type { EmergencyActivities } from '../activities/emergency';
import type { FeedActivities } from '../activities/feed';
import type { GaugeActivities } from '../activities/gauges';
import type { IntelligenceActivities } from '../activities/intelligence/intelligence';
import type { LaneActivities } from '../activities/lane/contract';
import type { MarketActivities } from '../activities/market';
import type { MemoryActivities } from '../activities/memory';
import type { NewsActivities } from '../activities/news';
import type { OptimisationActivities } from '../activities/optimisation';
import type { OrderActivities } from '../activities/orders';
import type { ReconciliationActivities } from '../activities/reconciliation';
import type { RiskActivities } from '../activities/risk';
import type { TrainingActivities } from '../activities/training';
import { taskQueues } from './contract';

/**
 * One retry class per kind of work. A worker that dies in the middle of an activity is noticed by its heartbeats, where
 * there are any (the worker sends them), else when `startToClose` runs out: that limit, not the retry, decides how soon a
 * crash is made good. Every call says in a `summary` what it is about, which the Web UI shows in its place.
 */

/** Bounds the time for which work waits for a dead worker. */
const HEARTBEAT_TIMEOUT = '3 seconds';

/** A cycle would rather skip its bar than be late: two tries, then the bar is given up. */
export const marketActivities = (venue: string, summary: string) =>
  proxyActivities<MarketActivities>({
    summary,
    taskQueue: taskQueues(venue).market,
    startToCloseTimeout: '8 seconds',
    heartbeatTimeout: HEARTBEAT_TIMEOUT,
    scheduleToCloseTimeout: '20 seconds',
    retry: { initialInterval: '300 milliseconds', backoffCoefficient: 2, maximumInterval: '3 seconds' },
  });

/** Decisions touch the journal only. */
export const decisionActivities = (summary: string) =>
  proxyActivities<DecisionActivities>({
    summary,
    taskQueue: taskQueues('').journal,
    startToCloseTimeout: '8 seconds',
    heartbeatTimeout: HEARTBEAT_TIMEOUT,
    scheduleToCloseTimeout: '30 seconds',
    retry: { initialInterval: '300 milliseconds', backoffCoefficient: 2, maximumInterval: '3 seconds' },
  });

/** The facts of a memory touch the journal only, and nobody waits for them. */
export const memoryActivities = (summary: string) =>
  proxyActivities<MemoryActivities>({
    summary,
    taskQueue: taskQueues('').journal,
    startToCloseTimeout: '30 seconds',
    heartbeatTimeout: HEARTBEAT_TIMEOUT,
    retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '1 minute' },
  });

/**
 * The agent's tools, on the queue of what they read or do. `withinMs` bounds everything: what an agent has no time for is not done.
 */
export const agentDesk = (
  place: 'market' | 'journal' | 'orders',
  venue: string,
  summary: string,
  withinMs: number,
) =>
  proxyActivities<AgentDeskActivities>({
    summary,
    taskQueue: taskQueues(venue)[place],
    startToCloseTimeout: '8 seconds',
    heartbeatTimeout: HEARTBEAT_TIMEOUT,
    scheduleToCloseTimeout: Math.max(1, Math.ceil(withinMs)),
    retry: { initialInterval: '300 milliseconds', backoffCoefficient: 2, maximumInterval: '3 seconds' },
  });

/**
 * The order path is tried for ever: an order is never left alone because something was down. Its time allows for looks until an order's
 * fate is known, and for a stop, or an exit, that follows in the same breath.
 */
export const orderActivities = (venue: string, summary: string) =>
  proxyActivities<OrderActivities>({
    summary,
    taskQueue: taskQueues(venue).orders,
    startToCloseTimeout: '25 seconds',
    heartbeatTimeout: HEARTBEAT_TIMEOUT,
    retry: { initialInterval: '200 milliseconds', backoffCoefficient: 2, maximumInterval: '3 seconds' },
  });

/** A grant that takes longer than its bar is worth nothing; the transaction makes a late repeat harmless. */
export const riskActivities = (venue: string, summary: string) =>
  proxyActivities<RiskActivities>({
    summary,
    taskQueue: taskQueues(venue).orders,
    startToCloseTimeout: '8 seconds',
    heartbeatTimeout: HEARTBEAT_TIMEOUT,
    scheduleToCloseTimeout: '30 seconds',
    retry: { initialInterval: '300 milliseconds', backoffCoefficient: 2, maximumInterval: '3 seconds' },
  });

/** The long watch: heartbeats tell within seconds that its worker is gone. */
export const feedActivities = (venue: string, summary: string) =>
  proxyActivities<FeedActivities>({
    summary,
    taskQueue: taskQueues(venue).feed,
    startToCloseTimeout: '24 hours',
    heartbeatTimeout: '5 seconds',
    retry: { initialInterval: '200 milliseconds', backoffCoefficient: 2, maximumInterval: '3 seconds' },
  });

/**
 * The fast lane: heartbeats tell within seconds that its worker is gone, and each further attempt is the server's affair, so that a lane
 * which lives for months adds nothing to its workflow's history. Who cancels it does not wait for its end: the next lane fences it.
 */
export const laneActivities = (venue: string, summary: string) =>
  proxyActivities<Pick<LaneActivities, 'runLane'>>({
    summary,
    taskQueue: taskQueues(venue).lane,
    startToCloseTimeout: '24 hours',
    heartbeatTimeout: HEARTBEAT_TIMEOUT,
    cancellationType: ActivityCancellationType.TRY_CANCEL,
    retry: { initialInterval: '200 milliseconds', backoffCoefficient: 2, maximumInterval: '3 seconds' },
  });

/** Lanes are opened and fenced in the journal, tried for ever: nothing is told of as paused before it is. */
export const laneDesk = (summary: string) =>
  proxyActivities<Pick<LaneActivities, 'openLane'>>({
    summary,
    taskQueue: taskQueues('').journal,
    startToCloseTimeout: '8 seconds',
    heartbeatTimeout: HEARTBEAT_TIMEOUT,
    retry: { initialInterval: '200 milliseconds', backoffCoefficient: 2, maximumInterval: '3 seconds' },
  });

/** Own slots, never throttled, tried for ever. */
export const emergencyActivities = (venue: string, summary: string) =>
  proxyActivities<EmergencyActivities>({
    summary,
    taskQueue: taskQueues(venue).emergency,
    startToCloseTimeout: '9 seconds',
    heartbeatTimeout: HEARTBEAT_TIMEOUT,
    retry: { initialInterval: '100 milliseconds', backoffCoefficient: 2, maximumInterval: '2 seconds' },
  });

/** Reads a lot of the exchange's record, so it may take its time. */
export const reconciliationActivities = (venue: string, summary: string) =>
  proxyActivities<ReconciliationActivities>({
    summary,
    taskQueue: taskQueues(venue).orders,
    startToCloseTimeout: '60 seconds',
    heartbeatTimeout: HEARTBEAT_TIMEOUT,
    retry: { initialInterval: '500 milliseconds', backoffCoefficient: 2, maximumInterval: '2 seconds' },
  });

/** Jobs have time: what is away is asked again for ever, at a slow pace. */
const JOB = {
  taskQueue: taskQueues('').jobs,
  startToCloseTimeout: '10 minutes',
  heartbeatTimeout: HEARTBEAT_TIMEOUT,
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '1 minute' },
} as const;

export const jobActivities = (summary: string) => proxyActivities<BackfillActivities>({ summary, ...JOB });

/** News have no time to wait for: a round that finds no worker is given up, and the next one does its work. */
export const newsActivities = (summary: string) =>
  proxyActivities<NewsActivities & GaugeActivities>({
    summary,
    ...JOB,
    startToCloseTimeout: '1 minute',
    scheduleToCloseTimeout: '3 minutes',
    retry: { ...JOB.retry, maximumAttempts: 3 },
  });

export const sweepActivities = (summary: string) =>
  proxyActivities<OptimisationActivities>({ summary, ...JOB });

/** A step goes on for as long as its worker lives: nobody knows how long a network learns. */
export const trainingActivities = (summary: string) =>
  proxyActivities<TrainingActivities>({ summary, ...JOB, startToCloseTimeout: '6 hours' });

/** Longer than elsewhere: the library of local models is loaded at the first question, which stops everything else in its process. */
const MODEL_HEARTBEAT_TIMEOUT = '6 seconds';

/**
 * Opinions are waited for as long as they are worth something, and gone without after that: `withinMs` bounds everything, the wait for an
 * inference process that is away included. Its heartbeats tell within seconds that the process has died; it gets three tries, since a
 * question that kills it would kill it again.
 */
export const intelligenceActivities = (summary: string, withinMs = 60_000) =>
  proxyActivities<IntelligenceActivities>({
    summary,
    taskQueue: taskQueues('').inference,
    startToCloseTimeout: withinMs,
    heartbeatTimeout: MODEL_HEARTBEAT_TIMEOUT,
    scheduleToCloseTimeout: withinMs,
    retry: {
      initialInterval: '300 milliseconds',
      backoffCoefficient: 2,
      maximumInterval: '3 seconds',
      maximumAttempts: 3,
    },
  });
