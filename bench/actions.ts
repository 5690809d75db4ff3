/**
 * Billable actions, counted from histories as the page "Temporal Cloud Actions" of Temporal's documentation and the
 * estimate in Temporal's own Web UI count them. A child's start is two actions, both on the side of the parent (the
 * intent, and the attempt to start it), so the first event of a child's own history is not a third one; the Web UI,
 * which sees one history at a time, shows one there as well. Queries and heartbeats leave no events: heartbeats are
 * counted by {@link heartbeatActions}.
 */

/** The part of an event, as Temporal writes histories in JSON, that decides what it costs. */
interface HistoryEvent {
  readonly eventId?: string;
  readonly eventType?: string;
  readonly workflowExecutionStartedEventAttributes?: {
    readonly parentWorkflowExecution?: object | null;
    readonly continuedExecutionRunId?: string;
  };
  readonly activityTaskScheduledEventAttributes?: { readonly activityType?: { readonly name?: string } };
  readonly activityTaskStartedEventAttributes?: { readonly attempt?: number };
  readonly markerRecordedEventAttributes?: {
    readonly markerName?: string;
    readonly workflowTaskCompletedEventId?: string;
  };
  readonly upsertWorkflowSearchAttributesEventAttributes?: {
    readonly searchAttributes?: { readonly indexedFields?: Readonly<Record<string, unknown>> };
  };
  readonly workflowTaskFailedEventAttributes?: { readonly cause?: string };
}

/** A history as `historyToJSON` and Temporal's command line write it. */
export interface JsonHistory {
  readonly events: readonly HistoryEvent[];
}

/** What the estimate calls each kind of action. */
export type ActionCounts = Readonly<Record<string, number>>;

/** Markers of the SDK itself, which are free. */
const FREE_MARKERS: readonly string[] = ['core_patch', 'Version'];
/** The search attribute that versioning writes, which is free. */
const VERSION_ATTRIBUTE = 'TemporalChangeVersion';

/** Workflow tasks of which a marker has been counted. */
type MarkedTasks = Set<string>;

interface Rule {
  readonly kind: string;
  readonly count: (event: HistoryEvent, marked: MarkedTasks) => number;
}

const one = (): number => 1;

const RULES: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  [
    'EVENT_TYPE_WORKFLOW_EXECUTION_STARTED',
    { kind: 'start workflow', count: (event) => (isChild(event) ? 0 : 1) },
  ],
  ['EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED', { kind: 'start child workflow', count: () => 2 }],
  ['EVENT_TYPE_ACTIVITY_TASK_SCHEDULED', { kind: 'schedule activity', count: one }],
  [
    'EVENT_TYPE_ACTIVITY_TASK_STARTED',
    {
      kind: 'retry activity',
      count: ({ activityTaskStartedEventAttributes: started }) => (started?.attempt ?? 1) - 1,
    },
  ],
  ['EVENT_TYPE_TIMER_STARTED', { kind: 'start timer', count: one }],
  [
    'EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED',
    // The first event after the start belongs to a signal-with-start, whose one action is the start's.
    { kind: 'signal workflow', count: ({ eventId }) => (String(eventId) === '2' ? 0 : 1) },
  ],
  ['EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED', { kind: 'accept update', count: one }],
  [
    'EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES',
    { kind: 'upsert search attributes', count: (event) => (isVersionOnly(event) ? 0 : 1) },
  ],
  ['EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED', { kind: 'update options', count: one }],
  [
    'EVENT_TYPE_MARKER_RECORDED',
    { kind: 'record markers', count: (event, marked) => (firstMarkerOfItsTask(event, marked) ? 1 : 0) },
  ],
  ['EVENT_TYPE_WORKFLOW_TASK_FAILED', { kind: 'reset workflow', count: (event) => (isReset(event) ? 1 : 0) }],
  ['EVENT_TYPE_NEXUS_OPERATION_SCHEDULED', { kind: 'nexus operation', count: one }],
  ['EVENT_TYPE_NEXUS_OPERATION_CANCEL_REQUESTED', { kind: 'nexus operation', count: one }],
]);

/** Actions by kind. */
export function countActions({ events }: JsonHistory): ActionCounts {
  const counts: Record<string, number> = {};
  const marked: MarkedTasks = new Set();
  for (const event of events) {
    const rule = RULES.get(event.eventType ?? '');
    const count = rule?.count(event, marked) ?? 0;
    if (rule !== undefined && count > 0) counts[rule.kind] = (counts[rule.kind] ?? 0) + count;
  }
  return counts;
}

export const totalActions = (counts: ActionCounts): number =>
  Object.values(counts).reduce((total, count) => total + count, 0);

/** A run that continues another is a start of its own, whoever the parent of the first was. */
function isChild({ workflowExecutionStartedEventAttributes: started }: HistoryEvent): boolean {
  const continues = (started?.continuedExecutionRunId ?? '') !== '';
  return started?.parentWorkflowExecution != null && !continues;
}

function isVersionOnly({ upsertWorkflowSearchAttributesEventAttributes: upserted }: HistoryEvent): boolean {
  const names = Object.keys(upserted?.searchAttributes?.indexedFields ?? {});
  return names.length === 1 && names[0] === VERSION_ATTRIBUTE;
}

/** All markers of one workflow task are one action. */
function firstMarkerOfItsTask(
  { markerRecordedEventAttributes: marker }: HistoryEvent,
  markedTasks: MarkedTasks,
): boolean {
  if (FREE_MARKERS.includes(marker?.markerName ?? '')) return false;
  const task = String(marker?.workflowTaskCompletedEventId);
  if (markedTasks.has(task)) return false;
  markedTasks.add(task);
  return true;
}

const isReset = ({ workflowTaskFailedEventAttributes: failed }: HistoryEvent): boolean =>
  failed?.cause === 'WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW';

/** The SDK sends no heartbeat before this share of the heartbeat timeout has passed since the last. */
const HEARTBEAT_THROTTLE = 0.8;

/**
 * Heartbeats that reached the server, which only they count at: an activity that heartbeats all the time sends the first
 * at once and then one per 0.8 heartbeat timeouts.
 * @param runningMs how long it ran, wall time
 */
export function heartbeatActions(runningMs: number, heartbeatTimeoutMs: number): number {
  return runningMs <= 0 ? 0 : 1 + Math.floor(runningMs / (HEARTBEAT_THROTTLE * heartbeatTimeoutMs));
}
