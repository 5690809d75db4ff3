import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';
import { z } from 'zod';
import { createExchange } from '../../../adapters/exchange/exchange';
import type { ExchangeOptions } from '../../../adapters/exchange/options';
import type { ExchangePort, OrderRequest } from '../../../adapters/exchange/port';
import { decimal } from '../../../domain/decimal';

export const API_KEY = 'test-key-ab12cd34ef56';
export const SECRET = 'test-secret-98zy76xw54vu';

export interface SeenRequest {
  readonly route: string;
  readonly params: URLSearchParams;
}

/** What the server does with a request: an answer, or one of the ways in which there is none. */
export type Reply =
  | { readonly status?: number; readonly body: unknown; readonly headers?: Readonly<Record<string, string>> }
  | 'reset'
  | 'hang'
  | 'hang-in-body';

type Script = Reply | ((request: SeenRequest) => Reply);

const wsRequest = z.discriminatedUnion('method', [
  z.object({
    id: z.string(),
    method: z.literal('userDataStream.subscribe.signature'),
    params: z.record(z.string(), z.unknown()),
  }),
  z.object({ id: z.number(), method: z.literal('SUBSCRIBE'), params: z.array(z.string()) }),
]);

/** A real HTTP and websocket server that plays back Binance's payloads, and remembers what it was asked. */
export class ScriptedExchange {
  readonly restUrl: string;
  readonly seen: SeenRequest[] = [];
  readonly subscriptions: Record<string, unknown>[] = [];
  /** While true, websocket upgrades are refused. */
  refusesStreams = false;
  /** What a subscription is answered; silence when undefined. */
  subscriptionAnswer: Record<string, unknown> | undefined = { status: 200, result: { subscriptionId: 0 } };
  /** The topics of each subscription to the market. */
  readonly topics: (readonly string[])[] = [];
  /** What it is answered; silence when undefined. */
  marketAnswer: Record<string, unknown> | undefined = { result: null };
  private readonly scripts = new Map<string, Script>();
  private readonly held = new Set<ServerResponse>();

  private constructor(
    private readonly server: Server,
    private readonly sockets: WebSocketServer,
  ) {
    this.restUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      void this.answer(request, response);
    });
    server.on('upgrade', (request, socket, head) => {
      if (this.refusesStreams) socket.destroy();
      else
        sockets.handleUpgrade(request, socket, head, (webSocket) => {
          this.serve(webSocket);
        });
    });
  }

  static async start(options: { readonly answersPings?: boolean } = {}): Promise<ScriptedExchange> {
    const server = createServer();
    const sockets = new WebSocketServer({ noServer: true, autoPong: options.answersPings ?? true });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new ScriptedExchange(server, sockets);
  }

  get wsUrl(): string {
    return this.restUrl.replace('http', 'ws');
  }

  /** Scripts a route such as `POST /api/v3/order`, until told otherwise. */
  on(route: string, script: Script): this {
    this.scripts.set(route, script);
    return this;
  }

  requestsTo(route: string): readonly SeenRequest[] {
    return this.seen.filter((request) => request.route === route);
  }

  /** Sends account news to every subscriber. */
  push(event: object): void {
    this.tell({ subscriptionId: 0, event });
  }

  /** Sends a message, such as market news, over every websocket. */
  tell(message: object): void {
    for (const socket of this.sockets.clients) socket.send(JSON.stringify(message));
  }

  get openStreams(): number {
    return this.sockets.clients.size;
  }

  dropStreams(): void {
    for (const socket of this.sockets.clients) socket.terminate();
  }

  async stop(): Promise<void> {
    this.dropStreams();
    for (const response of this.held) response.destroy();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private serve(socket: WebSocket): void {
    socket.on('message', (data: Buffer) => {
      const request = wsRequest.parse(JSON.parse(data.toString()));
      if (request.method === 'SUBSCRIBE') this.topics.push(request.params);
      else this.subscriptions.push(request.params);
      const answer = request.method === 'SUBSCRIBE' ? this.marketAnswer : this.subscriptionAnswer;
      if (answer !== undefined) socket.send(JSON.stringify({ id: request.id, ...answer }));
    });
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await new Response(request).text();
    const url = new URL(request.url ?? '/', 'http://local');
    const seen: SeenRequest = {
      route: `${request.method ?? ''} ${url.pathname}`,
      params: new URLSearchParams([url.search.slice(1), body].filter((part) => part !== '').join('&')),
    };
    this.seen.push(seen);
    const script = this.scripts.get(seen.route) ?? { status: 404, body: `no script for ${seen.route}` };
    const reply = typeof script === 'function' ? script(seen) : script;
    if (reply === 'reset') request.socket.destroy();
    else if (reply === 'hang') this.held.add(response);
    else if (reply === 'hang-in-body') {
      this.held.add(response);
      response.writeHead(200, { 'content-type': 'application/json' }).write('{"symbol":');
    } else {
      const text = typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body);
      const type = typeof reply.body === 'string' ? 'text/html' : 'application/json';
      response.writeHead(reply.status ?? 200, { 'content-type': type, ...reply.headers }).end(text);
    }
  }
}

