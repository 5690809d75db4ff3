import type { IncomingMessage, Server } from 'node:http';
import { WebSocketServer, type RawData, type WebSocket } from 'ws';
import { z } from 'zod';
import { Connection } from './connection';
import { toApiError } from './errors';
import type { Channel } from './faults/stream-faults';
import type { MarketStreams, Subscriber } from './market-streams';
import { parseStreamName } from './stream-names';
import { ApiSession, type ApiParts } from './ws-api';

const MAX_STREAMS = 1024;

const streamRequest = z.object({
  method: z.string(),
  params: z.array(z.string()).default([]),
  id: z.union([z.number(), z.string()]).nullish(),
});

export interface WebsocketParts extends ApiParts {
  readonly streams: MarketStreams;
}

/**
 * Attaches the websocket side to the HTTP server: `/ws-api/…` is the websocket API with the user stream, everything
 * else a market stream connection (`/ws`, `/ws/<stream>`, `/stream?streams=a/b`).
 * @returns a function that ends every connection.
 */
export function attachWebsockets(server: Server, parts: WebsocketParts): () => void {
  const channelOf = (request: IncomingMessage): Channel =>
    (request.url ?? '').startsWith('/ws-api') ? 'user' : 'market';
  const faults = parts.faults.streams;
  const sockets = new WebSocketServer({
    server,
    maxPayload: 64 * 1024,
    // Pings are answered by the connection, which a fault may keep from it.
    autoPong: false,
    verifyClient: ({ req }, accept) => {
      if (faults.refuses(channelOf(req))) accept(false, 503);
      else accept(true);
    },
  });
  sockets.on('connection', (socket, request) => {
    const channel = channelOf(request);
    const connection = new Connection(socket, channel, faults);
    if (channel === 'user') serveApi(socket, connection, request, parts);
    else serveStreams(socket, connection, request, parts.streams);
  });
  return () => {
    for (const socket of sockets.clients) socket.terminate();
    sockets.close();
  };
}

function serveApi(
  socket: WebSocket,
  connection: Connection,
  request: IncomingMessage,
  parts: ApiParts,
): void {
  const session = new ApiSession(parts, request.socket.remoteAddress ?? '', connection);
  connection.userStreams = session;
  socket.on('message', (data) => {
    session.receive(textOf(data));
  });
  socket.on('close', () => {
    session.close();
  });
}

function serveStreams(
  socket: WebSocket,
  connection: Connection,
  request: IncomingMessage,
  streams: MarketStreams,
): void {
  const url = new URL(request.url ?? '/', 'ws://127.0.0.1');
  // ccxt connects to `/stream/ws/<n>` and expects bare events; only `/stream` itself, or `?streams=`, wraps them.
  const listed = url.searchParams.get('streams');
  const combined = listed !== null || url.pathname === '/stream';
  const names = new Set<string>();
  const subscriber: Subscriber = {
    deliver: (stream, data) => {
      connection.deliver(stream, combined ? { stream, data } : data, data);
    },
  };
  const subscribe = (name: string): boolean => {
    const parsed = parseStreamName(name);
    if (parsed === undefined || names.size >= MAX_STREAMS) return false;
    try {
      streams.subscribe(parsed, subscriber);
    } catch (error) {
      // A stream of an unknown symbol stays silent on Binance; a surprise must not.
      if (toApiError(error).status >= 500) throw error;
      return true;
    }
    names.add(name);
    return true;
  };
  const unsubscribe = (name: string): void => {
    names.delete(name);
    streams.unsubscribe(name, subscriber);
  };
  for (const name of (listed ?? pathStreams(url.pathname)).split('/'))
    if (name.includes('@')) subscribe(name);
  socket.on('message', (data) => {
    connection.answer(answer(textOf(data), names, subscribe, unsubscribe));
  });
  socket.on('close', () => {
    for (const name of [...names]) unsubscribe(name);
  });
}

function pathStreams(path: string): string {
  return path.replace(/^\/(?:stream\/)?ws\/?/, '');
}

function answer(
  text: string,
  names: ReadonlySet<string>,
  subscribe: (name: string) => boolean,
  unsubscribe: (name: string) => void,
): unknown {
  const request = streamRequest.safeParse(parseJson(text));
  if (!request.success) return { error: { code: 3, msg: 'Invalid JSON: expected method, params and id' } };
  const { method, params, id = null } = request.data;
  const invalid = { error: { code: 2, msg: `Invalid request: ${method} ${params.join(',')}` }, id };
  switch (method) {
    case 'SUBSCRIBE':
      return params.map(subscribe).every(Boolean) ? { result: null, id } : invalid;
    case 'UNSUBSCRIBE':
      params.forEach(unsubscribe);
      return { result: null, id };
    case 'LIST_SUBSCRIPTIONS':
      return { result: [...names], id };
    default:
      return invalid;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function textOf(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString('utf8');
  return Buffer.from(data as Buffer).toString('utf8');
}
