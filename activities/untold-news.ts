import { setTimeout as sleep } from 'node:timers/promises';
import type { Log, Owners } from './deps';
import { tellOwner } from './wake';

/** Between two tries while Temporal does not answer; doubles up to the longest. Wall time. */
const RETRY_MS = { first: 250, longest: 4_000 } as const;

const sleepLightly = (ms: number): Promise<void> => sleep(ms, undefined, { ref: false });

interface Telling {
  /** Of an order: an older one than is kept is no news. */
  readonly version: number;
  readonly tell: () => Promise<void>;
}

/**
 * Tells owners without making anybody wait for them: looking after positions needs the exchange and the journal, and not Temporal, which may
 * be away. What could not be told is told again until it is, the latest of each order.
 */
export class UntoldNews {
  private readonly untold = new Map<string, Telling>();
  private readonly delivering = new Set<string>();

  /**
   * @param pause between tries, wall milliseconds; a timer that keeps no process alive unless told otherwise
   * @param ready nothing is tried before it resolves; absent: at once
   */
  constructor(
    private readonly told: Owners,
    private readonly how: {
      readonly log: Log;
      readonly pause?: (ms: number) => Promise<void>;
      readonly ready?: Promise<unknown>;
    },
  ) {}

  /** The same owners, who hear in their own time; whoever tells them something is told that they heard. */
  readonly owners: Owners = {
    startPosition: (...call) => this.told.startPosition(...call),
    notifyOrder: (order) => {
      const { clientOrderId, version } = order;
      return this.keep(`order ${clientOrderId}`, { version, tell: () => tellOwner(this.told, order) });
    },
    notifyPosition: (positionId) =>
      this.keep(`position ${positionId}`, {
        version: 0,
        tell: async () => {
          await this.told.notifyPosition(positionId);
        },
      }),
    wakeReconciliation: async (account, trigger, finding) => {
      const tell = (): Promise<void> => this.told.wakeReconciliation(account, trigger, finding);
      await this.keep(`reconciliation of ${account}: ${trigger}`, { version: 0, tell });
    },
  };

  private keep(about: string, telling: Telling): Promise<true> {
    const kept = this.untold.get(about);
    if (kept === undefined || kept.version <= telling.version) this.untold.set(about, telling);
    if (!this.delivering.has(about)) void this.deliver(about);
    return Promise.resolve(true);
  }

  /** Until there is nothing newer. Never throws. */
  private async deliver(about: string): Promise<void> {
    const { log, pause = sleepLightly, ready } = this.how;
    this.delivering.add(about);
    if (ready !== undefined) await ready.catch(() => undefined);
    let retryMs: number = RETRY_MS.first;
    for (let telling = this.untold.get(about); telling !== undefined; telling = this.untold.get(about)) {
      try {
        await telling.tell();
        if (this.untold.get(about) === telling) this.untold.delete(about);
      } catch (error) {
        log.warn({ about, error }, 'who it concerns could not be told; trying again');
        await pause(retryMs);
        retryMs = Math.min(2 * retryMs, RETRY_MS.longest);
      }
    }
    this.delivering.delete(about);
  }
}
