import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 50;

/**
 * Asks `probe` again and again until it answers with something. The limit is a bound on liveness and generous: it tells
 * "never" from "late", and measures nothing.
 * @param what completes the sentence "Waited in vain for …"
 * @throws Error with the probe's last error, if there was one
 */
export async function waitFor<T>(
  what: string,
  probe: () => T | undefined | Promise<T | undefined>,
  timeoutMs = 60_000,
): Promise<T> {
  const startedMs = performance.now();
  let lastError: unknown;
  for (;;) {
    try {
      const found = await probe();
      if (found !== undefined) return found;
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    if (performance.now() - startedMs > timeoutMs) {
      throw new Error(`Waited in vain for ${what} (${timeoutMs / 1000} s)`, { cause: lastError });
    }
    await sleep(POLL_MS);
  }
}

/**
 * Does something, and waits no longer than `limitMs` for it; what is late goes on unheard.
 * @throws Error when it takes longer, or whatever it throws
 */
export async function within<T>(limitMs: number, act: () => Promise<T>): Promise<T> {
  const patience = new AbortController();
  const late = sleep(limitMs, undefined, { signal: patience.signal }).then(() => {
    throw new Error(`not done after ${limitMs / 1000} s`);
  });
  try {
    return await Promise.race([act(), late]);
  } finally {
    patience.abort();
    late.catch(() => undefined);
  }
}
