import { z } from 'zod';
import type { Connection } from './connection';
import type { Dispatcher } from './dispatcher';
import { ApiError, toApiError } from './errors';
import type { Faults } from './faults/faults';
import { replyOfError, type Reply } from './faults/request-faults';
import { clientOrderIdOf, Params } from './params';
import type { UserStreams, UserSubscriber } from './user-streams';

const apiRequest = z.object({
  id: z.union([z.number(), z.string()]).nullable(),
  method: z.string(),
  params: z.record(z.string(), z.unknown()).default({}),
});
type ApiRequest = z.infer<typeof apiRequest>;

/** Methods of the websocket API that are REST endpoints by another name. */
const METHODS: Readonly<Record<string, string>> = {
  ping: 'GET /api/v3/ping',
  time: 'GET /api/v3/time',
  exchangeInfo: 'GET /api/v3/exchangeInfo',
  depth: 'GET /api/v3/depth',
  'trades.recent': 'GET /api/v3/trades',
  'trades.aggregate': 'GET /api/v3/aggTrades',
  klines: 'GET /api/v3/klines',
  avgPrice: 'GET /api/v3/avgPrice',
  'ticker.24hr': 'GET /api/v3/ticker/24hr',
  'ticker.price': 'GET /api/v3/ticker/price',
  'ticker.book': 'GET /api/v3/ticker/bookTicker',
  'order.place': 'POST /api/v3/order',
  'order.test': 'POST /api/v3/order/test',
  'order.status': 'GET /api/v3/order',
  'order.cancel': 'DELETE /api/v3/order',
  'order.cancelReplace': 'POST /api/v3/order/cancelReplace',
  'openOrders.status': 'GET /api/v3/openOrders',
  'openOrders.cancelAll': 'DELETE /api/v3/openOrders',
  'orderList.place.oco': 'POST /api/v3/orderList/oco',
  'orderList.status': 'GET /api/v3/orderList',
  'orderList.cancel': 'DELETE /api/v3/orderList',
  'openOrderLists.status': 'GET /api/v3/openOrderList',
  'account.status': 'GET /api/v3/account',
  allOrders: 'GET /api/v3/allOrders',
  myTrades: 'GET /api/v3/myTrades',
};

export interface ApiParts {
  readonly dispatcher: Dispatcher;
  readonly users: UserStreams;
  readonly faults: Faults;
  /** Told of errors nobody foresaw. */
  readonly onError: (error: unknown, key: string) => void;
}

/** One connection to the websocket API: requests with ids, and subscriptions to user streams. */
export class ApiSession {
  private readonly subscriptions = new Map<
    number,
    { readonly account: string; readonly subscriber: UserSubscriber }
  >();
  private nextSubscriptionId = 0;

  constructor(
    private readonly parts: ApiParts,
    private readonly address: string,
    private readonly connection: Connection,
  ) {}

  receive(text: string): void {
    const request = parseRequest(text);
    if (request === undefined) {
      this.connection.answer({
        id: null,
        status: 400,
        error: { code: -1135, msg: 'Invalid JSON Request' },
        rateLimits: [],
      });
      return;
    }
    this.serve(request).catch((error: unknown) => {
      this.parts.onError(error, request.method);
      this.connection.terminate();
    });
  }

  get hasUserStreams(): boolean {
    return this.subscriptions.size > 0;
  }

  /** Tells the client that its user streams have ended, and ends them. */
  endUserStreams(): void {
    for (const subscriptionId of [...this.subscriptions.keys()]) {
      this.unsubscribe(subscriptionId);
      const event = { e: 'eventStreamTerminated', E: Date.now() };
      this.connection.answer({ subscriptionId, event });
    }
  }

  close(): void {
    for (const id of [...this.subscriptions.keys()]) this.unsubscribe(id);
  }

  private async serve({ id, method, params }: ApiRequest): Promise<void> {
    const values = new Map(Object.entries(params).map(([name, value]) => [name, textOf(value)]));
    const endpoint = METHODS[method] ?? `WS ${method}`;
    const occasion = { endpoint, clientOrderId: clientOrderIdOf(new Params(values)) };
    const outcome = await this.parts.faults.requests.run(occasion, () => this.replyTo(method, values));
    if (outcome.kind === 'reset') this.connection.terminate();
    else if (outcome.kind === 'reply') this.connection.answer(answerOf(id, outcome.reply));
  }

  private async replyTo(method: string, values: ReadonlyMap<string, string>): Promise<Reply> {
    try {
      return { status: 200, headers: {}, body: await this.run(method, values) };
    } catch (thrown) {
      const error = toApiError(thrown);
      if (error.status >= 500 && error !== thrown) this.parts.onError(thrown, method);
      return replyOfError(error);
    }
  }

  private async run(method: string, values: ReadonlyMap<string, string>): Promise<unknown> {
    const apiKey = values.get('apiKey');
    // Here the signed text is every parameter but the signature, the key included, in the order of their names.
    const signed = [...values].filter(([name]) => name !== 'signature').sort(([a], [b]) => (a < b ? -1 : 1));
    const payload = signed.map(([name, value]) => `${name}=${value}`).join('&');
    const call = { params: new Params(values), apiKey, payload };
    if (method === 'userDataStream.subscribe.signature') {
      return { subscriptionId: this.subscribe(this.parts.dispatcher.identify(call).account) };
    }
    if (method === 'userDataStream.unsubscribe') {
      this.unsubscribe(Number(values.get('subscriptionId') ?? this.nextSubscriptionId - 1));
      return {};
    }
    const key = METHODS[method];
    if (key === undefined) throw new ApiError(400, -1020, `Unsupported operation: ${method}`);
    return (await this.parts.dispatcher.call({ ...call, key, address: this.address })).body;
  }

  private subscribe(account: string): number {
    const subscriptionId = this.nextSubscriptionId;
    this.nextSubscriptionId += 1;
    const subscriber: UserSubscriber = {
      deliver: (event) => {
        this.connection.deliver('user', { subscriptionId, event }, event);
      },
    };
    this.subscriptions.set(subscriptionId, { account, subscriber });
    this.parts.users.subscribe(account, subscriber);
    return subscriptionId;
  }

  private unsubscribe(subscriptionId: number): void {
    const subscription = this.subscriptions.get(subscriptionId);
    if (subscription === undefined) return;
    this.subscriptions.delete(subscriptionId);
    this.parts.users.unsubscribe(subscription.account, subscription.subscriber);
  }
}

/** A reply in the envelope of the websocket API; text, which only faults send, comes as it is. */
function answerOf(id: ApiRequest['id'], { status, body }: Reply): unknown {
  if (typeof body === 'string') return body;
  const content = status === 200 ? { result: body } : { error: body };
  return { id, status, ...content, rateLimits: [] };
}

function parseRequest(text: string): ApiRequest | undefined {
  try {
    return apiRequest.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
