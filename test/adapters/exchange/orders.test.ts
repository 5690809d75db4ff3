import type { ExchangePort } from '../../../adapters/exchange/port';
import { decimal } from '../../../domain/decimal';
import { FailureKind } from '../../../domain/errors';
import { OrderType } from '../../../domain/order';
import { buyRequest, filledOrder, openExchange, restingStop, ScriptedExchange } from './scripted-exchange';

const PLACE = 'POST /api/v3/order';
const REPLACE = 'POST /api/v3/order/cancelReplace';
const OLD_ID = 'bl-abc123-old';
const NEW_ID = 'bl-abc123-new';

let server: ScriptedExchange;
let exchange: ExchangePort;

beforeEach(async () => {
  server = await ScriptedExchange.start();
  exchange = await openExchange(server);
});
afterEach(async () => {
  await exchange.close();
  await server.stop();
});

const sentTo = (route: string): Record<string, string> => {
  const { timestamp, signature, ...sent } = Object.fromEntries(server.requestsTo(route).at(-1)?.params ?? []);
  expect(timestamp).toMatch(/^\d{13}$/);
  expect(signature).toMatch(/^[0-9a-f]{64}$/);
  return sent;
};

describe('submit', () => {
  const common = {
    symbol: 'BTCUSDT',
    side: 'BUY',
    quantity: '0.00123',
    newClientOrderId: buyRequest().clientOrderId,
    newOrderRespType: 'FULL',
    recvWindow: '5000',
  };

  it.each([
    [buyRequest(), { type: 'MARKET' }],
    [
      buyRequest({ type: OrderType.Limit, limitPrice: decimal('60000.1') }),
      { type: 'LIMIT', timeInForce: 'GTC', price: '60000.1' },
    ],
    [
      buyRequest({ type: OrderType.LimitIoc, limitPrice: decimal('60000.1') }),
      { type: 'LIMIT', timeInForce: 'IOC', price: '60000.1' },
    ],
    [
      buyRequest({ type: OrderType.StopMarket, side: 'sell', stopPrice: decimal('58000.1') }),
      { type: 'STOP_LOSS', side: 'SELL', stopPrice: '58000.1' },
    ],
  ])('sends exactly what was asked for: $type', async (request, specific) => {
    server.on(PLACE, { body: filledOrder() });
    await exchange.submit(request);
    expect(sentTo(PLACE)).toEqual({ ...common, ...specific });
  });

  it('with a receive window of its own', async () => {
    server.on(PLACE, { body: filledOrder() });
    await exchange.submit(buyRequest({ receiveWindowMs: 1_500 }));
    expect(sentTo(PLACE).recvWindow).toBe('1500');
  });

  it('keeps every digit, both ways', async () => {
    const quantity = decimal('123456789.123456789');
    const body = JSON.stringify(filledOrder()).replaceAll('0.00123000', '90071992547409931.12345678');
    server.on(PLACE, { body: JSON.parse(body) as unknown });
    const report = await exchange.submit(buyRequest({ quantity }));
    expect(sentTo(PLACE).quantity).toBe('123456789.123456789');
    expect(report.quantity).toBe('90071992547409931.12345678');
    expect(report.fills[0]?.quantity).toBe('90071992547409931.12345678');
  });

  it('keeps order ids that do not fit a number', async () => {
    const text = JSON.stringify(filledOrder()).replace('"orderId":28', '"orderId":90071992547409931');
    server.on(PLACE, () => ({ body: text }));
    expect((await exchange.submit(buyRequest())).exchangeOrderId).toBe('90071992547409931');
  });

  it('reports the fills that came with the answer', async () => {
    server.on(PLACE, { body: filledOrder() });
    expect(await exchange.submit(buyRequest())).toEqual({
      clientOrderId: buyRequest().clientOrderId,
      exchangeOrderId: '28',
      symbol: 'BTC/USDT',
      side: 'buy',
      status: 'filled',
      quantity: '0.00123',
      filledQuantity: '0.00123',
      filledQuote: '73.8',
      type: 'market',
      limitPrice: null,
      stopPrice: null,
      marketTimeMs: 1_507_725_176_595,
      fills: [
        {
          symbol: 'BTC/USDT',
          tradeId: '56',
          clientOrderId: buyRequest().clientOrderId,
          exchangeOrderId: '28',
          side: 'buy',
          price: '60000',
          quantity: '0.00123',
          fee: '0.00000123',
          feeAsset: 'BTC',
          liquidity: 'taker',
          marketTimeMs: 1_507_725_176_595,
        },
      ],
    });
  });

  it('tells a resting stop from a triggered one', async () => {
    server.on(PLACE, { body: restingStop() });
    const resting = await exchange.submit(
      buyRequest({ type: OrderType.StopMarket, side: 'sell', stopPrice: decimal('58000.1') }),
    );
    server.on('GET /api/v3/order', { body: restingStop({ isWorking: true, time: 1, updateTime: 2 }) });
    const triggered = await exchange.lookUp('BTC/USDT', resting.clientOrderId);
    expect(resting).toMatchObject({ status: 'open', stopPrice: '58000.1', triggered: false });
    expect(triggered).toMatchObject({ status: 'open', triggered: true });
  });

  it('refuses an order that lacks its price, without sending it', async () => {
    const failure = exchange.submit(buyRequest({ type: OrderType.Limit }));
    await expect(failure).rejects.toMatchObject({ kind: FailureKind.Rejected });
    expect(server.seen).toEqual([]);
  });
});

