import type { RunningEmulator } from '../../emulator/main';
import { Client, Fixture, type Json, type Socket } from './client';
import { MINUTE_MS, START_MS, waveMarket } from './scripted-market';

const fixture = new Fixture();
const sockets: Socket[] = [];
afterAll(async () => {
  for (const socket of sockets) socket.close();
  await fixture.end();
});

let emulator: RunningEmulator;
let client: Client;
let nowMs = START_MS;
beforeAll(async () => {
  emulator = await fixture.start({ source: waveMarket() });
  client = new Client(emulator);
});

async function connect(path: string, streams: readonly string[] = []): Promise<Socket> {
  const socket = await client.stream(path);
  sockets.push(socket);
  if (streams.length > 0) {
    socket.send({ method: 'SUBSCRIBE', params: streams, id: 7 });
    expect(await socket.until((message) => 'id' in message)).toEqual({ result: null, id: 7 });
  }
  return socket;
}

function advance(byMs: number): Promise<Json> {
  nowMs += byMs;
  return client.advance(nowMs);
}

type Rows = [string, string][];

function applyRows(side: Map<string, string>, rows: Rows): void {
  for (const [price, quantity] of rows) {
    if (Number(quantity) === 0) side.delete(price);
    else side.set(price, quantity);
  }
}

describe('depth diffs', () => {
  interface Snapshot {
    readonly lastUpdateId: number;
    readonly bids: Rows;
    readonly asks: Rows;
  }
  const snapshotNow = async (): Promise<Snapshot> =>
    (await client.public('GET /api/v3/depth', { symbol: 'BTCUSDT', limit: 1000 }))
      .body as unknown as Snapshot;

  it('join without gaps, and on top of any snapshot give the book', async () => {
    const socket = await connect('/ws', ['btcusdt@depth@100ms']);
    const diffs = (): Json[] => socket.messages.filter((message) => message.e === 'depthUpdate');
    for (let round = 0; round < 10; round += 1) {
      await advance(20_000);
      const snapshot = await snapshotNow();
      await advance(20_000);
      await client.signed('POST /api/v3/order', marketBuy);
      await advance(20_000);
      const now = await snapshotNow();
      await socket.until(() => Number(diffs().at(-1)?.u) >= now.lastUpdateId);
      const later = diffs().filter(
        (diff) => Number(diff.u) > snapshot.lastUpdateId && Number(diff.u) <= now.lastUpdateId,
      );
      expect(Number(later[0]?.U)).toBeLessThanOrEqual(snapshot.lastUpdateId + 1);
      const book = { bids: new Map(snapshot.bids), asks: new Map(snapshot.asks) };
      for (const diff of later) {
        applyRows(book.bids, diff.b as Rows);
        applyRows(book.asks, diff.a as Rows);
      }
      expect(book).toEqual({ bids: new Map(now.bids), asks: new Map(now.asks) });
    }
    const all = diffs();
    for (const [index, diff] of all.slice(1).entries()) expect(diff.U).toBe(Number(all[index]?.u) + 1);
  });
});

