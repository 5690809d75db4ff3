import { Worker } from 'node:worker_threads';
import type { SharedResult } from './indicator-cache';
import { shareMarkets } from './shared-markets';
import type { Point } from './space';
import { INDICATOR_BYTES, type Period, type StudySetup, type TrialResult } from './study';
import type {
  IndicatorCounts,
  StrategyFolders,
  ThreadAnswer,
  ThreadSetup,
  ThreadTask,
} from './trial-messages';

/** Threads that try points of a study at the same time. */
export interface TrialPool {
  readonly threads: number;
  /** Begins as soon as a thread is free. @throws whatever went wrong in the thread */
  tryPoint(point: Point, period: Period): Promise<TrialResult>;
  /** Over all threads; the bytes are those that the fullest holds, for most of them are shared. */
  indicators(): IndicatorCounts;
  /** Ends the threads; what they have not finished fails. */
  close(): Promise<void>;
}

export interface TrialPoolOptions {
  readonly strategyId: string;
  readonly folders: StrategyFolders;
  readonly setup: StudySetup;
  readonly threads: number;
  /** Room for results of indicators, which threads share; 0 computes all of them anew. */
  readonly indicatorBytes?: number;
  /** The compiled program of a thread: dist/workers/trial-thread.js. */
  readonly script: string;
}

/** A thread has its next task at hand when it ends one, so that it waits for nobody. */
const TASKS_AT_HAND = 2;

interface Job {
  readonly task: Omit<ThreadTask, 'known'>;
  readonly resolve: (result: TrialResult) => void;
  readonly reject: (error: unknown) => void;
}

interface Thread {
  readonly worker: Worker;
  readonly jobs: Map<number, Job>;
  indicators: IndicatorCounts;
  /** What others have computed and it has not been told of. */
  untold: SharedResult[];
}

/**
 * Starts threads that share the columns of the markets, and waits until each is there.
 * @throws RangeError for less than one thread, Error when one cannot begin
 */
export async function openTrialPool(options: TrialPoolOptions): Promise<TrialPool> {
  const { strategyId, folders, setup, threads, indicatorBytes = INDICATOR_BYTES } = options;
  if (!Number.isInteger(threads) || threads < 1)
    throw new RangeError(`There must be at least one thread, not ${threads}.`);
  const data: ThreadSetup = {
    ...{ strategyId, folders, indicatorBytes },
    setup: { ...setup, markets: shareMarkets(setup.markets) },
  };
  const pool = new Pool(options.script, data, threads);
  try {
    await pool.ready;
  } catch (error) {
    await pool.close();
    throw error;
  }
  return pool;
}

class Pool implements TrialPool {
  readonly ready: Promise<unknown>;
  private readonly workers: readonly Thread[];
  private readonly waiting: Job[] = [];
  private nextId = 0;
  /** Why nothing more is tried. */
  private broken: Error | undefined;

  constructor(
    script: string,
    data: ThreadSetup,
    readonly threads: number,
  ) {
    this.workers = Array.from({ length: threads }, () => ({
      worker: new Worker(script, { workerData: data, execArgv: [] }),
      jobs: new Map<number, Job>(),
      indicators: { hits: 0, misses: 0, bytes: 0 },
      untold: [],
    }));
    this.ready = Promise.all(this.workers.map((thread) => this.attend(thread)));
  }

  tryPoint(point: Point, period: Period): Promise<TrialResult> {
    if (this.broken !== undefined) return Promise.reject(this.broken);
    return new Promise((resolve, reject) => {
      this.waiting.push({ task: { id: this.nextId++, point, period }, resolve, reject });
      this.dispatch();
    });
  }

  indicators(): IndicatorCounts {
    const sum = (name: 'hits' | 'misses'): number =>
      this.workers.reduce((total, { indicators }) => total + indicators[name], 0);
    const bytes = Math.max(...this.workers.map(({ indicators }) => indicators.bytes));
    return { hits: sum('hits'), misses: sum('misses'), bytes };
  }

  async close(): Promise<void> {
    this.fail(new Error('The trials were stopped.'));
    await Promise.all(this.workers.map(({ worker }) => worker.terminate()));
  }

  /** Resolves when the thread is there. */
  private attend(thread: Thread): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (error: Error): void => {
        reject(error);
        this.fail(error);
      };
      thread.worker.on('message', (answer: ThreadAnswer) => {
        if (answer.kind === 'ready') resolve();
        else this.settle(thread, answer);
      });
      thread.worker.on('error', (error) => {
        end(error instanceof Error ? error : new Error(String(error)));
      });
      thread.worker.on('exit', (code) => {
        end(new Error(`A thread of the trials ended with code ${code}.`));
      });
    });
  }

  private settle(thread: Thread, answer: Exclude<ThreadAnswer, { kind: 'ready' }>): void {
    const job = thread.jobs.get(answer.id);
    thread.jobs.delete(answer.id);
    if (answer.kind === 'tried')
      for (const other of this.workers) if (other !== thread) other.untold.push(...answer.fresh);
    this.dispatch();
    if (answer.kind === 'failed') {
      job?.reject(answer.error);
      return;
    }
    thread.indicators = answer.indicators;
    job?.resolve(answer.result);
  }

  /** Gives what waits to the threads that have the least to do. */
  private dispatch(): void {
    for (let busy = 0; busy < TASKS_AT_HAND; busy += 1)
      for (const thread of this.workers) {
        if (thread.jobs.size !== busy) continue;
        const job = this.waiting.shift();
        if (job === undefined) return;
        thread.jobs.set(job.task.id, job);
        thread.worker.postMessage({ ...job.task, known: thread.untold } satisfies ThreadTask);
        thread.untold = [];
      }
  }

  private fail(error: Error): void {
    this.broken ??= error;
    const lost = [...this.waiting.splice(0), ...this.workers.flatMap(({ jobs }) => [...jobs.values()])];
    for (const { jobs } of this.workers) jobs.clear();
    for (const job of lost) job.reject(this.broken);
  }
}
