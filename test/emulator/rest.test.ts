import type { AccountOptions } from '../../emulator/main';
import { Client, Fixture, limitOrder, type Json } from './client';
import { MINUTE_MS, scriptedMarket, START_MS, waveMarket } from './scripted-market';

const fixture = new Fixture();
afterAll(() => fixture.end());

describe('orders over REST', () => {
  let client: Client;
  beforeEach(async () => {
    client = new Client(await fixture.start({ source: waveMarket() }));
    await client.advance(START_MS + 5 * MINUTE_MS);
  });

  it('answers in the shape asked for, with market times', async () => {
    const ack = await client.signed('POST /api/v3/order', {
      ...limitOrder,
      newOrderRespType: 'ACK',
      newClientOrderId: 'a',
    });
    expect(ack.body).toEqual({
      symbol: 'BTCUSDT',
      orderId: 1,
      orderListId: -1,
      clientOrderId: 'a',
      transactTime: START_MS + 5 * MINUTE_MS,
    });
    const full = await client.signed('POST /api/v3/order', {
      symbol: 'BTCUSDT',
      side: 'BUY',
      type: 'MARKET',
      quantity: '0.01',
    });
    expect(full.body).toMatchObject({
      status: 'FILLED',
      executedQty: '0.01000000',
      fills: [{ qty: '0.01000000', commission: '0.00001000', commissionAsset: 'BTC' }],
    });
    const query = await client.signed('GET /api/v3/order', { symbol: 'BTCUSDT', origClientOrderId: 'a' });
    expect(query.body).toMatchObject({
      orderId: 1,
      status: 'NEW',
      isWorking: true,
      time: START_MS + 5 * MINUTE_MS,
    });
  });

  it('cancel-replace reports each half: -2022 when nothing was done, -2021 when half was', async () => {
    const replace = { ...limitOrder, cancelReplaceMode: 'STOP_ON_FAILURE', cancelOrderId: 99 };
    const failed = await client.signed('POST /api/v3/order/cancelReplace', replace);
    expect([failed.status, failed.body]).toEqual([
      400,
      {
        code: -2022,
        msg: 'Order cancel-replace failed.',
        data: {
          cancelResult: 'FAILURE',
          newOrderResult: 'NOT_ATTEMPTED',
          cancelResponse: { code: -2011, msg: 'Unknown order sent.' },
          newOrderResponse: null,
        },
      },
    ]);
    const anyway = await client.signed('POST /api/v3/order/cancelReplace', {
      ...replace,
      cancelReplaceMode: 'ALLOW_FAILURE',
    });
    expect([anyway.status, anyway.body.code]).toEqual([409, -2021]);
    expect(anyway.body.data).toMatchObject({
      cancelResult: 'FAILURE',
      newOrderResult: 'SUCCESS',
      newOrderResponse: { orderId: 1 },
    });
    const poor = await client.signed('POST /api/v3/order/cancelReplace', {
      ...replace,
      cancelOrderId: 1,
      quantity: '5',
    });
    expect([poor.status, poor.body.code]).toEqual([409, -2021]);
    expect(poor.body.data).toMatchObject({
      cancelResult: 'SUCCESS',
      newOrderResult: 'FAILURE',
      newOrderResponse: { code: -2010 },
    });
  });

  it('my trades can be paged by id, time and order', async () => {
    for (const quantity of ['0.01', '0.02', '0.03']) {
      await client.signed('POST /api/v3/order', { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity });
      await client.advance(START_MS + 5 * MINUTE_MS + Number(quantity) * 1_000_000);
    }
    const trades = async (values: Json): Promise<unknown[]> => {
      const { body } = await client.signed('GET /api/v3/myTrades', {
        symbol: 'BTCUSDT',
        ...(values as Record<string, string>),
      });
      return (body as unknown as Json[]).map((trade) => trade.qty);
    };
    const all = (await client.signed('GET /api/v3/myTrades', { symbol: 'BTCUSDT' })).body as unknown as {
      id: number;
      time: number;
      orderId: number;
    }[];
    expect(await trades({ fromId: all[1]?.id })).toEqual(['0.02000000', '0.03000000']);
    expect(await trades({ startTime: all[2]?.time })).toEqual(['0.03000000']);
    expect(await trades({ endTime: all[0]?.time })).toEqual(['0.01000000']);
    expect(await trades({ orderId: all[1]?.orderId })).toEqual(['0.02000000']);
    expect(await trades({ limit: 1 })).toEqual(['0.03000000']);
  });
});

