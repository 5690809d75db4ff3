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

/** What is wrong with an answer that serves nobody. */
function faultOf({ statusCode = 0, headers }: IncomingMessage, body: Buffer): string | undefined {
  if (statusCode >= 500 || statusCode === 429 || statusCode === 418) return `status ${statusCode}`;
  if (headers['content-type']?.includes('json') !== true) return 'no JSON';
  const code = statusCode === 200 ? null : /"code":\s*(-\d+)/.exec(body.toString('utf8'));
  return code !== null && TROUBLE.includes(Number(code[1])) ? `code ${code[1] ?? ''}` : undefined;
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

/** A request about orders which the exchange did not serve, and for how long that kept its sender waiting. Wall times. */
export interface UnservedCall {
  /** `METHOD path`. */
  readonly key: string;
  readonly fromMs: number;
  /** When the sender gave up, or may ask again by the exchange's own word. */
  readonly toMs: number;
  readonly why: string;
  /** Of a request that places an order. */
  readonly clientOrderId?: string;
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
  /** Every request about orders that was not served, for whatever reason. */
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
    const judge = this.watchService(request, response, call);
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
    judge?.(answer, answerBody);
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    response.end(answerBody);
  }

  /** Notes the request among those not served when it ends without an answer; the returned function judges an answer. */
  private watchService(
    { method = 'GET', url = '/' }: IncomingMessage,
    response: ServerResponse,
    placing: PlacedCall | undefined,
  ): ((answer: IncomingMessage, body: Buffer) => void) | undefined {
    const [path = ''] = url.split('?');
    if (!ABOUT_ORDERS.test(path)) return undefined;
    const call = {
      key: `${method} ${path}`,
      fromMs: Date.now(),
      ...(placing !== undefined && { clientOrderId: placing.clientOrderId }),
    };
    response.once('close', () => {
      if (!response.writableFinished)
        this.unserved.push({ ...call, toMs: Date.now(), why: 'it was not answered' });
    });
    return (answer, body) => {
      const why = faultOf(answer, body);
      if (why === undefined) return;
      const retryAfterMs = Number(answer.headers['retry-after'] ?? 0) * 1_000;
      this.unserved.push({ ...call, toMs: Date.now() + retryAfterMs, why });
    };
  }

  private isDropped(instant: Instant, { clientOrderId }: PlacedCall): boolean {
    return this.observe({ instant, clientOrderId }) === 'drop';
  }

  private note(request: IncomingMessage, body: Buffer): PlacedCall | undefined {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    const parameters = new URLSearchParams(`${url.search.slice(1)}&${body.toString('utf8')}`);
    const sentMs = Date.now();
    const asked = parameters.get('origClientOrderId') ?? parameters.get('newClientOrderId');
    if (asked !== null) this.asked.push({ clientOrderId: asked, atMs: sentMs });
    const clientOrderId = parameters.get('newClientOrderId');
    if (request.method !== 'POST' || clientOrderId === null) return undefined;
    const call: PlacedCall = { clientOrderId, key: `${request.method} ${url.pathname}`, sentMs };
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