describe('replace', () => {
  const request = buyRequest({
    clientOrderId: NEW_ID,
    side: 'sell',
    type: OrderType.StopMarket,
    stopPrice: decimal('58500'),
  });
  const cancelled = restingStop({ clientOrderId: 'cancel-1', origClientOrderId: OLD_ID, status: 'CANCELED' });
  const refusal = (code: number, data: object): { status: number; body: object } => ({
    status: code === -2021 ? 409 : 400,
    body: { code, msg: 'Order cancel-replace failed.', data },
  });

  it('cancels and places in one request', async () => {
    server.on(REPLACE, {
      body: {
        cancelResult: 'SUCCESS',
        newOrderResult: 'SUCCESS',
        cancelResponse: cancelled,
        newOrderResponse: restingStop({ clientOrderId: NEW_ID, orderId: 30 }),
      },
    });
    const report = await exchange.replace(OLD_ID, request);
    expect(sentTo(REPLACE)).toMatchObject({
      cancelReplaceMode: 'STOP_ON_FAILURE',
      cancelRestrictions: 'ONLY_NEW',
      cancelOrigClientOrderId: OLD_ID,
      newClientOrderId: NEW_ID,
      type: 'STOP_LOSS',
      stopPrice: '58500',
    });
    expect(report).toMatchObject({
      outcome: 'replaced',
      cancelled: { clientOrderId: OLD_ID, status: 'cancelled' },
      placed: { clientOrderId: NEW_ID, exchangeOrderId: '30', status: 'open' },
    });
  });

  it('reports that the old order could not be cancelled', async () => {
    server.on(
      REPLACE,
      refusal(-2022, {
        cancelResult: 'FAILURE',
        newOrderResult: 'NOT_ATTEMPTED',
        cancelResponse: { code: -2011, msg: 'Unknown order sent.' },
        newOrderResponse: null,
      }),
    );
    expect(await exchange.replace(OLD_ID, request)).toEqual({
      outcome: 'not-cancelled',
      message: expect.stringContaining('Unknown order sent.') as string,
    });
  });

  const naked = (msg: string, code = -2010): { status: number; body: object } =>
    refusal(-2021, {
      cancelResult: 'SUCCESS',
      newOrderResult: 'FAILURE',
      cancelResponse: cancelled,
      newOrderResponse: { code, msg },
    });

  it.each([
    ['Stop price would trigger immediately.', true],
    ['Account has insufficient balance for requested action.', false],
    ['Filter failure: LOT_SIZE', false],
  ])('reports that the old order is gone and the new one refused: %s', async (msg, wouldTrigger) => {
    server.on(REPLACE, naked(msg));
    expect(await exchange.replace(OLD_ID, request)).toMatchObject({
      outcome: 'naked',
      cancelled: { clientOrderId: OLD_ID, status: 'cancelled' },
      message: expect.stringContaining(msg) as string,
      wouldTrigger,
    });
  });

  it.each([
    ['Duplicate order sent.', -2010],
    ['Timeout waiting for response from backend server. Execution status unknown.', -1007],
    ['An unknown error occurred.', -1000],
  ])('does not call an ambiguous half a refusal: %s', async (msg, code) => {
    server.on(REPLACE, naked(msg, code));
    await expect(exchange.replace(OLD_ID, request)).rejects.toMatchObject({ kind: FailureKind.Ambiguous });
  });

  it.each([
    [{ status: 400, body: { code: -1102, msg: 'Mandatory parameter was not sent.' } }, FailureKind.Rejected],
    [{ status: 409, body: '<html></html>' }, FailureKind.Ambiguous],
    [
      { status: 409, body: { code: -2021, msg: 'partially', data: { cancelResult: 'FAILURE' } } },
      FailureKind.Ambiguous,
    ],
  ])('classifies what is neither: %j', async (reply, kind) => {
    server.on(REPLACE, reply);
    await expect(exchange.replace(OLD_ID, request)).rejects.toMatchObject({ kind });
  });
});

