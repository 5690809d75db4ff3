import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Control } from './control';
import type { Dispatcher } from './dispatcher';
import { toApiError } from './errors';
import type { FaultAction, FaultPlan } from './faults';
import { Params } from './params';
import { signedPayload } from './security';

const MAX_BODY_BYTES = 64 * 1024;

export interface HttpParts {
  readonly dispatcher: Dispatcher;
  readonly control: Control;
  readonly faults: FaultPlan;
  /** Told of errors nobody foresaw. */
  readonly onError: (error: unknown, key: string) => void;
}

interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
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
  if (await strike(parts.faults.before(key), response)) return;
  const query = url.search.slice(1);
  const apiKey = request.headers['x-mbx-apikey'];
  const call = {
    key,
    params: Params.parse(query, body),
    address: request.socket.remoteAddress ?? '',
    apiKey: typeof apiKey === 'string' ? apiKey : undefined,
    payload: signedPayload(query, body),
  };
  const reply = await replyOf(parts, key, () => parts.dispatcher.call(call));
  if (await strike(parts.faults.after(key), response)) return;
  send(response, reply);
}

async function replyOf(
  parts: HttpParts,
  key: string,
  act: () => Promise<Omit<Reply, 'status'>>,
): Promise<Reply> {
  try {
    return { status: 200, ...(await act()) };
  } catch (thrown) {
    const error = toApiError(thrown);
    if (error.status >= 500) parts.onError(thrown, key);
    return { status: error.status, headers: error.extra.headers ?? {}, body: error.body() };
  }
}

/** Does to the connection what a fault says. @returns whether the request ends with it. */
async function strike(action: FaultAction | undefined, response: ServerResponse): Promise<boolean> {
  switch (action?.kind) {
    case undefined:
      return false;
    case 'delay':
      await sleep(action.delayMs);
      return false;
    case 'reset':
      response.socket?.resetAndDestroy();
      return true;
    case 'hang':
      return true;
    case 'answer':
      send(response, action);
      return true;
  }
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
