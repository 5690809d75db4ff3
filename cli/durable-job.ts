import type { QueryDefinition } from '@temporalio/common';
import type { WorkflowHandle } from '@temporalio/client';
import { startOptions, workflowIds } from '../workflows/contract';
import type { Context } from './context';
import type { Progress } from './progress-bar';

/** Between two looks at the workflow. */
const LOOK_MS = 500;

/** A long question to the running system. */
export interface Job {
  readonly workflow: 'backfill' | 'optimisation' | 'training';
  readonly kind: 'backfill' | 'optimise' | 'train';
  /** Of the question: with its kind, the id of the workflow. */
  readonly hash: string;
  readonly input: object;
  /** For people. */
  readonly summary: string;
}

/** A job that is under way, or over. */
export interface StartedJob<T> {
  /** The hash of its question, by which the database knows it. */
  readonly jobId: string;
  readonly workflowId: string;
  /** Follows it to its end. */
  readonly result: (progress: Progress) => Promise<T>;
}

/** Starts a job as a durable workflow, or joins the one of the same question. */
export async function startJob(
  context: Pick<Context, 'temporal'>,
  { workflow, kind, hash, input, summary }: Job,
): Promise<WorkflowHandle> {
  const client = await context.temporal();
  return client.workflow.start(workflow, {
    ...startOptions,
    workflowId: workflowIds.job(kind, hash),
    workflowIdConflictPolicy: 'USE_EXISTING',
    args: [input],
    staticSummary: summary,
  });
}

/**
 * Tells that a job goes on without this command.
 * @param ids its ids, for programs
 * @param doing begins the sentence for people; `what` is shown by the same command without --detach
 */
export function tellStarted(
  { output }: Pick<Context, 'output'>,
  ids: { readonly workflowId: string; readonly [more: string]: unknown },
  doing: string,
  what: string,
): void {
  output.result(ids, () => {
    output.say(`${doing} as ${ids.workflowId}. The same command without --detach shows ${what}.`);
  });
}

/**
 * Shows how far a durable job is until it has ended; the workflow goes on when this command does not.
 * @param options.what the bar is about, out of `total`
 * @param options.show brings the bar up to date; `trouble` says what keeps the job, or is empty
 * @returns the workflow's result, which is of the kind that it tells on the way
 * @throws WorkflowFailedError when the job fails
 */
export async function followJob<P>(
  { config }: Pick<Context, 'config'>,
  handle: WorkflowHandle,
  options: {
    readonly query: QueryDefinition<P>;
    readonly progress: Progress;
    readonly what: string;
    readonly total: number;
    readonly show: (known: P, trouble: string) => void;
  },
): Promise<P> {
  options.progress.begin(options.what, options.total);
  const ended: { result?: P } = {};
  const end = (handle.result() as Promise<P>).then((value) => {
    ended.result = value;
  });
  try {
    while (ended.result === undefined) {
      await Promise.race([end, new Promise((resolve) => setTimeout(resolve, LOOK_MS))]);
      const known = await look(handle, options.query, config.exchange.requestTimeoutMs);
      if (known !== undefined) options.show(known.progress, known.trouble);
    }
    return ended.result;
  } finally {
    options.progress.end();
  }
}

/** How far it is, and what keeps it; undefined when nobody can say within `limitMs`. */
async function look<P>(
  handle: WorkflowHandle,
  query: QueryDefinition<P>,
  limitMs: number,
): Promise<{ readonly progress: P; readonly trouble: string } | undefined> {
  const question = Promise.all([handle.query(query), handle.describe()]);
  const patience = new Promise<undefined>((resolve) => setTimeout(resolve, limitMs, undefined).unref());
  const answer = await Promise.race([question.catch(() => undefined), patience]);
  if (answer === undefined) return undefined;
  const [progress, { raw }] = answer;
  const failure = raw.pendingActivities?.find(({ lastFailure }) => lastFailure?.message)?.lastFailure
    ?.message;
  return { progress, trouble: failure === undefined || failure === null ? '' : `; waiting: ${failure}` };
}
