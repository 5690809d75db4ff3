import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { countActions, heartbeatActions, totalActions, type JsonHistory } from '../../bench/actions';

const history = (name: string): JsonHistory =>
  JSON.parse(readFileSync(join(__dirname, '../histories', name), 'utf8')) as JsonHistory;

const one = (eventType: string, attributes: object = {}, eventId = '5'): JsonHistory => ({
  events: [{ eventId, eventType, ...attributes }],
});

it('counts a strategy that ran ten cycles', () => {
  expect(countActions(history('strategy-running-1.json'))).toEqual({
    'start workflow': 1,
    'upsert search attributes': 1,
    'schedule activity': 1,
    'start child workflow': 20,
    'start timer': 9,
  });
});

it('counts a cycle with two grants: its own start is on the bill of its parent', () => {
  const counts = countActions(history('tradingCycle-completed-1.json'));
  expect(counts).toEqual({
    'schedule activity': 4,
    'start child workflow': 4,
    'upsert search attributes': 1,
  });
  expect(totalActions(counts)).toBe(9);
});

describe('one event', () => {
  const started = 'EVENT_TYPE_WORKFLOW_EXECUTION_STARTED';
  const parent = { parentWorkflowExecution: { workflowId: 'strategy/main/rsi' } };

  it.each<[string, JsonHistory, number]>([
    ['a start by a client', one(started), 1],
    ['a start by a parent', one(started, { workflowExecutionStartedEventAttributes: parent }), 0],
    [
      'a child that continues as new',
      one(started, {
        workflowExecutionStartedEventAttributes: { ...parent, continuedExecutionRunId: 'run' },
      }),
      1,
    ],
    ['a first attempt', one('EVENT_TYPE_ACTIVITY_TASK_STARTED', attempt(1)), 0],
    ['a third attempt, as two retries', one('EVENT_TYPE_ACTIVITY_TASK_STARTED', attempt(3)), 2],
    ['a signal', one('EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED'), 1],
    ['the signal of a signal-with-start', one('EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED', {}, '2'), 0],
    ['an update', one('EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED'), 1],
    ['the version of a patch', upsert({ TemporalChangeVersion: {} }), 0],
    ['search attributes', upsert({ Mode: {}, TemporalChangeVersion: {} }), 1],
    ['the marker of a patch', one('EVENT_TYPE_MARKER_RECORDED', marker('core_patch')), 0],
    [
      'two local activities of one task',
      { events: [1, 2].flatMap(() => one('EVENT_TYPE_MARKER_RECORDED', marker('LocalActivity')).events) },
      1,
    ],
    ['a reset', one('EVENT_TYPE_WORKFLOW_TASK_FAILED', failure('RESET_WORKFLOW')), 1],
    ['a bug', one('EVENT_TYPE_WORKFLOW_TASK_FAILED', failure('NON_DETERMINISTIC_ERROR')), 0],
    ['a fired timer', one('EVENT_TYPE_TIMER_FIRED'), 0],
  ])('%s', (_, events, actions) => {
    expect(totalActions(countActions(events))).toBe(actions);
  });
});

it.each([
  [0, 0],
  [100, 1],
  [3_999, 1],
  [4_000, 2],
  [60_000, 16],
])('an activity with a heartbeat timeout of 5 s that runs for %i ms is heard %i times', (ms, times) => {
  expect(heartbeatActions(ms, 5_000)).toBe(times);
});

function attempt(number: number): object {
  return { activityTaskStartedEventAttributes: { attempt: number } };
}

function upsert(indexedFields: object): JsonHistory {
  const attributes = { searchAttributes: { indexedFields } };
  return one('EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES', {
    upsertWorkflowSearchAttributesEventAttributes: attributes,
  });
}

function marker(markerName: string): object {
  return { markerRecordedEventAttributes: { markerName, workflowTaskCompletedEventId: '4' } };
}

function failure(cause: string): object {
  return { workflowTaskFailedEventAttributes: { cause: `WORKFLOW_TASK_FAILED_CAUSE_${cause}` } };
}
