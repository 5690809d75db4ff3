import { createContext, Script } from 'node:vm';

const script = new Script('work()');

/**
 * Does some work of somebody else's that is not asynchronous, and gives it up when it takes longer: V8 ends it wherever it is, an
 * endless loop too. It costs a thread, so it is not for hot loops.
 * @throws what the work throws; an Error that says so when the time is over
 */
export function withinTime<T>(limitMs: number, work: () => T): T {
  const outcome: { value?: { readonly of: T } } = {};
  const context = createContext({
    work: () => {
      outcome.value = { of: work() };
    },
  });
  try {
    script.runInContext(context, { timeout: limitMs });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
  }
  if (outcome.value !== undefined) return outcome.value.of;
  throw new Error(`it took longer than ${limitMs} ms and was given up; is there an endless loop?`);
}
