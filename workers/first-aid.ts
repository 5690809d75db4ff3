import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../activities/deps';
import type { createProtection } from '../activities/protection';

/** Looks that follow each other until nothing is left; together longer than any window of the order path. */
const LOOKS = { intervalMs: 500, atMost: 30 } as const;

/**
 * What a worker does first: it looks after what its predecessor left behind, orders on their way and positions without a stop,
 * instead of waiting until Temporal has noticed that death. It takes the steps which the workflows would take, so they
 * may take them too. Ends when nothing is left, or after fifteen seconds; never throws.
 */
export async function giveFirstAid({
  protection,
  account,
  signal,
  log,
  looks = LOOKS,
}: {
  readonly protection: Pick<ReturnType<typeof createProtection>, 'catchUp'>;
  readonly account: string;
  readonly signal: AbortSignal;
  readonly log: Log;
  readonly looks?: { readonly intervalMs: number; readonly atMost: number };
}): Promise<void> {
  for (let look = 0; look < looks.atMost && !signal.aborted; look += 1) {
    try {
      if (!(await protection.catchUp(account, { restingToo: look === 0 }))) return;
    } catch (error) {
      log.warn({ error }, 'could not look after what was left behind; looking again');
    }
    await sleep(looks.intervalMs, undefined, { signal }).catch(() => undefined);
  }
}
