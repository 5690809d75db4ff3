import type { RefusalCode } from '../domain/errors';
import type { OrderView } from '../domain/order';

/** How long one attempt to send may be under way, in wall milliseconds. */
export interface SendWindows {
  /** From the compare-and-set until the attempt may no longer leave the process. */
  readonly sendWindowMs: number;
  /** How old a request may be when the exchange accepts it. */
  readonly receiveWindowMs: number;
}

/** The windows of the order path, in wall milliseconds. */
export interface OrderTiming extends SendWindows {
  /**
   * Those of stops and exits, which are sent again once their absence is proven: the shorter, the sooner. One that was too
   * slow for them was provably not executed, and is tried again at once. The same as for entries unless told otherwise.
   */
  readonly reducing?: SendWindows;
  /** How long after acceptance an order may still be invisible to a look-up. */
  readonly visibilityLagMs: number;
}

/** What an attempt left behind: the order itself, and others that it changed (a replaced one). */
export interface Attempt {
  readonly order: OrderView;
  readonly alsoChanged: readonly OrderView[];
  /** How long to wait before the next try or look, where that is known: by the exchange's own wish, or because fills are owed. */
  readonly retryAfterMs: number | null;
  /** A proven refusal before any send, as a code. */
  readonly refused: RefusalCode | null;
}

/** An attempt of which there is nothing to tell but its order. */
export const attempt = (order: OrderView): Attempt => ({
  order,
  alsoChanged: [],
  retryAfterMs: null,
  refused: null,
});
