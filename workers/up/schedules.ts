import {
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
  type Client,
  type ScheduleOptions,
} from '@temporalio/client';

/** The server takes no shorter one. */
const MIN_CATCHUP_MS = 10_000;

/**
 * Makes the action happen every `intervalMs` of wall time, one run at a time, or not at all when that is null. Safe to repeat: the
 * schedule that is there is brought up to date, and stays paused when somebody paused it. Runs that were missed while the server was
 * down are made up for by one.
 */
export async function ensureSchedule(
  client: Client,
  scheduleId: string,
  action: ScheduleOptions['action'],
  intervalMs: number | null,
): Promise<void> {
  const handle = client.schedule.getHandle(scheduleId);
  if (intervalMs === null) {
    try {
      await handle.delete();
    } catch (error) {
      if (!(error instanceof ScheduleNotFoundError)) throw error;
    }
    return;
  }
  const options: ScheduleOptions = {
    scheduleId,
    spec: { intervals: [{ every: intervalMs }] },
    policies: {
      overlap: ScheduleOverlapPolicy.SKIP,
      catchupWindow: Math.max(MIN_CATCHUP_MS, intervalMs),
    },
    action,
  };
  try {
    await client.schedule.create(options);
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    await handle.update(({ state }) => ({ ...options, state }));
  }
}
