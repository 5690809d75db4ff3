import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Control } from './control';
import type { Dispatcher } from './dispatcher';
import { toApiError } from './errors';
import { replyOfError, type Outcome, type Reply, type RequestFaults } from './faults/request-faults';
import { isNewsPath, type NewsFeeds } from './news';
import { clientOrderIdOf, Params } from './params';
import { signedPayload } from './security';

const MAX_BODY_BYTES = 64 * 1024;

export interface HttpParts {
  readonly dispatcher: Dispatcher;
  readonly control: Control;
  readonly news: NewsFeeds;
  readonly faults: RequestFaults;
  /** Told of errors nobody foresaw. */
  readonly onError: (error: unknown, key: string) => void;
}

/** The REST side of the server. */
export function httpListener(parts: HttpParts): RequestListener {
  return (request, response) => {
    handle(parts, request, response).catch((error: unknown) => {
      parts.onError(error, request.url ?? '');
      response.destroy();
    });
  };
}

async function handle(parts: HttpParts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://127.0.0.1');
  const key = `${request.method ?? 'GET'} ${url.pathname}`;
  const body = await readBody(request);
  if (body === undefined) {
    send(response, {
      status: 413,
      headers: {},
      body: { code: -1, msg: `The body is longer than ${MAX_BODY_BYTES} bytes.` },
    });
    return;
  }
  if (url.pathname.startsWith('/emulator/')) {
    send(
      response,
      await replyOf(parts, key, async () => ({ headers: {}, body: await parts.control.call(key, body) })),
    );
    return;
  }
  if (isNewsPath(url.pathname)) {
    const { headers } = request;
    const tell = (): Promise<Reply> =>
      replyOf(parts, key, () => parts.news.call(key, headers, headers.host ?? '127.0.0.1'));
    settle(response, await parts.faults.run({ endpoint: key }, tell));
    return;
  }
  const query = url.search.slice(1);
  const apiKey = request.headers['x-mbx-apikey'];
  const call = {
    key,
    params: Params.parse(query, body),
    address: request.socket.remoteAddress ?? '',
    apiKey: typeof apiKey === 'string' ? apiKey : undefined,
    payload: signedPayload(query, body),
  };
  const occasion = { endpoint: key, clientOrderId: clientOrderIdOf(call.params) };
  const outcome = await parts.faults.run(occasion, () =>
    replyOf(parts, key, () => parts.dispatcher.call(call)),
  );
  settle(response, outcome);
}

async function replyOf(
  parts: HttpParts,
  key: string,
  act: () => Promise<Omit<Reply, 'status'> & Partial<Pick<Reply, 'status'>>>,
): Promise<Reply> {
  try {
    return { status: 200, ...(await act()) };
  } catch (thrown) {
    const error = toApiError(thrown);
    if (error.status >= 500 && error !== thrown) parts.onError(thrown, key);
    return replyOfError(error);
  }
}

/** Ends the request: with a reply, with a broken connection, or not at all. */
function settle(response: ServerResponse, outcome: Outcome): void {
  if (outcome.kind === 'reply') send(response, outcome.reply);
  else if (outcome.kind === 'reset') response.socket?.resetAndDestroy();
}

function send(response: ServerResponse, { status, headers, body }: Reply): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const type = typeof body === 'string' ? 'text/html' : 'application/json;charset=UTF-8';
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(text), ...headers });
  response.end(text);
}

async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
