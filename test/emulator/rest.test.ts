import type { AccountOptions, RunningEmulator } from '../../emulator/main';
import { Client, Fixture, type Json } from './client';
import { MINUTE_MS, scriptedMarket, START_MS, waveMarket } from './scripted-market';

const fixture = new Fixture();
afterAll(() => fixture.end());

const limitOrder = {
  symbol: 'BTCUSDT',
  side: 'BUY',
  type: 'LIMIT',
  timeInForce: 'GTC',
  quantity: '0.01',
  price: '50000',
};

describe('security', () => {
  let emulator: RunningEmulator;
  let client: Client;
  beforeAll(async () => {
    emulator = await fixture.start({ source: waveMarket() });
    client = new Client(emulator);
  });

  it('time is wall time and needs no key', async () => {
    const { body } = await client.public('GET /api/v3/time');
    expect(Math.abs(Number(body.serverTime) - Date.now())).toBeLessThan(60_000);
  });

  it.each([
    ['an unknown key', { apiKey: 'nobody' }, {}, 401, -2015],
    ['an empty key', { apiKey: '' }, {}, 401, -2014],
    ['another secret', { secret: 'wrong' }, {}, 400, -1022],
    ['a malformed signature', {}, { signature: 'abc' }, 400, -1022],
    ['an old timestamp', {}, { timestamp: Date.now() - 3_600_000 }, 400, -1021],
    ['a timestamp from the future', {}, { timestamp: Date.now() + 3_600_000 }, 400, -1021],
    ['no timestamp', {}, { timestamp: '' }, 400, -1102],
    ['a timestamp that is no number', {}, { timestamp: 'now' }, 400, -1100],
    ['too wide a window', {}, { recvWindow: 60_001 }, 400, -1131],
  ])('%s is refused', async (_name, keys, override, status, code) => {
    const answer = await new Client(emulator, keys).signed('GET /api/v3/account', {}, override);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
  });

  it('a wider window accepts an older timestamp', async () => {
    const answer = await client.signed(
      'GET /api/v3/account',
      {},
      { timestamp: Date.now() - 30_000, recvWindow: 60_000 },
    );
    expect(answer.status).toBe(200);
  });

  it('the key can trade and cannot withdraw', async () => {
    const { body } = await client.signed('GET /sapi/v1/account/apiRestrictions');
    expect(body).toMatchObject({
      enableSpotAndMarginTrading: true,
      enableWithdrawals: false,
      enableReading: true,
    });
  });
});

