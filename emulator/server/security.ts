import { createHmac, timingSafeEqual } from 'node:crypto';
import { ApiError } from './errors';
import type { Params } from './params';

/** An account that may trade here. The secret stays in memory: it is neither journaled nor logged. */
export interface AccountKey {
  readonly account: string;
  readonly apiKey: string;
  readonly secret: string;
}

const DEFAULT_RECEIVE_WINDOW_MS = 5000;
const MAX_RECEIVE_WINDOW_MS = 60_000;
/** Binance accepts timestamps at most a second ahead of its own clock. */
const MAX_AHEAD_MS = 1000;

/** Checks keys, signatures and timestamps, on wall time, with Binance's codes. */
export class Security {
  private readonly keys: ReadonlyMap<string, AccountKey>;

  constructor(
    accounts: readonly AccountKey[],
    private readonly wallMs: () => number,
  ) {
    this.keys = new Map(accounts.map((key) => [key.apiKey, key]));
  }

  /** @throws ApiError -2014 without a key, -2015 when nobody has it. */
  identify(apiKey: string | undefined): AccountKey {
    if (apiKey === undefined || apiKey === '') throw new ApiError(401, -2014, 'API-key format invalid.');
    const key = this.keys.get(apiKey);
    if (key === undefined) throw new ApiError(401, -2015, 'Invalid API-key, IP, or permissions for action.');
    return key;
  }

  /**
   * @param payload the text that was signed.
   * @throws ApiError or Refusal: -1102, -1021, -1131 or -1022.
   */
  authenticate(key: AccountKey, params: Params, payload: string): void {
    const signature = params.required('signature');
    params.required('timestamp');
    const timestampMs = params.integer('timestamp') ?? 0;
    const windowMs = params.integer('recvWindow') ?? DEFAULT_RECEIVE_WINDOW_MS;
    if (windowMs > MAX_RECEIVE_WINDOW_MS) {
      throw new ApiError(400, -1131, `recvWindow must be less than ${MAX_RECEIVE_WINDOW_MS}.`);
    }
    const nowMs = this.wallMs();
    if (timestampMs >= nowMs + MAX_AHEAD_MS) {
      throw new ApiError(400, -1021, "Timestamp for this request was 1000ms ahead of the server's time.");
    }
    if (nowMs - timestampMs > windowMs) {
      throw new ApiError(400, -1021, 'Timestamp for this request is outside of the recvWindow.');
    }
    const expected = createHmac('sha256', key.secret).update(payload).digest();
    const given = Buffer.from(/^[0-9a-f]{64}$/i.test(signature) ? signature : '', 'hex');
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
      throw new ApiError(400, -1022, 'Signature for this request is not valid.');
    }
  }
}

/** What a REST client signs: query string and body, one after the other, without the signature itself. */
export function signedPayload(query: string, body: string): string {
  const strip = (text: string): string =>
    text
      .split('&')
      .filter((part) => !part.startsWith('signature='))
      .join('&');
  return strip(query) + strip(body);
}
