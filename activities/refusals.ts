import { isUnlisted } from '../adapters/exchange/try-each';
import { ExchangeFailure, MARKET_CLOSED_CLASS } from '../domain/errors';
import { DELISTED_REASON, MARKET_CLOSED_REASON, WOULD_TRIGGER_REASON } from '../domain/planner';

/** Why an order was refused: a code where the planner goes by it, else the exchange's words. */
export function reasonOf(failure: ExchangeFailure): string {
  if (failure.detail.wouldTrigger === true) return WOULD_TRIGGER_REASON;
  if (isUnlisted(failure)) return DELISTED_REASON;
  return failure.detail.errorClass === MARKET_CLOSED_CLASS ? MARKET_CLOSED_REASON : failure.message;
}

/** The failure as a value; anything else that goes wrong is thrown on. */
export async function failureOr<T>(work: Promise<T>): Promise<T | ExchangeFailure> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof ExchangeFailure) return error;
    throw error;
  }
}

/** The same, for questions about an order: undefined also when the exchange does not know its pair. */
export async function answerOr<T>(work: Promise<T>): Promise<T | undefined> {
  const answer = await failureOr(work);
  if (!(answer instanceof ExchangeFailure)) return answer;
  if (isUnlisted(answer)) return undefined;
  throw answer;
}
