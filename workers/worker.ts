import { NativeConnection, Runtime, Worker, type WorkerOptions } from '@temporalio/worker';
import type { Logger } from 'pino';
import type { ActivityDeps } from '../activities/deps';
import { createBackfillActivities } from '../activities/backfill';
import { createDecisionActivities } from '../activities/decision';
import { createEmergencyActivities } from '../activities/emergency';
import { createFeedActivities } from '../activities/feed';
import { createMarketActivities } from '../activities/market';
import { createNewsActivities } from '../activities/news';
import { createOptimisationActivities } from '../activities/optimisation';
import { createOrderActivities } from '../activities/orders';
import { createReconciliationActivities } from '../activities/reconciliation';
import { createRiskActivities } from '../activities/risk';
import type { BallastConfig } from '../config/config';
import { temporalConnectionOptions } from '../temporal/connection';
import { buildIdOf, deploymentOptions, WORKFLOW_BUNDLE } from '../temporal/versioning';
import { taskQueues, WORKFLOW_TASK_QUEUE } from '../workflows/contract';
import { heartbeats } from './heartbeat';

/** A sticky queue whose worker has died is given up after this. */
const STICKY_TIMEOUT = '2 seconds';

export interface RunningWorkers {
  /** Resolves when all have drained; rejects when one fails. */
  readonly done: Promise<void>;
  shutdown(): void;
}

/** Starts the workers of every task queue in this process. */
export async function startWorkers(
  config: BallastConfig,
  deps: ActivityDeps,
  log: Logger,
): Promise<RunningWorkers> {
  installRuntime(log);
  const connection = await NativeConnection.connect(await temporalConnectionOptions(config.temporal));
  const { slots, cachedWorkflows, shutdownGraceMs, versioning } = config.worker;
  const common = {
    connection,
    namespace: config.temporal.namespace,
    shutdownGraceTime: shutdownGraceMs,
    ...(versioning && { workerDeploymentOptions: deploymentOptions(buildIdOf()) }),
  };
  const serve = (
    taskQueue: string,
    slotCount: number,
    activities: object,
    own: Partial<WorkerOptions> = {},
  ) =>
    Worker.create({
      ...common,
      taskQueue,
      activities,
      interceptors: { activity: [heartbeats] },
      maxConcurrentActivityTaskExecutions: slotCount,
      ...own,
    });
  const queues = taskQueues(config.exchange.venue);
  const workers = await Promise.all([
    Worker.create({
      ...common,
      taskQueue: WORKFLOW_TASK_QUEUE,
      workflowBundle: { codePath: WORKFLOW_BUNDLE },
      maxConcurrentWorkflowTaskExecutions: slots.workflows,
      maxCachedWorkflows: cachedWorkflows,
      stickyQueueScheduleToStartTimeout: STICKY_TIMEOUT,
    }),
    serve(queues.market, slots.market, createMarketActivities(deps)),
    serve(queues.journal, slots.journal, createDecisionActivities(deps)),
    serve(queues.orders, slots.orders, {
      ...createOrderActivities(deps),
      ...createRiskActivities(deps),
      ...createReconciliationActivities(deps),
    }),
    serve(queues.emergency, slots.emergency, createEmergencyActivities(deps)),
    serve(queues.jobs, slots.jobs, {
      ...createBackfillActivities(deps),
      ...createOptimisationActivities(deps),
      ...createNewsActivities(deps),
    }),
    // Listening has nothing to finish: it ends at once and goes on in another worker.
    serve(queues.feed, slots.feed, createFeedActivities(deps), { shutdownGraceTime: 0 }),
  ]);
  const shutdown = (): void => {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  const run = async (worker: Worker): Promise<void> => {
    try {
      await worker.run();
    } finally {
      shutdown(); // one that ends takes the others along: a half-served account is worse than a restart
    }
  };
  const done = Promise.all(workers.map(run)).finally(() => connection.close());
  return { done: done.then(() => undefined), shutdown };
}

/** Temporal's own log lines go where ours go. */
function installRuntime(log: Logger): void {
  Runtime.install({
    logger: {
      log: (level, message, meta) => {
        const write = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;
        log[write[level]](meta ?? {}, message);
      },
      trace: (message, meta) => {
        log.trace(meta ?? {}, message);
      },
      debug: (message, meta) => {
        log.debug(meta ?? {}, message);
      },
      info: (message, meta) => {
        log.info(meta ?? {}, message);
      },
      warn: (message, meta) => {
        log.warn(meta ?? {}, message);
      },
      error: (message, meta) => {
        log.error(meta ?? {}, message);
      },
    },
    shutdownSignals: [],
  });
}
