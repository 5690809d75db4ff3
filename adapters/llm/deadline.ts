import { ModelFailure, ModelFailureKind } from './failure';

const OVER = Symbol('deadline');

/** A signal that ends with the caller's, or after a time. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** Stops the clock. */
  readonly clear: () => void;
}

/** @param ms wall milliseconds */
export function deadlineIn(ms: number, caller?: AbortSignal): Deadline {
  const timer = new AbortController();
  const running = setTimeout(() => {
    timer.abort(OVER);
  }, ms);
  return {
    signal: caller === undefined ? timer.signal : AbortSignal.any([caller, timer.signal]),
    clear: () => {
      clearTimeout(running);
    },
  };
}

/** Why a signal was aborted, as a failure. */
export const endOf = (signal: AbortSignal, detail: ModelFailure['detail'] = {}): ModelFailure =>
  signal.reason === OVER
    ? new ModelFailure(ModelFailureKind.Deadline, 'The time for the answer is over.', detail)
    : new ModelFailure(ModelFailureKind.Cancelled, 'The answer is not wanted any more.', detail);

/** What `work` gives, or the signal's failure when that comes first: nobody waits for work that does not listen. */
export async function until<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  let leave = (): void => undefined;
  const ended = new Promise<never>((_resolve, reject) => {
    leave = () => {
      reject(endOf(signal));
    };
    if (signal.aborted) leave();
    else signal.addEventListener('abort', leave, { once: true });
  });
  // Whichever comes second is heard by nobody.
  work.catch(() => undefined);
  ended.catch(() => undefined);
  try {
    return await Promise.race([work, ended]);
  } finally {
    signal.removeEventListener('abort', leave);
  }
}
