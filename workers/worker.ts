import { Worker } from '@temporalio/worker';
import type { Logger } from 'pino';
import type { ActivityDeps } from '../activities/deps';
import { createAgentDesk } from '../activities/agent-desk';
import { createBackfillActivities } from '../activities/backfill';
import { createDecisionActivities } from '../activities/decision';
import { createEmergencyActivities } from '../activities/emergency';
import { createFeedActivities } from '../activities/feed';
import { createGaugeActivities } from '../activities/gauges';
import type { OpenLaneInput, RunLaneInput } from '../activities/lane/contract';
import { createLaneActivities } from '../activities/lane/lane';
import { createMarketActivities } from '../activities/market';
import { createMemoryActivities } from '../activities/memory';
import { createNewsActivities } from '../activities/news';
import { createOptimisationActivities } from '../activities/optimisation';
import { createOrderActivities } from '../activities/orders';
import { createProtection } from '../activities/protection';
import { createReconciliationActivities } from '../activities/reconciliation';
import { createRiskActivities } from '../activities/risk';
import { createTrainingActivities } from '../activities/training';
import type { BallastConfig } from '../config/config';
import { WORKFLOW_BUNDLE } from '../temporal/versioning';
import { taskQueues, WORKFLOW_TASK_QUEUE } from '../workflows/contract';
import { openServing, runTogether, type RunningWorkers } from './serving';

/** A sticky queue whose worker has died is given up after this. */
const STICKY_TIMEOUT = '2 seconds';

/** Starts the workers of every task queue that trading needs in this process. */
export async function startWorkers(
  config: BallastConfig,
  deps: ActivityDeps,
  log: Logger,
): Promise<RunningWorkers> {
  const serving = await openServing(config, log);
  const { common, serve } = serving;
  const { slots, cachedWorkflows } = config.worker;
  const queues = taskQueues(config.exchange.venue);
  const agentDesk = createAgentDesk(deps);
  const lane = createLaneActivities(deps);
  const workers = await Promise.all([
    Worker.create({
      ...common,
      taskQueue: WORKFLOW_TASK_QUEUE,
      workflowBundle: { codePath: WORKFLOW_BUNDLE },
      maxConcurrentWorkflowTaskExecutions: slots.workflows,
      maxCachedWorkflows: cachedWorkflows,
      stickyQueueScheduleToStartTimeout: STICKY_TIMEOUT,
    }),
    serve(queues.market, slots.market, { ...createMarketActivities(deps), ...agentDesk }),
    serve(queues.journal, slots.journal, {
      ...createDecisionActivities(deps),
      ...createMemoryActivities(deps),
      ...agentDesk,
      openLane: (input: OpenLaneInput) => lane.openLane(input),
    }),
    serve(queues.orders, slots.orders, {
      ...agentDesk,
      ...createOrderActivities(deps),
      ...createRiskActivities(deps),
      ...createReconciliationActivities(deps, createProtection(deps).protect),
    }),
    serve(queues.emergency, slots.emergency, createEmergencyActivities(deps)),
    serve(queues.jobs, slots.jobs, {
      ...createBackfillActivities(deps),
      ...createOptimisationActivities(deps),
      ...createTrainingActivities(deps),
      ...createNewsActivities(deps),
      ...createGaugeActivities(deps),
    }),
    // Listening has nothing to finish: it ends at once and goes on in another worker.
    serve(queues.feed, slots.feed, createFeedActivities(deps), { shutdownGraceTime: 0 }),
    // So does a lane, from where the journal ends.
    serve(
      queues.lane,
      slots.lane,
      { runLane: (input: RunLaneInput) => lane.runLane(input) },
      { shutdownGraceTime: 0 },
    ),
  ]);
  return runTogether(workers, serving);
}
