import http, { type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import https from 'node:https';
import type { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';

/** Where feeds move to moves on seldom. */
const MAX_REDIRECTS = 5;
const MOVED: readonly number[] = [301, 302, 303, 307, 308];
/** What is for the one who was asked, and nobody else. */
const PRIVATE = ['authorization', 'cookie'];

export interface WebRequest {
  readonly method?: 'GET' | 'POST';
  /** Small letters. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Of the answer, unpacked. */
  readonly maxBytes: number;
  /** Ends it at any point, the reading of the answer included. */
  readonly signal: AbortSignal;
}

export interface WebAnswer {
  readonly status: number;
  readonly statusText: string;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
}

/**
 * Asks a server of the world: packed answers are unpacked, redirects of a GET followed without what is private. Node's own `fetch` does
 * this too, and costs a worker 13 MB that it would have for nothing else.
 * @throws the signal's reason when it aborts; Error when the connection fails, the answer is too long, or moves on and on
 */
export async function askWeb(url: string, request: WebRequest): Promise<WebAnswer> {
  let target = new URL(url);
  let { headers = {} } = request;
  for (let moves = 0; moves <= MAX_REDIRECTS; moves += 1) {
    const response = await send(target, { ...request, headers });
    const { location } = response.headers;
    const isMoved = MOVED.includes(response.statusCode ?? 0) && location !== undefined;
    if (!isMoved || request.method === 'POST') return await read(response, request);
    response.destroy();
    const next = URL.parse(location, target.href);
    if (next === null || !/^https?:$/u.test(next.protocol)) throw new Error('it has moved to no address');
    if (next.origin !== target.origin) headers = withoutPrivate(headers);
    target = next;
  }
  throw new Error(`it has moved more than ${String(MAX_REDIRECTS)} times`);
}

const withoutPrivate = (headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !PRIVATE.includes(name)));

function send(url: URL, { method = 'GET', headers, body, signal }: WebRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const { request } = url.protocol === 'https:' ? https : http;
    // No agent: rounds are minutes apart, and no server keeps a connection for so long.
    const asking = request(
      url,
      { method, headers: { 'accept-encoding': 'gzip, deflate, br', ...headers }, signal, agent: false },
      resolve,
    );
    asking.on('error', (error) => {
      reject(signal.aborted ? (signal.reason as Error) : error);
    });
    asking.end(body);
  });
}

async function read(response: IncomingMessage, { maxBytes, signal }: WebRequest): Promise<WebAnswer> {
  const parts: Buffer[] = [];
  let length = 0;
  try {
    for await (const part of unpacked(response) as AsyncIterable<Buffer>) {
      length += part.byteLength;
      if (length > maxBytes) throw new Error(`it sends more than ${String(maxBytes)} bytes`);
      parts.push(part);
    }
  } catch (error) {
    response.destroy();
    if (signal.aborted) throw signal.reason;
    throw error;
  }
  const { statusCode: status = 0, statusMessage: statusText = '', headers } = response;
  return { status, statusText, headers, bytes: Buffer.concat(parts) };
}

function unpacked(response: IncomingMessage): Readable {
  const packing = response.headers['content-encoding']?.trim().toLowerCase();
  const unpack = {
    gzip: createGunzip,
    'x-gzip': createGunzip,
    deflate: createInflate,
    br: createBrotliDecompress,
  }[packing ?? ''];
  if (unpack === undefined) return response;
  const unpacking = unpack();
  response.on('error', (error) => unpacking.destroy(error));
  return response.pipe(unpacking);
}

/** What went wrong, for people: the cause too, where there is one. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  const message = error.message === '' && 'code' in error ? String(error.code) : error.message;
  return cause instanceof Error ? `${message} (${cause.message})` : message;
}
