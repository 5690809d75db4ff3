import {
  BINANCE_FAILURES,
  CCXT_FAILURES,
  DUPLICATE_ORDER,
  ExchangeFailure,
  FailureKind,
  RULE_CODES,
  WOULD_TRIGGER,
} from '../../domain/errors';
import { CoolingDown, errorCodeOf, retryAfterMs } from './cool-down';
import { SendDeadlineExceeded, type RequestRecord } from './transport';

const MAX_MESSAGE_LENGTH = 500;

/** Takes out of a message what must never be shown or stored: keys, signatures, and query strings, which hold both. */
export type Scrubber = (message: string) => string;

export function createScrubber(secrets: readonly (string | undefined)[]): Scrubber {
  const known = secrets.flatMap((secret) => secret ?? []);
  return (message) => {
    const withoutSecrets = known.reduce((text, secret) => text.replaceAll(secret, '[redacted]'), message);
    const scrubbed = withoutSecrets
      .replaceAll(/((?:https?|wss?):\/\/[^\s?"'<>]*)\?[^\s"'<>]*/gi, '$1')
      .replaceAll(/(signature"?\s*[=:]\s*"?)[^&\s"]+/gi, '$1[redacted]');
    return scrubbed.length <= MAX_MESSAGE_LENGTH ? scrubbed : `${scrubbed.slice(0, MAX_MESSAGE_LENGTH)}…`;
  };
}

/**
 * What a failed exchange request proves, by the table of `domain/errors.ts`. Evidence of our own outranks the table: a
 * request that never left this process was not executed.
 */
export function classifyFailure(error: unknown, record: RequestRecord, scrub: Scrubber): ExchangeFailure {
  if (error instanceof ExchangeFailure) return error;
  const message = scrub(error instanceof Error ? error.message : String(error));
  const classes = classNames(error);
  const wouldTrigger = WOULD_TRIGGER.test(message);
  const waitMs = error instanceof CoolingDown ? error.remainingMs : retryAfterMs(record.response?.headers);
  return new ExchangeFailure(kindOf(error, classes, message, record), message, {
    errorClass: classes[0] ?? typeof error,
    ...(wouldTrigger && { wouldTrigger }),
    ...(RULE_CODES.has(errorCodeOf(record.response?.body) ?? 0) && { breaksRules: true }),
    ...(waitMs !== undefined && { retryAfterMs: waitMs }),
  });
}

function kindOf(
  error: unknown,
  classes: readonly string[],
  message: string,
  { dispatched, response }: RequestRecord,
): FailureKind {
  if (error instanceof SendDeadlineExceeded) return FailureKind.NotExecuted;
  const listed = classes.map((name) => CCXT_FAILURES[name]).find((kind) => kind !== undefined);
  if (!dispatched) return listed === FailureKind.Rejected ? FailureKind.Rejected : FailureKind.NotExecuted;
  // The id is in use: an earlier send of this very order may be live.
  if (listed === FailureKind.Rejected && DUPLICATE_ORDER.test(message)) return FailureKind.Ambiguous;
  return BINANCE_FAILURES[errorCodeOf(response?.body) ?? 0] ?? listed ?? FailureKind.Ambiguous;
}

/** The names of an error's classes, most derived first. */
export function classNames(error: unknown): readonly string[] {
  const names: string[] = [];
  let prototype: unknown = typeof error === 'object' ? Object.getPrototypeOf(error) : null;
  // A plain `Object` ends the chain, whichever realm it is from.
  while (typeof prototype === 'object' && prototype !== null && prototype.constructor.name !== 'Object') {
    names.push(prototype.constructor.name);
    prototype = Object.getPrototypeOf(prototype);
  }
  return names;
}
