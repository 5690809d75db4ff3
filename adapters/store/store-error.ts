/** What is wrong with a request to the store. None of these is cured by repeating it. */
export const StoreErrorCode = {
  UnknownAccount: 'unknown-account',
  UnknownPosition: 'unknown-position',
  UnknownOrder: 'unknown-order',
  /** The same identity was journaled before with other content. */
  Conflict: 'conflict',
  /** The halt epoch given is not the current one. */
  StaleEpoch: 'stale-epoch',
  /** A caller's mistake: the operation is never allowed. */
  Misuse: 'misuse',
} as const;
export type StoreErrorCode = (typeof StoreErrorCode)[keyof typeof StoreErrorCode];

/** A request that the store refuses. Errors of PostgreSQL itself are passed on as they are, and may be retried. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  constructor(
    readonly code: StoreErrorCode,
    message: string,
  ) {
    super(message);
  }
}
