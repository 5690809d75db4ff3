import type { Client } from '@temporalio/client';

type TaskQueueType = NonNullable<
  Parameters<Client['workflowService']['describeTaskQueue']>[0]['taskQueueType']
>;
/** Of workflows and of activities, by their numbers in Temporal's protocol. */
const KINDS: readonly unknown[] = [1, 2];

/** A process that has asked for tasks of a queue. */
export interface Poller {
  /** `pid@host` unless it says otherwise. */
  readonly identity: string;
  /** When it asked last, in UTC milliseconds; a request is answered, or asked again, within a minute. */
  readonly askedMs: number;
}

/** Who serves a queue, for workflows or activities. Those that have died stay on the list for minutes. */
export async function pollersOf(
  client: Client,
  namespace: string,
  queue: string,
): Promise<readonly Poller[]> {
  const answers = await Promise.all(
    KINDS.map((kind) =>
      client.workflowService.describeTaskQueue({
        namespace,
        taskQueue: { name: queue },
        taskQueueType: kind as TaskQueueType,
      }),
    ),
  );
  return answers.flatMap(({ pollers }) =>
    pollers.map(({ identity, lastAccessTime }) => ({
      identity: identity ?? '',
      askedMs: Number(lastAccessTime?.seconds ?? 0) * 1_000,
    })),
  );
}
