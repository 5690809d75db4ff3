import { ModelFailure, ModelFailureKind, type FailureDetail } from '../failure';

/** Something that tells a key when it is asked, and never otherwise. */
export interface Revealable {
  readonly reveal: () => string;
}

/** Where a remote model is, and how to get in. */
export interface RemoteOptions {
  /** The vendor's name of the model. */
  readonly model: string;
  readonly baseUrl?: string;
  readonly apiKey?: Revealable;
  /** Whether the model takes temperature and seed; reasoning models mostly take neither. */
  readonly sampling: boolean;
}

/** A server that drips is ended by the manager's deadline; this is for a caller that has none. */
export const LONGEST_CALL_MS = 600_000;
/** Longest answer that is read; the rest is not waited for. */
export const LONGEST_TEXT = 400_000;
const LONGEST_MESSAGE = 300;
const LONGEST_WAIT_MS = 24 * 3_600_000;

/** Removes the key from a text that a server sent: some repeat it. */
export function scrub(text: string, apiKey: Revealable | undefined): string {
  const key = apiKey?.reveal() ?? '';
  return key.length < 6 ? text : text.replaceAll(key, '[secret]');
}

/**
 * What an error of a vendor's SDK means. Both SDKs are made by one generator: `status` and `headers` for answers, none for connections.
 */
export function remoteFailure(
  error: unknown,
  { model, apiKey }: RemoteOptions,
  signal: AbortSignal,
  said: FailureDetail = {},
): ModelFailure {
  if (error instanceof ModelFailure) return error;
  if (signal.aborted)
    return new ModelFailure(ModelFailureKind.Cancelled, `The call of ${model} was ended.`, said);
  const { status, headers } = error as { status?: unknown; headers?: unknown };
  const text = scrub(error instanceof Error ? error.message : String(error), apiKey).slice(
    0,
    LONGEST_MESSAGE,
  );
  const message = `${model}: ${text}`;
  if (typeof status !== 'number') return new ModelFailure(kindWithoutStatus(error), message, said);
  const retryAfterMs = headers instanceof Headers ? retryAfter(headers, Date.now()) : undefined;
  const detail = { ...said, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  return new ModelFailure(kindOf(status), message, detail);
}

function kindOf(status: number): ModelFailureKind {
  if (status === 429) return ModelFailureKind.RateLimited;
  if (status >= 500 || status === 408 || status === 409 || status === 425)
    return ModelFailureKind.Unavailable;
  return ModelFailureKind.Rejected;
}

/** An answer that is no JSON came from something that is not the server we think; all else is the connection. */
const kindWithoutStatus = (error: unknown): ModelFailureKind =>
  error instanceof SyntaxError ? ModelFailureKind.Malformed : ModelFailureKind.Unavailable;

/** `retry-after-ms`, or `Retry-After` in seconds or as a date (RFC 9110, 10.2.3), in milliseconds from now; a day at most. */
export function retryAfter(headers: Headers, nowMs: number): number | undefined {
  const exact = headers.get('retry-after-ms');
  const plain = headers.get('retry-after');
  const ms =
    exact !== null && exact.trim() !== ''
      ? Number(exact)
      : plain === null || plain.trim() === ''
        ? Number.NaN
        : Number.isFinite(Number(plain))
          ? Number(plain) * 1000
          : Date.parse(plain) - nowMs;
  return Number.isFinite(ms) ? Math.min(Math.max(0, Math.ceil(ms)), LONGEST_WAIT_MS) : undefined;
}
