import {
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
  type Client,
  type ScheduleOptions,
} from '@temporalio/client';
import { startOptions, tags, workflowIds, type ReconciliationInput } from '../../workflows/contract';

/** The server takes no shorter one. */
const MIN_CATCHUP_MS = 10_000;

/**
 * Makes the account's reconciliation run every `intervalMs` of wall time, or not by itself when that is null. Safe to repeat:
 * the schedule that is there is brought up to date. Runs that were missed while the server was down are made up for by one.
 */
export async function ensureReconciliationSchedule(
  client: Client,
  input: Omit<ReconciliationInput, 'trigger'>,
  intervalMs: number | null,
): Promise<void> {
  const scheduleId = workflowIds.reconciliation(input.account);
  const handle = client.schedule.getHandle(scheduleId);
  if (intervalMs === null) {
    try {
      await handle.delete();
    } catch (error) {
      if (!(error instanceof ScheduleNotFoundError)) throw error;
    }
    return;
  }
  const options = describeSchedule(scheduleId, input, intervalMs);
  try {
    await client.schedule.create(options);
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    await handle.update(({ state }) => ({ ...options, state }));
  }
}

function describeSchedule(
  scheduleId: string,
  input: Omit<ReconciliationInput, 'trigger'>,
  intervalMs: number,
): ScheduleOptions {
  const { account } = input;
  return {
    scheduleId,
    spec: { intervals: [{ every: intervalMs }] },
    policies: {
      overlap: ScheduleOverlapPolicy.SKIP,
      catchupWindow: Math.max(MIN_CATCHUP_MS, intervalMs),
    },
    action: {
      type: 'startWorkflow',
      workflowType: 'reconciliation',
      // The server adds the time: each run hands over to the one reconciliation of the account.
      workflowId: `${workflowIds.reconciliation(account)}/scheduled`,
      ...startOptions,
      args: [{ ...input, trigger: 'schedule', scheduled: true }],
      staticSummary: `scheduled reconciliation of ${account}`,
      typedSearchAttributes: tags({ account }),
    },
  };
}
