import type { RunningEmulator } from '../../emulator/main';
import { Client, Fixture, limitOrder } from './client';
import { waveMarket } from './scripted-market';

const fixture = new Fixture();
afterAll(() => fixture.end());

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
