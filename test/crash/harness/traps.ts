import type { Instant, Moment, Verdict } from './moments';
import { waitFor } from './wait';
import type { WorkerProcess } from './worker-process';

/** What a test does at a moment, before the message that makes it moves on. */
export type Strike = (worker: WorkerProcess) => Verdict;

interface Trap {
  readonly matches: (moment: Moment) => boolean;
  readonly spring: Strike;
}

/** Moments that a test waits for. Each is caught once, in whichever worker it comes first. */
export class Traps {
  private traps: readonly Trap[] = [];

  /** Waits for the first time that this order comes to this instant. */
  at(instant: Instant, clientOrderId: string, strike: Strike): Promise<WorkerProcess> {
    return this.set(
      `${clientOrderId} to be ${instant}`,
      (moment) => moment.instant === instant && moment.clientOrderId === clientOrderId,
      strike,
    );
  }

  /** Waits for the first moment of this kind whose text holds each of these words. */
  when(instant: Instant, words: readonly string[], strike: Strike): Promise<WorkerProcess> {
    return this.set(
      `the moment ${instant} with ${words.join(', ')}`,
      ({ instant: now, text = '' }) => now === instant && words.every((word) => text.includes(word)),
      strike,
    );
  }

  observe(worker: WorkerProcess, moment: Moment): Verdict {
    const trap = this.traps.find(({ matches }) => matches(moment));
    if (trap === undefined) return 'pass';
    this.traps = this.traps.filter((other) => other !== trap);
    return trap.spring(worker);
  }

  private set(what: string, matches: Trap['matches'], strike: Strike): Promise<WorkerProcess> {
    let caught: WorkerProcess | undefined;
    const spring: Strike = (worker) => {
      caught = worker;
      return strike(worker);
    };
    this.traps = [...this.traps, { matches, spring }];
    return waitFor(what, () => caught);
  }
}
