import { WorkflowUpdateFailedError } from '@temporalio/client';
import { StoreError } from '../adapters/store/store-error';
import { ExchangeFailure, FailureKind, UserError } from '../domain/errors';
import { ExitCode } from './exit-code';

/** A service that does not answer. `hint` says how to get it back. */
export class UnavailableError extends UserError {}

/** A command that is understood and not carried out. `hint` says what to do instead. */
export class RefusedError extends UserError {}

/** A failure as a person sees it. */
export interface Failure {
  readonly exitCode: ExitCode;
  readonly message: string;
  readonly hint?: string;
}

/** Network errors of any client, by the code Node gives them. */
const UNREACHABLE = /ECONNREFUSED|ECONNRESET|ENOTFOUND|EHOSTUNREACH|ETIMEDOUT|EPIPE|ENETUNREACH/;
/** Classes of SQLSTATE that mean the server is going, or is not taking anybody: connections and operator intervention. */
const POSTGRES_AWAY = /^(08|53300|57P)/;
const GRPC_UNAVAILABLE = [4, 14];

/** Sorts any error into an exit code and words. Only what nobody foresaw keeps its own message alone. */
export function describeFailure(error: unknown): Failure {
  if (error instanceof UnavailableError) return failure(ExitCode.Unavailable, error.message, error.hint);
  if (error instanceof RefusedError) return failure(ExitCode.Refused, error.message, error.hint);
  if (error instanceof UserError) return failure(ExitCode.Usage, error.message, error.hint);
  if (error instanceof StoreError) return failure(ExitCode.Refused, error.message);
  if (error instanceof ExchangeFailure) return describeExchangeFailure(error);
  // Its own message says only that an update has failed.
  if (error instanceof WorkflowUpdateFailedError)
    return failure(ExitCode.Refused, messageOf(error.cause ?? error));
  if (isUnreachable(error))
    return failure(ExitCode.Unavailable, messageOf(error), 'See what is missing with: ballast doctor');
  return failure(ExitCode.Failed, messageOf(error));
}

function describeExchangeFailure(error: ExchangeFailure): Failure {
  if (error.kind === FailureKind.Rejected) return failure(ExitCode.Refused, error.message);
  return failure(ExitCode.Unavailable, error.message, 'See what is missing with: ballast doctor');
}

const failure = (exitCode: ExitCode, message: string, hint?: string): Failure => ({
  exitCode,
  message,
  ...(hint === undefined ? {} : { hint }),
});

function isUnreachable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof AggregateError && error.errors.some(isUnreachable)) return true;
  const { code } = error as { code?: unknown };
  if (typeof code === 'string' && (UNREACHABLE.test(code) || POSTGRES_AWAY.test(code))) return true;
  if (typeof code === 'number' && GRPC_UNAVAILABLE.includes(code)) return true;
  return isUnreachable(error.cause);
}

/** The message of anything thrown; an AggregateError has none of its own. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ');
  return error instanceof Error && error.message !== '' ? error.message : String(error);
}