describe('market data', () => {
  let client: Client;
  beforeAll(async () => {
    client = new Client(await fixture.start({ source: waveMarket() }));
    await client.advance(START_MS + 90 * MINUTE_MS + 30_000);
  });
  const rows = async (values: Record<string, string | number>): Promise<unknown[][]> =>
    (await client.public('GET /api/v3/klines', { symbol: 'BTCUSDT', ...values }))
      .body as unknown as unknown[][];

  it.each(['3m', '5m', '15m', '30m', '1h', '2h', '4h', '6h', '8h', '12h', '1d', '3d', '1w', '1M'])(
    '%s candles are what their minutes add up to',
    async (interval) => {
      const [candle] = (await rows({ interval, limit: 2 })).slice(-2);
      const [openTime, open, high, low, close, volume, closeTime] = candle as [
        number,
        string,
        string,
        string,
        string,
        string,
        number,
      ];
      const count = Math.min(1000, Math.floor((closeTime + 1 - openTime) / MINUTE_MS));
      const minutes = await rows({ interval: '1m', startTime: openTime, endTime: closeTime, limit: count });
      expect(minutes[0]?.[1]).toBe(open);
      if (minutes.length < 1000) {
        const of = (index: number): number[] => minutes.map((minute) => Number(minute[index]));
        expect([high, low, close].map(Number)).toEqual([
          Math.max(...of(2)),
          Math.min(...of(3)),
          of(4).at(-1),
        ]);
        expect(Number(volume)).toBeCloseTo(
          of(5).reduce((sum, each) => sum + each, 0),
          5,
        );
      }
    },
  );

  it('the last candle is the running one and shows only what has been traded', async () => {
    const [closed, running] = (await rows({ interval: '1m', limit: 2 })) as [unknown[], unknown[]];
    expect([closed[0], running[0]]).toEqual([START_MS + 89 * MINUTE_MS, START_MS + 90 * MINUTE_MS]);
    expect(Number(running[5])).toBeCloseTo((31 * 2200) / 100_000, 8);
    const trades = (await client.public('GET /api/v3/trades', { symbol: 'BTCUSDT', limit: 1 }))
      .body as unknown as Json[];
    expect(running[4]).toBe(trades[0]?.price);
  });

  it('recent trades have ids and times that grow', async () => {
    const trades = (await client.public('GET /api/v3/trades', { symbol: 'BTCUSDT', limit: 700 }))
      .body as unknown as { id: number; time: number }[];
    expect(trades).toHaveLength(700);
    for (const [index, trade] of trades.slice(1).entries())
      expect(trade.id).toBeGreaterThan(trades[index]?.id ?? Infinity);
    const again = (
      await client.public('GET /api/v3/aggTrades', {
        symbol: 'BTCUSDT',
        fromId: trades[650]?.id ?? 0,
        startTime: trades[650]?.time ?? 0,
      })
    ).body as unknown as { a: number }[];
    expect(again.map(({ a }) => a)).toEqual(trades.slice(650).map(({ id }) => id));
  });

  it('a user order shows in the depth, and its trade on the tape', async () => {
    const before = (await client.public('GET /api/v3/depth', { symbol: 'BTCUSDT', limit: 5 })).body as {
      lastUpdateId: number;
      bids: [string, string][];
    };
    const price = (Number(before.bids[0]?.[0]) + 0.1).toFixed(2);
    await client.signed('POST /api/v3/order', { ...limitOrder, price });
    const after = (await client.public('GET /api/v3/depth', { symbol: 'BTCUSDT', limit: 5 }))
      .body as typeof before;
    expect(Number(after.bids[0]?.[0])).toBe(Number(price));
    expect(after.lastUpdateId).toBeGreaterThan(before.lastUpdateId);
    const { body } = await client.signed('POST /api/v3/order', {
      symbol: 'BTCUSDT',
      side: 'BUY',
      type: 'MARKET',
      quantity: '0.01',
    });
    const [fill] = body.fills as { tradeId: number }[];
    const [last] = (await client.public('GET /api/v3/trades', { symbol: 'BTCUSDT', limit: 1 }))
      .body as unknown as { id: number; isBuyerMaker: boolean }[];
    expect(last).toMatchObject({ id: fill?.tradeId, isBuyerMaker: false });
  });
});

describe('accounts', () => {
  it('have their own keys, money and orders, and trade with each other', async () => {
    const accounts: readonly AccountOptions[] = [
      { name: 'one', apiKey: 'k1', secret: 's1', balances: { USDT: '1000' } },
      { name: 'two', apiKey: 'k2', secret: 's2', balances: { BTC: '1' } },
    ];
    const fees = { makerBps: 2, takerBps: 7.5 };
    const source = scriptedMarket([{ atMs: 1, prints: [['buy', 100, 1]] }]);
    const emulator = await fixture.start({ source, accounts, fees });
    const [one, two] = [new Client(emulator), new Client(emulator, { apiKey: 'k2', secret: 's2' })];
    const order = { ...limitOrder, quantity: '1', price: '100' };
    await one.signed('POST /api/v3/order', order);
    expect((await two.signed('GET /api/v3/openOrders')).body).toEqual([]);
    await two.signed('POST /api/v3/order', { ...order, side: 'SELL' });
    const balances = async (client: Client): Promise<unknown> =>
      (await client.signed('GET /api/v3/account', { omitZeroBalances: 'true' })).body.balances;
    expect(await balances(one)).toEqual([
      { asset: 'BTC', free: '0.99980000', locked: '0.00000000' },
      { asset: 'USDT', free: '900.00000000', locked: '0.00000000' },
    ]);
    expect(await balances(two)).toEqual([{ asset: 'USDT', free: '99.92500000', locked: '0.00000000' }]);
  });
});
