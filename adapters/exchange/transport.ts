import { AsyncLocalStorage } from 'node:async_hooks';
import { CoolDown } from './cool-down';
import type { HttpClient, HttpRequest, HttpResponse } from './http-client';

/** What is known about one request while it is under way: it travels with the call, so concurrent calls never mix. */
export interface RequestRecord {
  readonly sendDeadlineMs: number | undefined;
  /** True from the instant before the first byte leaves; while false, nothing can have been executed. */
  dispatched: boolean;
  response: HttpResponse | undefined;
}

/** The request was still in our process when its send deadline passed, and has not left it. */
export class SendDeadlineExceeded extends Error {
  override readonly name = 'SendDeadlineExceeded';
}

/** The part of a `Response` that ccxt reads. */
interface FetchResponse extends Pick<HttpResponse, 'status' | 'statusText' | 'headers'> {
  text(): Promise<string>;
}

/** `fetch` as ccxt calls it. */
export type Fetch = (url: string, init: HttpRequest) => Promise<FetchResponse>;

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
 * The `fetch` given to ccxt. It refuses to send an order after its deadline, checked when the connection stands and
 * nothing has been written, or anything while the exchange wants to be left alone; reads the whole body within ccxt's time limit; and keeps the answer for whoever made the
 * call, as ccxt's errors drop headers. With `redirectTo`, requests meant for `origins` go there under their real names,
 * since ccxt picks its error table by URL; requests meant for anywhere else are refused.
 */
export function createFetch(
  httpClient: HttpClient,
  origins: ReadonlySet<string>,
  redirectTo: string | undefined,
): Fetch {
  const coolDown = new CoolDown();
  return async (url, { method, headers, body, signal }) => {
    const target = redirectTo === undefined ? url : redirected(url, origins, redirectTo);
    const record = requests.getStore();
    const checkWish = (): void => {
      coolDown.check(record?.sendDeadlineMs !== undefined);
    };
    checkWish();
    const beforeSend = (): void => {
      checkWish();
      if (record === undefined) return;
      checkDeadline(record);
      record.dispatched = true;
    };
    const response = await httpClient.send(target, { method, headers, body, signal, beforeSend });
    coolDown.learn(response);
    if (record !== undefined) record.response = response;
    const { status, statusText } = response;
    return { status, statusText, headers: response.headers, text: () => Promise.resolve(response.body) };
  };
}

function checkDeadline({ sendDeadlineMs }: RequestRecord): void {
  if (sendDeadlineMs === undefined || Date.now() <= sendDeadlineMs) return;
  const deadline = new Date(sendDeadlineMs).toISOString();
  throw new SendDeadlineExceeded(`The order was not sent: its send deadline ${deadline} has passed.`);
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
