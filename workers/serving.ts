import { NativeConnection, Runtime, Worker, type WorkerOptions } from '@temporalio/worker';
import type { Logger } from 'pino';
import type { BallastConfig } from '../config/config';
import { temporalConnectionOptions } from '../temporal/connection';
import { buildIdOf, deploymentOptions } from '../temporal/versioning';
import { heartbeats } from './heartbeat';

export interface RunningWorkers {
  /** Resolves when all have drained; rejects when one fails. */
  readonly done: Promise<void>;
  readonly shutdown: () => void;
}

/** A connection, and what every worker of a process has in common. */
export interface Serving {
  readonly connection: NativeConnection;
  readonly common: Pick<
    WorkerOptions,
    'connection' | 'namespace' | 'shutdownGraceTime' | 'workerDeploymentOptions'
  >;
  /** A worker for activities. */
  readonly serve: (
    taskQueue: string,
    slots: number,
    activities: object,
    own?: Partial<WorkerOptions>,
  ) => Promise<Worker>;
}

/** Connects this process to Temporal, whose log lines go where ours go. */
export async function openServing(config: BallastConfig, log: Logger): Promise<Serving> {
  installRuntime(log);
  const connection = await NativeConnection.connect(await temporalConnectionOptions(config.temporal));
  const { shutdownGraceMs, versioning } = config.worker;
  const common = {
    connection,
    namespace: config.temporal.namespace,
    shutdownGraceTime: shutdownGraceMs,
    ...(versioning && { workerDeploymentOptions: deploymentOptions(buildIdOf()) }),
  };
  return {
    connection,
    common,
    serve: (taskQueue, slots, activities, own = {}) =>
      Worker.create({
        ...common,
        taskQueue,
        activities,
        interceptors: { activity: [heartbeats] },
        maxConcurrentActivityTaskExecutions: slots,
        ...own,
      }),
  };
}

/** Runs workers until one ends, which takes the others along: a half-served account is worse than a restart. */
export function runTogether(workers: readonly Worker[], { connection }: Serving): RunningWorkers {
  const shutdown = (): void => {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  const run = async (worker: Worker): Promise<void> => {
    try {
      await worker.run();
    } finally {
      shutdown();
    }
  };
  const done = Promise.all(workers.map(run)).finally(() => connection.close());
  return { done: done.then(() => undefined), shutdown };
}

/**
 * Lets SIGINT and SIGTERM drain the workers: what runs gets its grace period, then it is cancelled. The listeners stay: a library that
 * listens too (node-llama-cpp's clean-up does) ends the process at once when it finds itself the only one.
 */
export function drainOnSignals({ shutdown }: RunningWorkers, log: Logger): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      log.info({ signal }, 'draining');
      shutdown();
    });
  }
}

/** Ends the process with code 1 when its work fails, for its supervisor to start it again. */
export function runProcess(main: () => Promise<void>): void {
  main().catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exit(1);
  });
}

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
