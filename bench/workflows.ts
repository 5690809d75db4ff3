import { proxyActivities } from '@temporalio/workflow';
import { taskQueues } from '../workflows/contract';

export { tradingCycle } from '../workflows/trading-cycle.workflow';

interface BareActivities {
  nothing(): Promise<void>;
}

/** The least that a quiet cycle could be: as many activities, on the same queues, one after the other. */
export async function bareCycle(venue: string): Promise<void> {
  const { market, journal } = taskQueues(venue);
  for (const taskQueue of [market, journal]) {
    await proxyActivities<BareActivities>({ taskQueue, startToCloseTimeout: '8 seconds' }).nothing();
  }
}
