import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { OrderState } from '../../../domain/order';
import { PositionState } from '../../../domain/position';
import { workflowIds } from '../../../workflows/contract';
import { DifferenceKind, type Difference } from './compare-records';
import type { JournalRecord } from './journal-record';

const RUNNING = `ExecutionStatus = 'Running'`;
/** Workflows that are at rest when nothing of theirs is pending. The others listen or look at the account for ever. */
const TRADING = `${RUNNING} AND WorkflowType IN ('position', 'orderLifecycle', 'tradingCycle', 'emergencyStop', 'reconciliation')`;

/**
 * Trading workflows with work under way, or with none left to do; live positions that nobody owns, and orders of theirs that rest and
 * that nobody looks after.
 */
export async function unfinishedBusiness(
  client: Client,
  { positions, orders }: Pick<JournalRecord, 'positions' | 'orders'>,
): Promise<readonly Difference[]> {
  const busy: string[] = [];
  const running = new Set<string>();
  for await (const { workflowId, runId, type } of client.workflow.list({ query: TRADING })) {
    const { raw, status } = await client.workflow.getHandle(workflowId, runId).describe();
    if (status.name !== 'RUNNING') continue;
    running.add(workflowId);
    for (const { activityType } of raw.pendingActivities ?? [])
      busy.push(`${workflowId} is busy with ${activityType?.name ?? 'an activity'}`);
    if (raw.pendingWorkflowTask !== null && raw.pendingWorkflowTask !== undefined)
      busy.push(`${workflowId} has news to take`);
    if (type === 'tradingCycle' || type === 'emergencyStop' || type === 'reconciliation')
      busy.push(`${workflowId} is under way`);
  }
  const live = positions
    .filter(({ state }) => state === PositionState.Live)
    .map(({ positionId }) => positionId);
  const ownerless = [
    ...live.filter((id) => !running.has(id)).map((id) => `${id} is live and has no owner`),
    ...orders
      .filter(({ positionId, state }) => state === OrderState.Open && live.includes(positionId))
      .filter(({ positionId, leg }) => !running.has(workflowIds.order(positionId, leg)))
      .map(({ clientOrderId, leg }) => `${leg} ${clientOrderId} rests and nobody looks after it`),
  ];
  const idle = positions
    .filter(({ state, positionId }) => state === PositionState.Closed && running.has(positionId))
    .map(({ positionId }) => `${positionId} is closed, and its workflow runs`);
  return [
    ...[...busy, ...idle].map((text) => ({ kind: DifferenceKind.Unsettled, text })),
    ...ownerless.map((text) => ({ kind: DifferenceKind.Orphaned, text })),
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
