import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../activities/deps';
import type { createProtection } from '../activities/protection';

/** Looks that follow each other until nothing is left; once something can be sent, together longer than any window of the order path. */
const LOOKS = { intervalMs: 500, atMost: 30 } as const;

/**
 * What a worker does first: it looks after what its predecessor left behind, orders on their way and positions without a stop,
 * instead of waiting until Temporal has noticed that death. It takes the steps which the workflows would take, so they
 * may take them too. Ends when nothing is left and something could be sent, or fifteen seconds after that; never throws.
 * @param maySend is the exchange held against the journal, before which nothing leaves?
 */
export async function giveFirstAid({
  protection,
  account,
  maySend,
  signal,
  log,
  looks = LOOKS,
}: {
  readonly protection: Pick<ReturnType<typeof createProtection>, 'catchUp'>;
  readonly account: string;
  readonly maySend: () => boolean;
  readonly signal: AbortSignal;
  readonly log: Log;
  readonly looks?: { readonly intervalMs: number; readonly atMost: number };
}): Promise<void> {
  let restingToo = true;
  let began = false;
  for (let late = 0; late < looks.atMost && !signal.aborted;) {
    if (!began && maySend()) {
      began = true;
      // The last answers may be older than the comparison.
      restingToo = true;
    }
    if (began) late += 1;
    try {
      const isLeft = await protection.catchUp(account, { restingToo });
      if (began && !isLeft) return;
      restingToo = false;
    } catch (error) {
      log.warn({ error }, 'could not look after what was left behind; looking again');
    }
    await sleep(looks.intervalMs, undefined, { signal }).catch(() => undefined);
  }
}
