import { AsyncLocalStorage } from 'node:async_hooks';

/** The answer to one request, read to its end. */
export interface RawResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** What is known about one request while it is under way: it travels with the call, so concurrent calls never mix. */
export interface RequestRecord {
  readonly sendDeadlineMs: number | undefined;
  /** True from the instant before the first byte may leave; while false, nothing can have been executed. */
  dispatched: boolean;
  response: RawResponse | undefined;
}

/** The request was still in our process when its send deadline passed, and has not left it. */
export class SendDeadlineExceeded extends Error {
  override readonly name = 'SendDeadlineExceeded';
}

/** The shape in which ccxt calls fetch. */
interface FetchInit {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly signal?: AbortSignal;
}

/** The part of a `Response` that ccxt reads. */
interface FetchResponse {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Headers;
  text(): Promise<string>;
}

export type Fetch = (url: string, init: FetchInit) => Promise<FetchResponse>;

const requests = new AsyncLocalStorage<RequestRecord>();

/** Runs one request and everything it awaits, ccxt's throttle queue included, under its own record. */
export async function recordRequest<T>(
  sendDeadlineMs: number | undefined,
  run: () => Promise<T>,
): Promise<{ record: RequestRecord; outcome: PromiseSettledResult<T> }> {
  const record: RequestRecord = { sendDeadlineMs, dispatched: false, response: undefined };
  const [outcome] = await requests.run(record, () => Promise.allSettled([run()]));
  return { record, outcome };
}

/**
 * The `fetch` given to ccxt. It refuses to send an order after its deadline, checked at the last moment; reads the whole
 * body within ccxt's time limit; follows no redirect, which would send an order twice; and keeps the answer for whoever
 * made the call, as ccxt's errors drop headers. With `redirectTo`, requests meant for `origins` go there under their
 * real names, since ccxt picks its error table by URL; requests meant for anywhere else are refused.
 */
export function createFetch(origins: ReadonlySet<string>, redirectTo: string | undefined): Fetch {
  return async (url, init) => {
    const target = redirectTo === undefined ? url : redirected(url, origins, redirectTo);
    const record = requests.getStore();
    if (record?.sendDeadlineMs !== undefined && Date.now() > record.sendDeadlineMs) {
      throw new SendDeadlineExceeded(
        `The order was not sent: its send deadline ${new Date(record.sendDeadlineMs).toISOString()} has passed.`,
      );
    }
    if (record !== undefined) record.dispatched = true;
    try {
      const { method, headers, body, signal } = init;
      const response = await fetch(target, { method, headers, body, signal, redirect: 'error' });
      const text = await response.text();
      if (record !== undefined)
        record.response = { status: response.status, headers: response.headers, body: text };
      return {
        status: response.status,
        statusText: response.statusText,
        headers: response.headers,
        text: () => Promise.resolve(text),
      };
    } catch (error) {
      throw networkError(error);
    }
  };
}

function redirected(url: string, origins: ReadonlySet<string>, redirectTo: string): string {
  const { origin, pathname, search } = new URL(url);
  if (!origins.has(origin)) {
    throw new Error(
      `A request meant for ${origin} was refused: this exchange is redirected to ${redirectTo}.`,
    );
  }
  return new URL(pathname + search, redirectTo).href;
}

/** fetch hides why a connection failed in `cause`; ccxt recognises network failures by their code. */
function networkError(error: unknown): unknown {
  const cause = isRecord(error) && isRecord(error.cause) ? error.cause : {};
  if (typeof cause.code !== 'string') return error;
  return Object.assign(new Error(String(cause.message)), { code: cause.code });
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;
