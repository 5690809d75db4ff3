import type { Client } from '@temporalio/client';
import { startOptions, tags, workflowIds, type ReconciliationInput } from '../../workflows/contract';
import { ensureSchedule } from './schedules';

/** Makes the account's reconciliation run every `intervalMs` of wall time, or not by itself when that is null. */
export async function ensureReconciliationSchedule(
  client: Client,
  input: Omit<ReconciliationInput, 'trigger'>,
  intervalMs: number | null,
): Promise<void> {
  const { account } = input;
  const scheduleId = workflowIds.reconciliation(account);
  const action = {
    type: 'startWorkflow' as const,
    workflowType: 'reconciliation',
    // The server adds the time: each run hands over to the one reconciliation of the account.
    workflowId: `${scheduleId}/scheduled`,
    ...startOptions,
    args: [{ ...input, trigger: 'schedule', scheduled: true }],
    staticSummary: `scheduled reconciliation of ${account}`,
    typedSearchAttributes: tags({ account }),
  };
  await ensureSchedule(client, scheduleId, action, intervalMs);
}
