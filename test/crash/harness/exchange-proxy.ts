import {
  Agent,
  createServer,
  request as sendRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { Instant, type MomentObserver } from './moments';

const ABOUT_ORDERS = /^\/api\/v3\/(order|openOrders|allOrders|myTrades)/;
/** Binance's codes for trouble of its own or for being asked too much; all others are answers to what was asked. */
const TROUBLE = [-1000, -1001, -1003, -1006, -1007, -1008, -1015, -1016, -1021];

/** Those of them that prove that nothing was executed, and those that ask everybody to stay away. */
const CLEAR_TROUBLE = [-1003, -1008, -1015, -1021];
const BANS = [-1003, -1008, -1015];

/** What is wrong with an answer that serves nobody. */
interface Disservice {
  readonly why: string;
  /** Whether it proves that nothing was executed. */
  readonly isClear: boolean;
  /** Whether it asks to be left alone, whatever the next request may be about. */
  readonly isBan: boolean;
}

function disserviceOf({ statusCode = 0, headers }: IncomingMessage, body: Buffer): Disservice | undefined {
  const found = statusCode === 200 ? null : /"code":\s*(-\d+)/.exec(body.toString('utf8'));
  const code = Number(found?.[1] ?? 0);
  const isLimit = statusCode === 429 || statusCode === 418;
  const proves = { isClear: isLimit || CLEAR_TROUBLE.includes(code), isBan: isLimit || BANS.includes(code) };
  if (statusCode >= 500 || isLimit) return { why: `status ${statusCode}`, ...proves };
  if (headers['content-type']?.includes('json') !== true) return { why: 'no JSON', ...proves };
  return TROUBLE.includes(code) ? { why: `code ${code}`, ...proves } : undefined;
}

/** A request that places an order, as it passed on the wire. Wall times. */
export interface PlacedCall {
  readonly clientOrderId: string;
  /** `POST /api/v3/order` or `POST /api/v3/order/cancelReplace`. */
  readonly key: string;
  readonly sentMs: number;
  /** Undefined until the answer has been passed on to the worker. */
  answeredMs?: number;
}

/**
 * A request that the exchange did not serve: one about orders, or any that it answered by asking to be left alone.
 * Wall times, UTC milliseconds.
 */
export interface UnservedCall {
  /** `METHOD path`. */
  readonly key: string;
  readonly fromMs: number;
  /** When its sender gave up, or learnt that it was not served. */
  readonly toMs: number;
  readonly why: string;
  /** Whether the answer proves that nothing was executed. */
  readonly isClear: boolean;
  /** Until when the exchange wants no requests at all. */
  readonly bannedUntilMs?: number;
  /** The order that it names, and the exchange's name of the pair, if it names them. */
  readonly clientOrderId?: string;
  readonly symbol?: string;
}

/** What a request is about, by its own parameters. */
function namedBy({ url = '/' }: IncomingMessage, body: Buffer) {
  const { pathname, search } = new URL(url, 'http://127.0.0.1');
  const parameters = new URLSearchParams(`${search.slice(1)}&${body.toString('utf8')}`);
  const newClientOrderId = parameters.get('newClientOrderId');
  const clientOrderId = parameters.get('origClientOrderId') ?? newClientOrderId;
  return { path: pathname, clientOrderId, newClientOrderId, symbol: parameters.get('symbol') };
}

/**
 * Stands between one worker and the exchange, passes everything on, and tells when an order is about to arrive there
 * and when its answer is about to come back.
 */
export class ExchangeProxy {
  /** Every order that was placed through here, in the order of arrival. */
  readonly placed: PlacedCall[] = [];
  /** Every request about an order, whatever it wanted. Wall times. */
  readonly asked: { readonly clientOrderId: string; readonly atMs: number }[] = [];
  /** Every request about orders that was not served, for whatever reason, and every one that met a ban. */
  readonly unserved: UnservedCall[] = [];
  private readonly agent = new Agent({ keepAlive: true });
  private readonly sockets = new Set<Socket>();
  private isCutOff = false;

  private constructor(
    private readonly server: Server,
    readonly port: number,
    private readonly targetPort: number,
    private readonly observe: MomentObserver,
  ) {}

  static async start(targetPort: number, observe: MomentObserver): Promise<ExchangeProxy> {
    const server = createServer({ noDelay: true });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const proxy = new ExchangeProxy(server, port, targetPort, observe);
    server.on('connection', (socket: Socket) => {
      proxy.keep(socket);
    });
    server.on('request', (request, response) => {
      proxy.forward(request, response).catch(() => request.socket.destroy());
    });
    server.on('upgrade', (request, socket, head) => {
      proxy.tunnel(request, socket, head);
    });
    return proxy;
  }

  /** Lets nothing through in either direction, as when the network or its names are gone. */
  cutOff(): void {
    this.isCutOff = true;
    for (const socket of this.sockets) socket.destroy();
  }

  /** Lets everything through again. */
  reconnect(): void {
    this.isCutOff = false;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.agent.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private keep(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.sockets.delete(socket));
  }

  /** A connection that fails on one side fails on the other. */
  private async forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request);
    const call = this.note(request, body);
    const judge = this.watchService(request, body, response);
    const text = `${request.method ?? 'GET'} ${request.url ?? '/'}&${body.toString('utf8')}`;
    const lost = (general: Instant, ofOrder: Instant): boolean =>
      this.isCutOff ||
      this.observe({ instant: general, clientOrderId: call?.clientOrderId ?? '', text }) === 'drop' ||
      (call !== undefined && this.isDropped(ofOrder, call));
    if (lost(Instant.Ask, Instant.Request)) {
      request.socket.destroy();
      return;
    }
    const answer = await this.ask(request, body);
    const answerBody = await buffer(answer);
    if (lost(Instant.Asked, Instant.Answer)) {
      request.socket.destroy();
      return;
    }
    if (call !== undefined) call.answeredMs = Date.now();
    judge(answer, answerBody);
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    response.end(answerBody);
  }

  /** Notes the request among those not served when it ends without an answer; the returned function judges an answer. */
  private watchService(
    request: IncomingMessage,
    body: Buffer,
    response: ServerResponse,
  ): (answer: IncomingMessage, body: Buffer) => void {
    const { path, clientOrderId, symbol } = namedBy(request, body);
    const isAboutOrders = ABOUT_ORDERS.test(path);
    const call = {
      key: `${request.method ?? 'GET'} ${path}`,
      fromMs: Date.now(),
      ...(clientOrderId !== null && { clientOrderId }),
      ...(symbol !== null && { symbol }),
    };
    response.once('close', () => {
      if (isAboutOrders && !response.writableFinished)
        this.unserved.push({ ...call, toMs: Date.now(), why: 'it was not answered', isClear: false });
    });
    return (answer, answerBody) => {
      const found = disserviceOf(answer, answerBody);
      if (found === undefined || !(isAboutOrders || found.isBan)) return;
      const { isBan, ...rest } = found;
      const toMs = Date.now();
      const bannedMs = isBan ? Number(answer.headers['retry-after'] ?? 0) * 1_000 : 0;
      this.unserved.push({ ...call, toMs, ...rest, ...(bannedMs > 0 && { bannedUntilMs: toMs + bannedMs }) });
    };
  }

  private isDropped(instant: Instant, { clientOrderId }: PlacedCall): boolean {
    return this.observe({ instant, clientOrderId }) === 'drop';
  }

  private note(request: IncomingMessage, body: Buffer): PlacedCall | undefined {
    const { path, clientOrderId, newClientOrderId } = namedBy(request, body);
    const sentMs = Date.now();
    if (clientOrderId !== null) this.asked.push({ clientOrderId, atMs: sentMs });
    if (request.method !== 'POST' || newClientOrderId === null) return undefined;
    const call: PlacedCall = { clientOrderId: newClientOrderId, key: `${request.method} ${path}`, sentMs };
    this.placed.push(call);
    return call;
  }

  private ask({ method, url, headers }: IncomingMessage, body: Buffer): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const options = {
        host: '127.0.0.1',
        port: this.targetPort,
        method,
        path: url,
        headers,
        agent: this.agent,
      };
      const asked = sendRequest(options, resolve);
      asked.on('error', reject);
      asked.end(body);
    });
  }

  /** Websockets pass through untouched. */
  private tunnel(request: IncomingMessage, client: Duplex, head: Buffer): void {
    if (this.isCutOff) {
      client.destroy();
      return;
    }
    const server = connect({ port: this.targetPort, host: '127.0.0.1', noDelay: true });
    this.keep(server);
    const lines = [`${request.method ?? 'GET'} ${request.url ?? '/'} HTTP/1.1`];
    for (let at = 0; at < request.rawHeaders.length; at += 2)
      lines.push(`${request.rawHeaders[at] ?? ''}: ${request.rawHeaders[at + 1] ?? ''}`);
    server.write(`${lines.join('\r\n')}\r\n\r\n`);
    server.write(head);
    server.pipe(client);
    client.pipe(server);
    server.on('close', () => client.destroy());
    client.on('close', () => server.destroy());
  }
}
