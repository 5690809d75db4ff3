import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { DifferenceKind, type Difference } from './compare-records';
import type { JournaledPosition } from './journal-record';

const RUNNING = `ExecutionStatus = 'Running'`;
/** Workflows that are at rest when nothing of theirs is pending. The others listen or look at the account for ever. */
const TRADING = `${RUNNING} AND WorkflowType IN ('position', 'orderLifecycle', 'tradingCycle', 'emergencyStop', 'reconciliation')`;

/** Trading workflows with work under way, and live positions that nobody owns. */
export async function unfinishedBusiness(
  client: Client,
  positions: readonly JournaledPosition[],
): Promise<readonly Difference[]> {
  const busy: string[] = [];
  const owners = new Set<string>();
  for await (const { workflowId, runId, type } of client.workflow.list({ query: TRADING })) {
    const { raw, status } = await client.workflow.getHandle(workflowId, runId).describe();
    if (status.name !== 'RUNNING') continue;
    if (type === 'position') owners.add(workflowId);
    for (const { activityType } of raw.pendingActivities ?? [])
      busy.push(`${workflowId} is busy with ${activityType?.name ?? 'an activity'}`);
    if (raw.pendingWorkflowTask !== null && raw.pendingWorkflowTask !== undefined)
      busy.push(`${workflowId} has news to take`);
    if (type === 'tradingCycle' || type === 'emergencyStop' || type === 'reconciliation')
      busy.push(`${workflowId} is under way`);
  }
  const live = positions.filter(({ state }) => state === 'live');
  const ownerless = live.filter(({ positionId }) => !owners.has(positionId));
  return [
    ...busy.map((text) => ({ kind: DifferenceKind.Unsettled, text })),
    ...ownerless.map(({ positionId }) => ({
      kind: DifferenceKind.Orphaned,
      text: `${positionId} is live and has no owner`,
    })),
  ];
}

/** Ends every workflow that is still running. */
export async function endAll(client: Client): Promise<void> {
  for await (const { workflowId, runId } of client.workflow.list({ query: RUNNING })) {
    try {
      await client.workflow.getHandle(workflowId, runId).terminate('the test is over');
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    }
  }
}