const marketBuy = { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.002' };

describe('market streams', () => {
  it('trades come once each, with the ids that REST shows', async () => {
    const socket = await connect('/ws/btcusdt@trade');
    await advance(5000);
    const trades = (): Json[] => socket.messages.filter((message) => message.e === 'trade');
    await socket.until(() => trades().length >= 10);
    const rest = (await client.public('GET /api/v3/trades', { symbol: 'BTCUSDT', limit: 10 }))
      .body as unknown as { id: number; price: string }[];
    expect(trades().map(({ t, p }) => [t, p])).toEqual(rest.map(({ id, price }) => [id, price]));
  });

  it('every closed candle is sent once, final, and as REST has it', async () => {
    const socket = await connect('/ws', ['btcusdt@kline_1m']);
    const fromMs = Math.floor(nowMs / MINUTE_MS) * MINUTE_MS;
    await advance(20 * MINUTE_MS);
    interface Kline {
      t: number;
      o: string;
      h: string;
      l: string;
      c: string;
      v: string;
      x: boolean;
    }
    const closed = (): Kline[] =>
      socket.messages
        .map((message) => message.k as Kline | undefined)
        .filter((kline) => kline?.x === true) as Kline[];
    await socket.until(() => closed().length >= 20);
    const rest = (
      await client.public('GET /api/v3/klines', {
        symbol: 'BTCUSDT',
        interval: '1m',
        startTime: fromMs,
        limit: 20,
      })
    ).body as unknown as unknown[][];
    expect(closed().map(({ t, o, h, l, c, v }) => [t, o, h, l, c, v])).toEqual(
      rest.map((row) => row.slice(0, 6)),
    );
  });

  it('tickers, books and all-symbol streams', async () => {
    const names = [
      'btcusdt@miniTicker',
      'btcusdt@ticker',
      'ethusdt@bookTicker',
      'btcusdt@depth5',
      '!miniTicker@arr',
    ];
    const socket = await connect('/stream', names);
    await advance(1000);
    for (const name of names) {
      const { data } = await socket.until((message) => message.stream === name);
      expect(data).toBeDefined();
    }
    const { data } = await socket.until((message) => message.stream === 'ethusdt@bookTicker');
    expect(Number((data as Json).b)).toBeLessThan(Number((data as Json).a));
  });

  it('combined streams wrap, and can be listed and left', async () => {
    const socket = await connect('/stream?streams=btcusdt@aggTrade/ethusdt@aggTrade');
    await advance(1000);
    expect(await socket.until((message) => message.stream === 'ethusdt@aggTrade')).toMatchObject({
      data: { e: 'aggTrade', s: 'ETHUSDT' },
    });
    socket.send({ method: 'UNSUBSCRIBE', params: ['ethusdt@aggTrade'], id: 1 });
    socket.send({ method: 'LIST_SUBSCRIPTIONS', id: 2 });
    expect(await socket.until((message) => message.id === 2)).toEqual({
      result: ['btcusdt@aggTrade'],
      id: 2,
    });
    const seen = socket.messages.length;
    await advance(1000);
    await socket.until(() => socket.messages.length > seen);
    expect(socket.messages.slice(seen).every((message) => message.stream === 'btcusdt@aggTrade')).toBe(true);
  });

  it('nonsense is answered, not obeyed', async () => {
    const socket = await connect('/ws');
    socket.send({ method: 'SUBSCRIBE', params: ['btcusdt@nothing'], id: 1 });
    expect(await socket.until((message) => message.id === 1)).toMatchObject({ error: { code: 2 } });
    socket.send({ hello: 'there' });
    expect(await socket.until((message) => !('id' in message))).toMatchObject({ error: { code: 3 } });
  });
});

describe('the user stream', () => {
  it('reports each state of an order in order, then the balances', async () => {
    const socket = await client.userStream();
    sockets.push(socket);
    await client.signed('POST /api/v3/order', {
      symbol: 'BTCUSDT',
      side: 'BUY',
      type: 'MARKET',
      quantity: '0.02',
      newClientOrderId: 'u-1',
    });
    await socket.until((message) => (message.event as Json | undefined)?.e === 'outboundAccountPosition');
    const events = socket.messages.slice(1).map((message) => message.event as Json);
    expect(events.map(({ e, x, X, z }) => [e, x, X, z])).toEqual([
      ['executionReport', 'NEW', 'NEW', '0.00000000'],
      ['executionReport', 'TRADE', 'FILLED', '0.02000000'],
      ['outboundAccountPosition', undefined, undefined, undefined],
    ]);
    expect(events[1]).toMatchObject({ c: 'u-1', l: '0.02000000', n: '0.00002000', N: 'BTC', m: false });
    const { body } = await client.signed('GET /api/v3/account', { omitZeroBalances: 'true' });
    expect(events[2]?.B).toEqual(
      expect.arrayContaining(
        (body.balances as Json[])
          .filter(({ asset }) => asset !== 'ETH')
          .map(({ asset, free, locked }) => ({ f: free, l: locked, a: asset })),
      ),
    );
  });

  it('reports cancellations with both ids, lists, and nothing of other accounts', async () => {
    const socket = await client.userStream();
    sockets.push(socket);
    const { body } = await client.signed('POST /api/v3/orderList/oco', {
      symbol: 'BTCUSDT',
      side: 'SELL',
      quantity: '0.01',
      aboveType: 'LIMIT_MAKER',
      abovePrice: '70000',
      belowType: 'STOP_LOSS',
      belowStopPrice: '50000',
      aboveClientOrderId: 'above',
    });
    await client.signed('DELETE /api/v3/order', {
      symbol: 'BTCUSDT',
      origClientOrderId: 'above',
      newClientOrderId: 'gone',
    });
    const { event } = await socket.until(
      (message) => (message.event as Json | undefined)?.e === 'listStatus',
    );
    expect(event).toMatchObject({ g: body.orderListId, l: 'ALL_DONE', L: 'ALL_DONE' });
    const cancelled = await socket.until((message) => (message.event as Json | undefined)?.x === 'CANCELED');
    expect(cancelled.event).toMatchObject({ c: 'gone', C: 'above', X: 'CANCELED' });
  });

  it('wants a valid signature', async () => {
    const socket = await connect('/ws-api/v3');
    socket.send({
      id: 'x',
      method: 'userDataStream.subscribe.signature',
      params: { apiKey: emulator.apiKey, timestamp: Date.now(), signature: 'bad' },
    });
    expect(await socket.until((message) => message.id === 'x')).toMatchObject({
      status: 400,
      error: { code: -1022 },
    });
  });

  it('goes silent when unsubscribed', async () => {
    const socket = await client.userStream();
    sockets.push(socket);
    socket.send({ id: 2, method: 'userDataStream.unsubscribe', params: {} });
    await socket.until((message) => message.id === 2);
    const other = await client.userStream();
    sockets.push(other);
    await client.signed('POST /api/v3/order', {
      symbol: 'BTCUSDT',
      side: 'BUY',
      type: 'MARKET',
      quantity: '0.001',
    });
    await other.until((message) => 'event' in message);
    expect(socket.messages.some((message) => 'event' in message)).toBe(false);
  });
});
