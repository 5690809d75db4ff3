import {
  CancellationScope,
  continueAsNew,
  patched,
  setCurrentDetails,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import type { SweepResult } from '../activities/emergency-sweep';
import type { EmergencyStopInput, EmergencyStopProgress, EmergencyStopResult } from './contract';
import { emergencyActivities } from './proxies';

/** Between two passes: short at first, so that flat comes soon; longer when the exchange does not answer, or will not sell. */
const PAUSE = { firstMs: 150, maxMs: 3_000 } as const;
/** Temporal's timers come up to a second late. Pauses below this are left to the activities. */
const TIMER_MS = 2_000;
/** Between the two looks that must both find the account flat. */
const SECOND_LOOK_MS = 250;

/**
 * Stops an account: raises its halt epoch, cancels every entry, sells what is held in the place of each stop, and goes on
 * until the exchange shows it flat twice, or until somebody resumes trading. It cannot be cancelled, and every step may be
 * repeated after any crash.
 */
export async function emergencyStop(input: EmergencyStopInput): Promise<EmergencyStopResult> {
  return CancellationScope.nonCancellable(() => stopAndVerify(input));
}

async function stopAndVerify(input: EmergencyStopInput): Promise<EmergencyStopResult> {
  const { account, venue, reason } = input;
  const emergency = (what: string) => emergencyActivities(venue, what);
  const brisk = patched('pauses-in-activities');
  let total = input.carried ?? (await begin(input));
  let looks = 0;
  let afterMs = 0;
  for (let usualMs: number = PAUSE.firstMs; ; usualMs = Math.min(PAUSE.maxMs, usualMs * 1.5)) {
    // What cannot be sold is tried for as long as it takes.
    if (workflowInfo().continueAsNewSuggested)
      await continueAsNew<typeof emergencyStop>({ ...input, carried: total });
    const swept = await emergency('cancel and sell').sweepAccount({ account, afterMs });
    total = add(total, swept);
    if (swept.superseded) return end(input, total, swept);
    setCurrentDetails(describe(account, reason, swept));
    const look = { account, ...(brisk && { againAfterMs: SECOND_LOOK_MS }) };
    const flat = swept.flat && (await emergency('look whether it is flat').verifyFlat(look));
    looks = flat ? looks + (brisk ? 2 : 1) : 0;
    if (looks >= 2) return end(input, total, swept);
    const pauseMs = pauseBeforeNext(usualMs, swept);
    afterMs = brisk && pauseMs < TIMER_MS ? pauseMs : 0;
    if (afterMs === 0)
      await sleep(flat ? SECOND_LOOK_MS : pauseMs, {
        summary: flat ? 'before the second look' : 'before the next pass',
      });
  }
}

/** An order whose fate is open keeps its position bare: as soon as that is settled, the next one has to go out. */
const pauseBeforeNext = (usualMs: number, { settledAfterMs }: SweepResult): number =>
  typeof settledAfterMs === 'number' ? Math.min(usualMs, Math.max(PAUSE.firstMs, settledAfterMs)) : usualMs;

async function begin(input: EmergencyStopInput): Promise<EmergencyStopProgress> {
  const { account, venue, haltKey, reason, by } = input;
  const startedMs = Date.now();
  setCurrentDetails(`**Halting** ${account}: ${reason} (${by})`);
  if (haltKey !== null) await emergencyActivities(venue, 'halt').raiseHalt({ account, haltKey, reason, by });
  return { startedMs, cancelledOrders: 0, exitOrders: 0, positions: [] };
}

const add = (total: EmergencyStopProgress, swept: SweepResult): EmergencyStopProgress => ({
  ...total,
  cancelledOrders: total.cancelledOrders + swept.cancelledOrders,
  exitOrders: total.exitOrders + swept.exitOrders,
  positions: [...new Set([...total.positions, ...swept.live])],
});

async function end(
  { account, venue, reason, by }: EmergencyStopInput,
  { startedMs, cancelledOrders, exitOrders, positions }: EmergencyStopProgress,
  { epoch, superseded, unsettled, stranded = [], unexplained = [] }: SweepResult,
): Promise<EmergencyStopResult> {
  const tookMs = Date.now() - startedMs;
  const outcome = superseded
    ? `Superseded after ${tookMs} ms: trading was resumed with ${unsettled.length} positions unsettled`
    : `Flat after ${tookMs} ms${butFor(stranded)}${unknownTo(unexplained)}`;
  const message = `Stopped by ${by}: ${reason}. ${outcome}; ${cancelledOrders} entries cancelled, ${exitOrders} exits sent.`;
  await emergencyActivities(venue, 'report').reportEmergency({ account, epoch, message });
  setCurrentDetails(`**${superseded ? 'Superseded' : 'Flat'}.** ${message}`);
  const left = new Set([...unsettled, ...stranded.map(({ positionId }) => positionId)]);
  const closedPositions = positions.filter((id) => !left.has(id)).length;
  const flatAfterMs = superseded ? null : tookMs;
  return {
    ...{ epoch, cancelledOrders, closedPositions, flatAfterMs },
    ...(stranded.length > 0 && { stranded: stranded.map(({ what }) => what) }),
    ...(unexplained.length > 0 && { unexplained }),
  };
}

/** What is left though everything that can be sold is. */
const butFor = (stranded: NonNullable<SweepResult['stranded']>): string =>
  stranded.length === 0
    ? ''
    : `, but for what nobody can sell, since the exchange does not list its pair any more: ${stranded.map(({ what }) => what).join('; ')}`;

/** What rests though the journal knows nothing of it. */
const unknownTo = (unexplained: readonly string[]): string =>
  unexplained.length === 0 ? '' : `, but for what the journal does not know: ${unexplained.join('; ')}`;

const describe = (
  account: string,
  reason: string,
  { epoch, unsettled, openOrders, stranded = [], unexplained = [], awaited = [] }: SweepResult,
): string => {
  const left = `${unsettled.length} positions unsettled, ${openOrders} orders open${butFor(stranded)}${unknownTo(unexplained)}`;
  const names = [...unsettled, ...awaited];
  const waiting = names.length === 0 ? '' : `, waiting for ${names.join('; ')}`;
  return `**Stopping** ${account} in halt epoch ${epoch}: ${reason}\n\n${left}${waiting}`;
};
