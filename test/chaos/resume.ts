import { Target } from './schedule';
import { lengthOf, union, without, type Span } from './statistics';
import type { Downtime, Strike } from './supervisor';
import type { RecordedTask } from './temporal-record';

/** How long it took until things went on after a strike. */
export interface Resumption {
  readonly strike: Strike;
  /** Wall time at which work went on. */
  readonly resumedMs: number;
  /** From the kill until then, without the time in which any server was down. */
  readonly tookMs: number;
  /** The piece of work that tells. */
  readonly what: string;
}

/**
 * When work went on after each strike, by Temporal's own record.
 *
 * A kill of the worker (alone or with servers): the last piece of work that was under way or waiting at the kill and had to
 * be begun anew; work that two kills struck counts for the later one, and work that has failed by itself in between tells
 * nothing. When nothing was, and after a kill of servers alone: the first activity that began once everything could be
 * reached again, and was completed.
 */
export function resumptions(
  tasks: readonly RecordedTask[],
  strikes: readonly Strike[],
  downtimes: readonly Downtime[],
): readonly Resumption[] {
  const down = union(downtimes.map(({ fromMs, toMs }): Span => ({ fromMs, toMs: toMs ?? Infinity })));
  const workerKills = strikes.filter(({ targets }) => targets.includes(Target.Worker));
  const struckBy = (strike: Strike): readonly RecordedTask[] =>
    tasks.filter(
      ({ scheduledMs, startedMs, triedBefore }) =>
        !triedBefore &&
        scheduledMs <= strike.killedMs &&
        startedMs > strike.killedMs &&
        workerKills.findLast(({ killedMs }) => killedMs < startedMs) === strike,
    );
  return strikes.flatMap((strike) => {
    const { killedMs } = strike;
    const reachableMs =
      down.find((span) => span.fromMs <= killedMs && killedMs < span.toMs)?.toMs ?? killedMs;
    const first = tasks
      .filter((task) => task.isActivity && task.completed && task.startedMs >= reachableMs)
      .reduce(earlier, undefined);
    const task = struckBy(strike).reduce(later, undefined) ?? first;
    if (task === undefined) return [];
    const { startedMs: resumedMs, what } = task;
    const tookMs = lengthOf(without([{ fromMs: killedMs, toMs: resumedMs }], down));
    return [{ strike, resumedMs, tookMs, what }];
  });
}

type Found = RecordedTask | undefined;
const earlier = (found: Found, task: RecordedTask): Found =>
  found === undefined || task.startedMs < found.startedMs ? task : found;
const later = (found: Found, task: RecordedTask): Found =>
  found === undefined || task.startedMs > found.startedMs ? task : found;
