/**
 * The instants at which something can be killed. They are seen from outside, in the bytes between the worker and its
 * neighbours: the production code knows nothing of them.
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

  // The rest is told with its `text`, by which a test finds what it means.
  /** Any statement, transactions' own included, has left for PostgreSQL. */
  Statement: 'before a statement',
  /** Any commit, of a transaction or of a statement that is one by itself, is asked for. */
  Write: 'before a commit',
  /** PostgreSQL has committed it; the worker has not heard it yet. */
  Written: 'after a commit',
  /** Any request has left the worker; the exchange has not heard it yet. */
  Ask: 'before a request',
  /** The exchange has dealt with it; the worker has not heard it yet. */
  Asked: 'before an answer',
  /** The worker tells Temporal that a workflow continues as new; Temporal has not heard it yet. */
  Continue: 'before a continuation',
} as const;
export type Instant = (typeof Instant)[keyof typeof Instant];

export interface Moment {
  readonly instant: Instant;
  /** Empty when the moment is not about one order. */
  readonly clientOrderId: string;
  /**
   * What is said at this moment: all SQL and values of a transaction, or `METHOD path?query&body` of a request, or the
   * type of a workflow.
   */
  readonly text?: string;
}

/** What becomes of the message that makes the moment: lost together with its connection, or passed on. */
export type Verdict = 'drop' | 'pass';

/** Told of every moment before the message moves on. Synchronous: a process killed in it does nothing more. */
export type MomentObserver = (moment: Moment) => Verdict;

/** Client order ids as domain/ids.ts makes them. */
export const CLIENT_ORDER_ID = /bl-[0-9a-f]{6}-[0-9a-f]{24}/;
