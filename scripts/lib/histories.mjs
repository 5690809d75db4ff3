/**
 * What a workflow history can prove when it is replayed, and which of many are worth keeping. Histories are given as the JSON
 * that `historyToJSON` writes.
 */

/** Of one kind of workflow, a history beyond this is left out. */
export const MAX_BYTES = 300_000;

/** The workflow test that is left out when histories are recorded: it takes minutes, and reaches no branch that others do not. */
export const LONG_TEST = 'strategy-month';

const decode = (payload) => {
  try {
    return JSON.parse(Buffer.from(payload.data, 'base64').toString('utf8'));
  } catch {
    return undefined;
  }
};
const first = (payloads) => decode(payloads?.payloads?.[0] ?? {});
const nameOf = (type) => type?.name ?? type;

/** Human summaries without what differs from run to run: numbers, prices, pairs and times. */
const wording = (summary) =>
  summary
    .replace(/\b[A-Z]{2,10}\/[A-Z]{2,10}\b|\d[\d.:TZ-]*/g, '#')
    .replace(/\s+/g, ' ')
    .slice(0, 60);

/** What an event says about the branches that the code took: a list of words, none for most events. */
const readers = {
  ACTIVITY_TASK_SCHEDULED: ({ activityTaskScheduledEventAttributes: a }) => [
    `activity ${nameOf(a.activityType)}`,
  ],
  ACTIVITY_TASK_FAILED: (_, scheduled) => [`activity ${scheduled.activity} fails`],
  ACTIVITY_TASK_TIMED_OUT: (_, scheduled) => [`activity ${scheduled.activity} times out`],
  START_CHILD_WORKFLOW_EXECUTION_INITIATED: ({ startChildWorkflowExecutionInitiatedEventAttributes: a }) => [
    `child ${nameOf(a.workflowType)}`,
  ],
  START_CHILD_WORKFLOW_EXECUTION_FAILED: ({ startChildWorkflowExecutionFailedEventAttributes: a }) => [
    `child ${nameOf(a.workflowType)} runs already`,
  ],
  CHILD_WORKFLOW_EXECUTION_FAILED: ({ childWorkflowExecutionFailedEventAttributes: a }) => [
    `child ${nameOf(a.workflowType)} fails`,
  ],
  CHILD_WORKFLOW_EXECUTION_TIMED_OUT: ({ childWorkflowExecutionTimedOutEventAttributes: a }) => [
    `child ${nameOf(a.workflowType)} times out`,
  ],
  WORKFLOW_EXECUTION_SIGNALED: ({ workflowExecutionSignaledEventAttributes: a }) => [
    `signal ${a.signalName}`,
  ],
  SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED: ({
    signalExternalWorkflowExecutionInitiatedEventAttributes: a,
  }) => [`tells ${a.signalName}`],
  SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED: () => ['tells nobody'],
  WORKFLOW_EXECUTION_UPDATE_ACCEPTED: ({ workflowExecutionUpdateAcceptedEventAttributes: a }) => [
    `update ${a.acceptedRequest?.input?.name}`,
  ],
  WORKFLOW_EXECUTION_UPDATE_COMPLETED: ({ workflowExecutionUpdateCompletedEventAttributes: a }) => [
    a.outcome?.failure ? 'update fails' : 'update succeeds',
  ],
  WORKFLOW_EXECUTION_CANCEL_REQUESTED: () => ['cancel'],
  TIMER_FIRED: (_, started) => [`timer fires: ${started.timer}`],
  TIMER_CANCELED: (_, started) => [`timer is cancelled: ${started.timer}`],
  MARKER_RECORDED: ({ markerRecordedEventAttributes: a }) =>
    a.markerName === 'core_patch' ? [`patch ${first(a.details?.['patch-data'])?.id}`] : [],
  WORKFLOW_EXECUTION_CONTINUED_AS_NEW: () => ['continues as new'],
  WORKFLOW_EXECUTION_COMPLETED: () => ['completes'],
  WORKFLOW_EXECUTION_FAILED: () => ['fails'],
};

/** What the values in a history say beyond its events, by type of workflow. */
const valueReaders = {
  tradingCycle: ({ result }) => (result?.outcomes ?? []).map(({ outcome }) => `outcome ${outcome}`),
  position: ({ result, results }) => [
    ...(result ? [`exit ${result.exitReason}`] : []),
    ...((results.loadPosition?.[0]?.position?.orders ?? []).some(({ state }) => state !== 'created')
      ? ['adopts']
      : []),
  ],
  orderLifecycle: ({ input, result, results }) => {
    const orders = Object.values(results)
      .flat()
      .map((attempt) => attempt?.order)
      .filter(Boolean);
    return [
      ...(result ? [`${input.leg} ends ${result.state}`] : []),
      ...orders.map(({ state }) => `${input.leg} ${state}`),
      ...(orders.some(({ replaces }) => replaces) ? [`${input.leg} replaces`] : []),
    ];
  },
  emergencyStop: ({ input, result }) => [
    ...(input.carried ? ['carried'] : []),
    ...(result ? [result.flatAfterMs === null ? 'superseded' : 'flat'] : []),
  ],
  reconciliation: ({ input, result }) => [
    ...(input.carried?.told.length > 0 ? ['carried'] : []),
    ...(result?.adoptedPositions?.length > 0 ? ['adopted'] : []),
    ...(result?.findings?.length > 0 ? ['findings'] : []),
  ],
};

