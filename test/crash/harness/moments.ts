/**
 * The instants of an order's way to the exchange at which something can be killed. They are seen from outside, in the
 * bytes between the worker and its neighbours: the production code knows nothing of them.
 */
export const Instant = {
  /** The worker asks PostgreSQL to commit that it may send; PostgreSQL has not heard it yet. */
  Commit: 'before the outbox commit',
  /** PostgreSQL has committed that the worker may send; the worker has not heard it yet. */
  Committed: 'after the outbox commit',
  /** The order has left the worker; the exchange has not heard it yet. */
  Request: 'between commit and send',
  /** The exchange has executed the order; the worker has not heard it yet. */
  Answer: 'after acceptance and before the answer',
} as const;
export type Instant = (typeof Instant)[keyof typeof Instant];

export interface Moment {
  readonly instant: Instant;
  readonly clientOrderId: string;
}

/** What becomes of the message that makes the moment: lost together with its connection, or passed on. */
export type Verdict = 'drop' | 'pass';

/** Told of every moment before the message moves on. Synchronous: a process killed in it does nothing more. */
export type MomentObserver = (moment: Moment) => Verdict;

/** Client order ids as domain/ids.ts makes them. */
export const CLIENT_ORDER_ID = /bl-[0-9a-f]{6}-[0-9a-f]{24}/;
