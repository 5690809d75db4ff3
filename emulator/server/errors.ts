import { Refusal } from '../engine/types';

/** An answer that is an error: HTTP status, Binance's code and words, and what else Binance sends with it. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  constructor(
    readonly status: number,
    readonly code: number,
    message: string,
    readonly extra: { readonly headers?: Readonly<Record<string, string>>; readonly data?: unknown } = {},
  ) {
    super(message);
  }

  /** The body Binance would send. */
  body(): { readonly code: number; readonly msg: string; readonly data?: unknown } {
    const { data } = this.extra;
    return { code: this.code, msg: this.message, ...(data === undefined ? {} : { data }) };
  }
}

/** Any thrown value as an answer; what nobody foresaw becomes Binance's -1000 with status 500. */
export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof Refusal) return new ApiError(400, error.code, error.message);
  return new ApiError(500, -1000, 'An unknown error occurred while processing the request.');
}
