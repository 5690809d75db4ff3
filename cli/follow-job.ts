import type { QueryDefinition } from '@temporalio/common';
import type { WorkflowHandle } from '@temporalio/client';
import type { Progress } from './progress-bar';

/** Between two looks at the workflow. */
const LOOK_MS = 500;

/**
 * Shows how far a durable job is until it has ended; the workflow goes on when this command does not.
 * @param options.begin shows the bar
 * @param options.show brings it up to date; `trouble` says what keeps the job, or is empty
 * @param options.limitMs for one answer
 * @returns the workflow's result, which is of the kind that it tells on the way
 * @throws WorkflowFailedError when the job fails
 */
export async function followJob<P>(
  handle: WorkflowHandle,
  options: {
    readonly query: QueryDefinition<P>;
    readonly limitMs: number;
    readonly progress: Progress;
    readonly show: (known: P, trouble: string) => void;
  },
): Promise<P> {
  const ended: { result?: P } = {};
  const end = (handle.result() as Promise<P>).then((value) => {
    ended.result = value;
  });
  try {
    while (ended.result === undefined) {
      await Promise.race([end, new Promise((resolve) => setTimeout(resolve, LOOK_MS))]);
      const known = await look(handle, options.query, options.limitMs);
      if (known !== undefined) options.show(known.progress, known.trouble);
    }
    return ended.result;
  } finally {
    options.progress.end();
  }
}

/** How far it is, and what keeps it; undefined when nobody can say just now. */
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