/** The adapter, redirected to `server`. */
export const openExchange = (
  server: { readonly restUrl: string; readonly wsUrl: string },
  overrides: Partial<ExchangeOptions> = {},
): Promise<ExchangePort> =>
  createExchange({
    venue: 'binance',
    apiKey: API_KEY,
    secret: SECRET,
    restUrl: server.restUrl,
    wsUrl: server.wsUrl,
    clock: 'wall',
    requestTimeoutMs: 5_000,
    recvWindowMs: 5_000,
    throttle: false,
    ...overrides,
  });

const FAR_FUTURE_MS = Date.UTC(2100, 0);

export const buyRequest = (overrides: Partial<OrderRequest> = {}): OrderRequest => ({
  clientOrderId: 'bl-abc123-0123456789abcdef01234567',
  symbol: 'BTC/USDT',
  side: 'buy',
  type: 'market',
  quantity: decimal('0.00123'),
  limitPrice: null,
  stopPrice: null,
  sendDeadlineMs: FAR_FUTURE_MS,
  ...overrides,
});

/** Binance's FULL answer to a market buy. */
export const filledOrder = (overrides: object = {}): Record<string, unknown> => ({
  symbol: 'BTCUSDT',
  orderId: 28,
  orderListId: -1,
  clientOrderId: 'bl-abc123-0123456789abcdef01234567',
  transactTime: 1_507_725_176_595,
  price: '0.00000000',
  origQty: '0.00123000',
  executedQty: '0.00123000',
  origQuoteOrderQty: '0.000000',
  cummulativeQuoteQty: '73.80000000',
  status: 'FILLED',
  timeInForce: 'GTC',
  type: 'MARKET',
  side: 'BUY',
  workingTime: 1_507_725_176_595,
  selfTradePreventionMode: 'NONE',
  fills: [
    {
      price: '60000.00000000',
      qty: '0.00123000',
      commission: '0.00000123',
      commissionAsset: 'BTC',
      tradeId: 56,
    },
  ],
  ...overrides,
});

/** Binance's answer about a resting stop. */
export const restingStop = (overrides: object = {}): Record<string, unknown> => ({
  ...filledOrder(),
  orderId: 29,
  executedQty: '0.00000000',
  cummulativeQuoteQty: '0.00000000',
  status: 'NEW',
  type: 'STOP_LOSS',
  side: 'SELL',
  stopPrice: '58000.10000000',
  workingTime: -1,
  fills: [],
  ...overrides,
});

/** Binance's news of an order that rests. */
export const executionReport = (overrides: object = {}): object => ({
  e: 'executionReport',
  E: 1_499_405_658_658,
  s: 'BTCUSDT',
  c: 'bl-abc123-entry',
  S: 'BUY',
  o: 'LIMIT',
  f: 'GTC',
  q: '1.00000000',
  p: '0.10264410',
  P: '0.00000000',
  F: '0.00000000',
  g: -1,
  C: '',
  x: 'NEW',
  X: 'NEW',
  r: 'NONE',
  i: 4_293_153,
  l: '0.00000000',
  z: '0.00000000',
  L: '0.00000000',
  n: '0',
  N: null,
  T: 1_499_405_658_657,
  t: -1,
  I: 8_641_984,
  w: true,
  m: false,
  M: false,
  O: 1_499_405_658_657,
  Z: '0.00000000',
  Y: '0.00000000',
  Q: '0.00000000',
  ...overrides,
});
