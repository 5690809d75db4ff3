import { isZero, ZERO } from '../../domain/decimal';
import type { CallLog } from './call-log';
import type { ModelAnswer } from './port';

/**
 * A log in memory, for models that cost nothing where no PostgreSQL is: answers are kept while the process lives. A call that might cost
 * something is never granted, since no budget is known.
 */
export function createMemoryCallLog(): CallLog {
  const answers = new Map<string, ModelAnswer>();
  let calls = 0;
  const nothing = (month: string) => ({ month, reservedUsd: ZERO, spentUsd: ZERO });
  return {
    reserve({ reserveUsd }, month) {
      calls += 1;
      return Promise.resolve(
        isZero(reserveUsd)
          ? { reserved: true, callId: String(calls) }
          : { reserved: false, budget: nothing(month) },
      );
    },
    settle: () => Promise.resolve(),
    budget: (month) => Promise.resolve(nothing(month)),
    keepAnswer({ requestHash }, answer) {
      if (!answers.has(requestHash)) answers.set(requestHash, answer);
      return Promise.resolve();
    },
    findAnswer: (requestHash) => Promise.resolve(answers.get(requestHash)),
  };
}
