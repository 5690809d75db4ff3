import { setTimeout as sleep } from 'node:timers/promises';
import type { Log, Owners } from '../activities/deps';
import { tellOwner } from '../activities/wake';

/** Between two tries while Temporal does not answer; wall time. */
const RETRY_MS = 250;

type Telling = () => Promise<void>;

/**
 * What a worker learns while it starts, before Temporal may be there: kept until those whom it concerns can be told, so that looking after
 * positions does not wait for it.
 */
export class UntoldNews {
  /** By what it is about: the latest of it is enough. */
  private readonly untold = new Map<string, Telling>();

  constructor(
    private readonly owners: Owners,
    private readonly log: Log,
  ) {}

  /** The owners, for whoever must not wait for them: what becomes of orders, and what a reconciliation is to see, is kept. */
  get patient(): Owners {
    return {
      ...this.owners,
      notifyOrder: (order) => {
        this.untold.set(`order ${order.clientOrderId}`, () => tellOwner(this.owners, order));
        return Promise.resolve(true);
      },
      wakeReconciliation: (account, trigger, finding) => {
        this.untold.set(`reconciliation of ${account}: ${trigger}`, () =>
          this.owners.wakeReconciliation(account, trigger, finding),
        );
        return Promise.resolve();
      },
    };
  }

  /** Tells what is kept, as often as it takes, and whatever is still learnt until `learning` is over. */
  async tell(learning: Promise<unknown>, signal: AbortSignal): Promise<void> {
    const over = learning.then(() => true);
    const paused = (): Promise<boolean> => sleep(RETRY_MS, false, { signal }).catch(() => false);
    while (!signal.aborted) {
      for (const [about, telling] of [...this.untold]) await this.tellOne(about, telling);
      const isOver = await Promise.race([over, paused()]);
      if (isOver && this.untold.size === 0) return;
      if (isOver) await paused();
    }
    await over;
  }

  private async tellOne(about: string, telling: Telling): Promise<void> {
    try {
      await telling();
      if (this.untold.get(about) === telling) this.untold.delete(about);
    } catch (error) {
      this.log.warn({ about, error }, 'nobody could be told yet; trying again');
    }
  }
}