/**
 * The type of a history's workflow and what replaying it exercises, in words.
 * @param {object} history parsed
 * @returns {{type: string, status: string, features: Set<string>}}
 */
export function describeHistory(history) {
  const features = new Set();
  const byId = new Map();
  const values = { input: undefined, result: undefined, results: {} };
  let type = '';
  let status = 'running';
  for (const event of history.events) {
    const kind = event.eventType.replace('EVENT_TYPE_', '');
    const summary = event.userMetadata?.summary ? decode(event.userMetadata.summary) : undefined;
    const activity = nameOf(event.activityTaskScheduledEventAttributes?.activityType);
    byId.set(event.eventId, { activity, timer: wording(String(summary ?? 'of the SDK')) });
    const attributes = Object.entries(event).find(([key]) => key.endsWith('EventAttributes'))?.[1] ?? {};
    const origin = byId.get(attributes.scheduledEventId) ?? byId.get(attributes.startedEventId) ?? {};
    if (kind === 'WORKFLOW_EXECUTION_STARTED') {
      type = nameOf(attributes.workflowType);
      values.input = first(attributes.input);
      if (attributes.continuedExecutionRunId) features.add('is continued');
    }
    if (kind === 'ACTIVITY_TASK_COMPLETED')
      (values.results[origin.activity] ??= []).push(first(attributes.result));
    if (kind === 'WORKFLOW_EXECUTION_COMPLETED') values.result = first(attributes.result);
    const ended =
      /^WORKFLOW_EXECUTION_(COMPLETED|FAILED|TERMINATED|TIMED_OUT|CANCELED|CONTINUED_AS_NEW)$/.exec(kind);
    if (ended) status = ended[1].toLowerCase().replaceAll('_', '');
    for (const feature of readers[kind]?.(event, origin) ?? []) features.add(feature);
  }
  for (const feature of valueReaders[type]?.(values) ?? []) features.add(feature);
  // A patch is proven by a run that took it and came to its end.
  if (features.has('completes'))
    for (const feature of [...features])
      if (feature.startsWith('patch ')) features.add(`${feature}, completes`);
  return { type, status, features };
}

/**
 * The fewest histories (greedily) that together exercise all that the candidates of a type do and `known` does not.
 * @param {{json: string, type: string, status: string, features: Set<string>}[]} candidates
 * @param {ReadonlySet<string>} known
 * @param {number} limit
 */
export function choose(candidates, known, limit) {
  const covered = new Set(known);
  const chosen = [];
  const rest = candidates.filter(({ json }) => json.length <= MAX_BYTES);
  while (chosen.length < limit) {
    const gains = rest.map(
      (candidate) => [...candidate.features].filter((each) => !covered.has(each)).length,
    );
    const best = rest.reduce(
      (top, candidate, at) =>
        gains[at] > (gains[top] ?? 0) ||
        (gains[at] === gains[top] && candidate.json.length < rest[top]?.json.length)
          ? at
          : top,
      0,
    );
    if (!(gains[best] > 0)) break;
    const [candidate] = rest.splice(best, 1);
    for (const feature of candidate.features) covered.add(feature);
    chosen.push(candidate);
  }
  return chosen;
}

/**
 * The same history without what it tells of the machine: processes and their hosts, and where the code lay.
 * @param {string} json
 * @param {string} root the folder of the code
 */
export const withoutMachine = (json, root) =>
  json
    .replace(/\d+@[A-Za-z0-9.-]+/g, 'worker')
    .replaceAll(root, '')
    .replace(/(?<=[ ("])\/[^ ")]*\/node_modules\//g, 'node_modules/');

const SUSPICIOUS = [
  /"(?:[a-z]*secret|[a-z]*password|[a-z]*apikey|[a-z]*token|signature)\\?"\s*:/i,
  /postgres(?:ql)?:\/\//i,
  /-----BEGIN/,
  /bearer /i,
  /\/(?:root|home|work|Users|tmp)\//,
  /\d+@[A-Za-z]/,
];

/**
 * What must not be in a committed history, payloads included: secrets, addresses of databases, paths of a machine.
 * @param {string} json
 * @returns {string[]} the suspicious places
 */
export function leaksOf(json) {
  const payloads = [...json.matchAll(/"data"\s*:\s*"([A-Za-z0-9+/=]+)"/g)].map(([, data]) =>
    Buffer.from(data, 'base64').toString('utf8'),
  );
  return [json.replace(/"taskToken"\s*:/g, '"":'), ...payloads].flatMap((text) =>
    SUSPICIOUS.flatMap((pattern) => pattern.exec(text)?.[0] ?? []),
  );
}
