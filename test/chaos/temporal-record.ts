import type { Client, WorkflowExecutionInfo, WorkflowHandle } from '@temporalio/client';
import type { Entry } from './chronicle';

/** A workflow task or an activity as Temporal recorded it. Wall times. */
export interface RecordedTask {
  /** Which workflow, and what of it. */
  readonly what: string;
  /** Otherwise it is a workflow task. */
  readonly isActivity: boolean;
  readonly scheduledMs: number;
  /** Start of the attempt that ended it. */
  readonly startedMs: number;
  readonly endedMs: number;
  readonly completed: boolean;
  /** An attempt before the last failed by itself, on a worker that lived: when that one began, no history tells. */
  readonly triedBefore: boolean;
}

/** What Temporal remembers of a run. */
export interface TemporalRecord {
  readonly tasks: readonly RecordedTask[];
  /** Attempts, tasks and workflows that failed. */
  readonly failures: readonly Entry[];
  /** Runs that were left out because there were too many. */
  readonly leftOut: number;
}

type History = Awaited<ReturnType<WorkflowHandle['fetchHistory']>>;
type HistoryEvent = NonNullable<History['events']>[number];

const MAX_RUNS = 6_000;
const AT_ONCE = 8;

/** Reads the history of every run that Temporal knows, newest first, until `untilMs`. */
export async function readTemporalRecord(client: Client, untilMs: number): Promise<TemporalRecord> {
  const runs: WorkflowExecutionInfo[] = [];
  for await (const run of client.workflow.list()) if (runs.push(run) >= MAX_RUNS) break;
  const tasks: RecordedTask[] = [];
  const failures: Entry[] = [];
  const waiting = [...runs];
  const read = async (): Promise<void> => {
    for (let run = waiting.shift(); run !== undefined; run = waiting.shift()) {
      if (Date.now() > untilMs) {
        waiting.push(run);
        return;
      }
      const { workflowId, runId } = run;
      const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
      tasks.push(...tasksOf(workflowId, events ?? []));
      failures.push(...failuresOf(workflowId, events ?? []));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, read));
  return { tasks, failures, leftOut: waiting.length };
}

const timeOf = ({ eventTime }: HistoryEvent): number =>
  Number(eventTime?.seconds ?? 0) * 1_000 + (eventTime?.nanos ?? 0) / 1e6;

/** Every task that ended, with the time it was asked for and the time of its last attempt. */
export function tasksOf(workflowId: string, events: readonly HistoryEvent[]): readonly RecordedTask[] {
  const byId = new Map(events.map((event) => [Number(event.eventId), event]));
  const tasks: RecordedTask[] = [];
  let askedMs: number | null = null;
  for (const event of events) {
    const activity =
      event.activityTaskCompletedEventAttributes ??
      event.activityTaskFailedEventAttributes ??
      event.activityTaskTimedOutEventAttributes;
    const task = event.workflowTaskCompletedEventAttributes;
    const started = byId.get(Number(activity?.startedEventId ?? task?.startedEventId));
    const scheduled = byId.get(Number(activity?.scheduledEventId));
    const ended = started && { startedMs: timeOf(started), endedMs: timeOf(event) };
    if (activity && ended && scheduled) {
      const name = scheduled.activityTaskScheduledEventAttributes?.activityType?.name ?? 'an activity';
      const completed = Boolean(event.activityTaskCompletedEventAttributes);
      const what = `${name} of ${workflowId}`;
      const triedBefore = failedByItself(started.activityTaskStartedEventAttributes?.lastFailure);
      tasks.push({
        what,
        isActivity: true,
        scheduledMs: timeOf(scheduled),
        ...ended,
        completed,
        triedBefore,
      });
    }
    // A task that times out is asked for again: what counts is when it was first wanted.
    if (event.workflowTaskScheduledEventAttributes) askedMs ??= timeOf(event);
    if (task && ended && askedMs !== null) {
      const what = `a workflow task of ${workflowId}`;
      const always = { isActivity: false, completed: true, triedBefore: false };
      tasks.push({ what, scheduledMs: askedMs, ...ended, ...always });
    }
    if (task) askedMs = null;
  }
  return tasks;
}

/** Not by a heartbeat that stayed away, or by its time running out, as what a dead worker leaves. */
const failedByItself = (failure: { readonly timeoutFailureInfo?: unknown } | null | undefined): boolean =>
  Boolean(failure) && !failure?.timeoutFailureInfo;

function failuresOf(workflowId: string, events: readonly HistoryEvent[]): readonly Entry[] {
  return events.flatMap((event) => {
    const text = failureOf(event);
    return text === undefined
      ? []
      : [{ wallMs: timeOf(event), source: 'workflow', text: `${workflowId}: ${text}` }];
  });
}

function failureOf(event: HistoryEvent): string | undefined {
  const started = event.activityTaskStartedEventAttributes;
  if (started?.lastFailure)
    return `attempt ${started.attempt ?? 0} after: ${started.lastFailure.message ?? 'a failure'}`;
  const failed =
    event.activityTaskFailedEventAttributes?.failure ?? event.activityTaskTimedOutEventAttributes?.failure;
  if (failed) return `an activity failed: ${failed.message ?? ''}`;
  const task = event.workflowTaskFailedEventAttributes;
  if (task) return `a workflow task failed: ${task.failure?.message ?? ''}`;
  const timedOut = event.workflowTaskTimedOutEventAttributes;
  if (timedOut) return `a workflow task timed out (kind ${timedOut.timeoutType ?? 0})`;
  const over = event.workflowExecutionFailedEventAttributes;
  if (over) return `the workflow failed: ${over.failure?.message ?? ''}`;
  return event.workflowExecutionTimedOutEventAttributes ? 'the workflow timed out' : undefined;
}
