/** All in wall milliseconds. */
export interface LiveTiming {
  /** Between two readings of the venue's clock. */
  readonly clockEveryMs: number;
  /** An order waits so long for a stale book; then orders are refused. Well below any receive window. */
  readonly holdMs: number;
  /** The first and the longest wait before connecting again, or asking again for a book. */
  readonly minBackoffMs: number;
  readonly maxBackoffMs: number;
  /** Trades go on and the book does not change for so long: its stream has died. */
  readonly bookSilenceMs: number;
  /** How long a request for bars waits for one that has just closed. */
  readonly barWaitMs: number;
}

export const LIVE_TIMING: LiveTiming = {
  clockEveryMs: 5000,
  holdMs: 2000,
  minBackoffMs: 250,
  maxBackoffMs: 10_000,
  bookSilenceMs: 3000,
  barWaitMs: 2500,
};

export type LiveLog = (
  level: 'info' | 'error',
  message: string,
  fields?: Readonly<Record<string, unknown>>,
) => void;