describe('cancel', () => {
  it('reports the order under its own id, not that of the cancellation', async () => {
    server.on('DELETE /api/v3/order', {
      body: restingStop({ origClientOrderId: OLD_ID, clientOrderId: 'cancel-1', status: 'CANCELED' }),
    });
    expect(await exchange.cancel('BTC/USDT', OLD_ID)).toMatchObject({
      clientOrderId: OLD_ID,
      status: 'cancelled',
    });
    expect(sentTo('DELETE /api/v3/order')).toMatchObject({ symbol: 'BTCUSDT', origClientOrderId: OLD_ID });
  });

  it('is undefined when the order is not open', async () => {
    server.on('DELETE /api/v3/order', { status: 400, body: { code: -2011, msg: 'Unknown order sent.' } });
    expect(await exchange.cancel('BTC/USDT', OLD_ID)).toBeUndefined();
  });

  it('is ambiguous when the answer is lost', async () => {
    server.on('DELETE /api/v3/order', 'reset');
    await expect(exchange.cancel('BTC/USDT', OLD_ID)).rejects.toMatchObject({ kind: FailureKind.Ambiguous });
  });
});

describe('lookUp', () => {
  it('is undefined only when the exchange says that there is no such order', async () => {
    server.on('GET /api/v3/order', { status: 400, body: { code: -2013, msg: 'Order does not exist.' } });
    expect(await exchange.lookUp('BTC/USDT', OLD_ID)).toBeUndefined();
    server.on('GET /api/v3/order', { status: 404, body: '<html>not found</html>' });
    await expect(exchange.lookUp('BTC/USDT', OLD_ID)).rejects.toMatchObject({ kind: FailureKind.Ambiguous });
  });
});

describe('lists', () => {
  it("names the symbols of strangers' orders too", async () => {
    server.on('GET /api/v3/openOrders', { body: [restingStop(), restingStop({ symbol: 'BNBETH' })] });
    server.on('GET /api/v3/exchangeInfo', (request) => ({
      body: {
        symbols: (JSON.parse(request.params.get('symbols') ?? '') as string[]).map((symbol) => ({
          symbol,
          baseAsset: symbol.slice(0, 3),
          quoteAsset: symbol.slice(3),
          filters: [{ filterType: 'ICEBERG_PARTS', limit: 10 }],
        })),
      },
    }));
    const orders = await exchange.openOrders();
    expect(orders.map(({ symbol }) => symbol)).toEqual(['BTC/USDT', 'BNB/ETH']);
    await exchange.openOrders();
    expect(server.requestsTo('GET /api/v3/exchangeInfo')).toHaveLength(1);
  });

  const trade = (id: number): object => ({
    symbol: 'BTCUSDT',
    id,
    orderId: 7,
    price: '60000.10000000',
    qty: '0.00100000',
    commission: '0.06000010',
    commissionAsset: 'USDT',
    time: 1_000 + id,
    isBuyer: false,
    isMaker: true,
  });

  it('pages through fills', async () => {
    const total = 2_345;
    server.on('GET /api/v3/myTrades', ({ params }) => {
      const first = Number(params.get('fromId') ?? 1);
      const last = Math.min(total, first + Number(params.get('limit')) - 1);
      return { body: Array.from({ length: last - first + 1 }, (_, index) => trade(first + index)) };
    });
    // Where market time runs slower than ours it falls between two milliseconds, which the exchange refuses.
    const fills = await exchange.fillsSince('BTC/USDT', 1_000.5);
    expect(fills.map(({ tradeId }) => Number(tradeId))).toEqual(
      Array.from({ length: total }, (_, index) => index + 1),
    );
    expect(
      server
        .requestsTo('GET /api/v3/myTrades')
        .map(({ params }) => [params.get('startTime'), params.get('fromId')]),
    ).toEqual([
      ['1000', null],
      [null, '1001'],
      [null, '2001'],
    ]);
    expect(fills[0]).toMatchObject({ clientOrderId: '', side: 'sell', liquidity: 'maker', fee: '0.0600001' });
  });

  it('names the client order id in the fills of one order', async () => {
    server.on('GET /api/v3/myTrades', { body: [trade(1)] });
    expect(await exchange.fillsOf('BTC/USDT', '7', OLD_ID)).toMatchObject([
      { clientOrderId: OLD_ID, tradeId: '1' },
    ]);
    expect(sentTo('GET /api/v3/myTrades')).toMatchObject({ symbol: 'BTCUSDT', orderId: '7' });
  });

  it('leaves out orders created before the asked time', async () => {
    server.on('GET /api/v3/allOrders', {
      body: [restingStop({ orderId: 1, time: 999 }), restingStop({ orderId: 2, time: 1_000 })],
    });
    const orders = await exchange.ordersSince('BTC/USDT', 1_000.5);
    expect(orders.map(({ exchangeOrderId }) => exchangeOrderId)).toEqual(['2']);
    expect(sentTo('GET /api/v3/allOrders')).toMatchObject({ startTime: '1000' });
  });
});