describe('parameters', () => {
  let client: Client;
  beforeAll(async () => {
    client = new Client(await fixture.start({ source: waveMarket() }));
  });

  it.each([
    [{ ...limitOrder, symbol: 'NOSUCH' }, -1121],
    [{ ...limitOrder, side: 'HOLD' }, -1117],
    [{ ...limitOrder, type: 'ICEBERG' }, -1116],
    [{ ...limitOrder, timeInForce: 'GTX' }, -1115],
    [{ ...limitOrder, price: '' }, -1102],
    [{ ...limitOrder, timeInForce: '' }, -1102],
    [{ ...limitOrder, stopPrice: '1' }, -1106],
    [{ ...limitOrder, newClientOrderId: 'not allowed' }, -1100],
    [{ ...limitOrder, icebergQty: '1' }, -1104],
    [{ symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET' }, -1102],
    [{ symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '1', quoteOrderQty: '1' }, -1128],
    [{ symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '1', price: '1' }, -1106],
    [{ symbol: 'BTCUSDT', side: 'SELL', type: 'STOP_LOSS', quantity: '1' }, -1102],
  ])('%j', async (values, code) => {
    const answer = await client.signed('POST /api/v3/order', values);
    expect([answer.status, answer.body.code]).toEqual([400, code]);
  });

  it('order/test checks an order and places none', async () => {
    expect((await client.signed('POST /api/v3/order/test', limitOrder)).body).toEqual({});
    expect((await client.signed('POST /api/v3/order/test', { ...limitOrder, quantity: '5' })).body.code).toBe(
      -2010,
    );
    expect((await client.signed('GET /api/v3/allOrders', { symbol: 'BTCUSDT' })).body).toEqual([]);
  });

  it('what is not offered is said so', async () => {
    expect((await client.public('GET /api/v3/historicalTrades')).status).toBe(404);
  });
});

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

describe('limits', () => {
  it('weight beyond the limit is 429 with Retry-After, and insisting is 418', async () => {
    const client = new Client(
      await fixture.start({ source: waveMarket(), limits: { weightPerMinute: 10, refusalsBeforeBan: 2 } }),
    );
    const statuses: number[] = [];
    for (let count = 0; count < 14; count += 1) {
      const answer = await client.public('GET /api/v3/ping');
      statuses.push(answer.status);
      if (answer.status !== 200) expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(Number(answer.headers.get('x-mbx-used-weight-1m'))).toBeGreaterThan(0);
      if (answer.status !== 200) expect(answer.body.code).toBe(-1003);
    }
    // The wall-clock minute may turn once in between; the order of the answers does not change.
    expect(statuses.filter((status) => status === 418).length).toBeGreaterThan(0);
    expect(statuses.indexOf(429)).toBeGreaterThanOrEqual(10);
    expect(statuses.indexOf(418)).toBeGreaterThan(statuses.indexOf(429));
  });

  it('new orders are counted by account', async () => {
    const client = new Client(await fixture.start({ source: waveMarket(), limits: { ordersPerDay: 3 } }));
    const codes: unknown[] = [];
    for (let count = 0; count < 4; count += 1) {
      codes.push((await client.signed('POST /api/v3/order', { ...limitOrder, quantity: '0.001' })).body.code);
    }
    expect(codes).toEqual([undefined, undefined, undefined, -1015]);
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

describe('the clock', () => {
  it('pauses, resumes, changes speed, advances, and never goes back', async () => {
    const client = new Client(await fixture.start({ source: waveMarket() }));
    const clock = await client.control('GET /emulator/clock');
    expect(clock).toMatchObject({
      marketTimeMs: START_MS,
      speed: 1,
      mode: 'simulated',
      endMs: null,
      state: 'paused',
    });
    expect((await client.advance(START_MS + 1000)).marketTimeMs).toBe(START_MS + 1000);
    expect((await client.advance(START_MS)).marketTimeMs).toBe(START_MS + 1000);
    expect(await client.control('POST /emulator/clock', { action: 'setSpeed', speed: 'max' })).toMatchObject({
      speed: 'max',
      state: 'paused',
    });
    await client.control('POST /emulator/clock', { action: 'resume' });
    let marketTimeMs = START_MS;
    while (marketTimeMs < START_MS + 24 * 60 * MINUTE_MS)
      marketTimeMs = Number((await client.control('GET /emulator/clock')).marketTimeMs);
    const paused = await client.control('POST /emulator/clock', { action: 'pause' });
    expect((await client.control('GET /emulator/clock')).marketTimeMs).toBe(paused.marketTimeMs);
    await expect(client.control('POST /emulator/clock', { action: 'setSpeed', speed: 0 })).rejects.toThrow(
      'speed',
    );
  });

  it('ends where the market ends', async () => {
    const source = scriptedMarket([], { endMs: START_MS + 5000 });
    const client = new Client(await fixture.start({ source }));
    expect(await client.advance(START_MS + 60_000)).toMatchObject({
      marketTimeMs: START_MS + 5000,
      state: 'ended',
    });
  });
});

describe('faults', () => {
  let client: Client;
  let emulator: RunningEmulator;
  beforeEach(async () => {
    emulator = await fixture.start({ source: waveMarket() });
    client = new Client(emulator);
  });
  const plan = (fault: Json): Promise<Json> =>
    client.control('POST /emulator/faults', { match: 'POST /api/v3/order', ...fault });
  const orders = async (): Promise<unknown> =>
    (await client.signed('GET /api/v3/allOrders', { symbol: 'BTCUSDT' })).body.length;

  it.each([
    ['reset-before', 0],
    ['reset-after', 1],
  ])('%s breaks the connection and leaves %i orders', async (kind, placed) => {
    await plan({ kind });
    await expect(client.signed('POST /api/v3/order', limitOrder)).rejects.toThrow('fetch failed');
    expect(await orders()).toBe(placed);
    expect(await client.control('GET /emulator/faults')).toEqual([]);
  });

  it('hang-after accepts the order and never answers', async () => {
    await plan({ kind: 'hang-after' });
    const answer = client.signed('POST /api/v3/order', limitOrder).then(
      () => 'answered',
      () => 'cut off',
    );
    while ((await orders()) !== 1) await new Promise((resolve) => setImmediate(resolve));
    await fixture.stop(emulator);
    expect(await answer).toBe('cut off');
  });

  it('status answers instead of the exchange, as often as it was told', async () => {
    await plan({
      kind: 'status',
      status: 503,
      body: { code: -1008, msg: 'overloaded' },
      headers: { 'retry-after': '3' },
      times: 2,
    });
    for (let count = 0; count < 2; count += 1) {
      const answer = await client.signed('POST /api/v3/order', limitOrder);
      expect([answer.status, answer.body.code, answer.headers.get('retry-after')]).toEqual([503, -1008, '3']);
    }
    expect(await orders()).toBe(0);
    expect((await client.signed('POST /api/v3/order', limitOrder)).status).toBe(200);
  });

  it('can be listed and called off; nonsense is refused', async () => {
    await plan({ kind: 'delay', delayMs: 1, times: 5 });
    expect(await client.control('GET /emulator/faults')).toMatchObject([{ kind: 'delay', times: 5 }]);
    expect((await client.signed('POST /api/v3/order', limitOrder)).status).toBe(200);
    await client.control('DELETE /emulator/faults');
    expect(await client.control('GET /emulator/faults')).toEqual([]);
    await expect(plan({ kind: 'explode' })).rejects.toThrow('kind');
  });
});
