import {
  CancellationScope,
  continueAsNew,
  setCurrentDetails,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import type { SweepResult } from '../activities/emergency';
import type { EmergencyStopInput, EmergencyStopResult } from './contract';
import { emergencyActivities } from './proxies';

/** Between two passes: short at first, so that flat comes soon; longer when the exchange does not answer. */
const PAUSE = { firstMs: 150, maxMs: 2_000 } as const;
/** Between the two looks that must both find the account flat. */
const SECOND_LOOK_MS = 250;

/**
 * Stops an account: raises its halt epoch, cancels every entry, sells what is held in the place of each stop, and goes on
 * until the exchange shows it flat twice. It cannot be cancelled, and every step may be repeated after any crash.
 */
export async function emergencyStop(input: EmergencyStopInput): Promise<EmergencyStopResult> {
  return CancellationScope.nonCancellable(() => stopAndVerify(input));
}

async function stopAndVerify(input: EmergencyStopInput): Promise<EmergencyStopResult> {
  const { account, symbols, venue, haltKey, reason, by } = input;
  const emergency = (what: string) => emergencyActivities(venue, what);
  setCurrentDetails(`**Halting** ${account}: ${reason} (${by})`);
  const epoch = await emergency('halt').raiseHalt({ account, haltKey, reason, by });
  const total = { startedMs: Date.now(), cancelledOrders: 0, exitOrders: 0, ...input.carried };
  let looks = 0;
  for (let pauseMs: number = PAUSE.firstMs; looks < 2; pauseMs = Math.min(PAUSE.maxMs, pauseMs * 1.5)) {
    // What cannot be sold is tried for as long as it takes.
    if (workflowInfo().continueAsNewSuggested)
      await continueAsNew<typeof emergencyStop>({ ...input, carried: total });
    const swept = await emergency('cancel and sell').sweepAccount({ account, symbols, epoch });
    total.cancelledOrders += swept.cancelledOrders;
    total.exitOrders += swept.exitOrders;
    setCurrentDetails(describe(account, reason, epoch, swept));
    const flat =
      swept.flat && (await emergency('look whether it is flat').verifyFlat({ account, symbols, epoch }));
    looks = flat ? looks + 1 : 0;
    if (looks < 2)
      await sleep(flat ? SECOND_LOOK_MS : pauseMs, {
        summary: flat ? 'before the second look' : 'before the next pass',
      });
  }
  const flatAfterMs = Date.now() - total.startedMs;
  const message = `Stopped by ${by}: ${reason}. Flat after ${flatAfterMs} ms; ${total.cancelledOrders} entries cancelled, ${total.exitOrders} exits sent.`;
  await emergency('report').reportEmergency({ account, epoch, message });
  setCurrentDetails(`**Flat.** ${message}`);
  return { epoch, cancelledOrders: total.cancelledOrders, closedPositions: total.exitOrders, flatAfterMs };
}

const describe = (account: string, reason: string, epoch: number, swept: SweepResult): string =>
  `**Stopping** ${account} in halt epoch ${epoch}: ${reason}\n\n${swept.unsettled.length} positions unsettled, ${swept.openOrders} orders open`;
