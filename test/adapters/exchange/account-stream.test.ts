import type { AccountEvent, ExchangePort } from '../../../adapters/exchange/port';
import type { ExchangeOptions } from '../../../adapters/exchange/options';
import { Listener } from './listener';
import { executionReport, openExchange, restingStop, ScriptedExchange } from './scripted-exchange';

const QUICK = { staleAfterMs: 60_000, minBackoffMs: 5, maxBackoffMs: 20, healthyAfterMs: 60_000 };

const trade = (id: number): object =>
  executionReport({
    x: 'TRADE',
    X: 'PARTIALLY_FILLED',
    t: id,
    l: '0.5',
    z: '0.5',
    L: '0.1',
    n: '0.0005',
    N: 'BTC',
    m: true,
  });

const isConnected = ({ kind }: AccountEvent): boolean => kind === 'connected';
const isFill = ({ kind }: AccountEvent): boolean => kind === 'fill';
const isOrder = ({ kind }: AccountEvent): boolean => kind === 'order';

let server: ScriptedExchange;
let exchange: ExchangePort;
let listener: Listener<AccountEvent>;
let stop: AbortController;

const open = async (options: Partial<ExchangeOptions> = {}, answersPings = true): Promise<void> => {
  server = await ScriptedExchange.start({ answersPings });
  exchange = await openExchange(server, { symbols: ['BTC/USDT'], stream: QUICK, ...options });
};

beforeEach(() => {
  listener = new Listener<AccountEvent>();
  stop = new AbortController();
});
afterEach(async () => {
  stop.abort();
  await exchange.close();
  await server.stop();
});

describe('the user stream', () => {
  it('tells that it is connected once subscribed, then each order and fill in order', async () => {
    await open();
    const watching = exchange.watchAccount(listener.onEvent, stop.signal);
    await listener.until(1, isConnected);
    expect(server.subscriptions).toHaveLength(1);
    server.push({ e: 'outboundAccountPosition', E: 1, u: 1, B: [] });
    server.push(executionReport());
    for (const id of [1, 2, 3]) server.push(trade(id));
    await listener.until(4, isOrder);
    expect(listener.told.map((event) => event.kind)).toEqual([
      'connected',
      'order',
      ...['fill', 'order', 'fill', 'order', 'fill', 'order'],
    ]);
    expect(listener.told[2]).toEqual({
      kind: 'fill',
      fill: {
        symbol: 'BTC/USDT',
        tradeId: '1',
        clientOrderId: 'bl-abc123-entry',
        exchangeOrderId: '4293153',
        side: 'buy',
        price: '0.1',
        quantity: '0.5',
        fee: '0.0005',
        feeAsset: 'BTC',
        liquidity: 'maker',
        marketTimeMs: 1_499_405_658_657,
      },
    });
    stop.abort();
    await watching;
  });

  it("reports a cancelled order under its own id, not the cancellation's", async () => {
    await open();
    void exchange.watchAccount(listener.onEvent, stop.signal);
    await listener.until(1, isConnected);
    server.push(executionReport({ x: 'CANCELED', X: 'CANCELED', c: 'cancel-1', C: 'bl-abc123-entry' }));
    await listener.until(1, isOrder);
    expect(listener.told.at(-1)).toMatchObject({
      report: { clientOrderId: 'bl-abc123-entry', status: 'cancelled' },
    });
  });

  it('loses nothing that arrives while the listener is busy', async () => {
    await open();
    let release: () => void = () => undefined;
    const busy = new Promise<void>((resolve) => {
      release = resolve;
    });
    void exchange.watchAccount(async (event) => {
      await listener.onEvent(event);
      if (event.kind === 'connected') await busy;
    }, stop.signal);
    await listener.until(1, isConnected);
    for (let id = 1; id <= 50; id += 1) server.push(trade(id));
    release();
    await listener.until(50, isFill);
    const ids = listener.told.flatMap((event) => (event.kind === 'fill' ? Number(event.fill.tradeId) : []));
    expect(ids).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
  });

  it('connects again and says so each time the connection is lost', async () => {
    await open();
    const watching = exchange.watchAccount(listener.onEvent, stop.signal);
    for (let connections = 1; connections <= 3; connections += 1) {
      await listener.until(connections, isConnected);
      server.push(trade(connections));
      await listener.until(connections, isFill);
      server.dropStreams();
    }
    await listener.until(4, isConnected);
    server.push({ e: 'eventStreamTerminated', E: 1 });
    await listener.until(5, isConnected);
    expect(server.subscriptions).toHaveLength(5);
    stop.abort();
    await watching;
  });

  it('takes a connection that answers no pings for dead', async () => {
    await open({ stream: { ...QUICK, staleAfterMs: 100 } }, false);
    void exchange.watchAccount(listener.onEvent, stop.signal);
    await listener.until(3, isConnected);
    expect(server.subscriptions.length).toBeGreaterThanOrEqual(3);
  });

  it('keeps a quiet connection that answers pings', async () => {
    await open({ stream: { ...QUICK, staleAfterMs: 600 } });
    void exchange.watchAccount(listener.onEvent, stop.signal);
    await listener.until(1, isConnected);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(server.subscriptions).toHaveLength(1);
  });

  it('starts over rather than skip news that it cannot read', async () => {
    await open();
    void exchange.watchAccount(listener.onEvent, stop.signal);
    await listener.until(1, isConnected);
    server.push(executionReport({ X: 'A_NEW_STATUS' }));
    await listener.until(2, isConnected);
  });

  it('measures the time difference anew when its timestamp is refused', async () => {
    await open();
    server.on('GET /api/v3/time', { body: { serverTime: Date.now() } });
    server.subscriptionAnswer = {
      status: 400,
      error: { code: -1021, msg: 'Timestamp outside of recvWindow.' },
    };
    void exchange.watchAccount(listener.onEvent, stop.signal);
    while (server.requestsTo('GET /api/v3/time').length === 0) await new Promise(setImmediate);
    server.subscriptionAnswer = { status: 200, result: { subscriptionId: 0 } };
    await listener.until(1, isConnected);
  });

  it("ends with the listener's own error", async () => {
    await open();
    const watching = exchange.watchAccount(
      () => Promise.reject(new Error('the journal is down')),
      stop.signal,
    );
    await expect(watching).rejects.toThrow('the journal is down');
  });
});

describe('abort', () => {
  it.each([
    ['while connecting', (): void => void (server.subscriptionAnswer = undefined)],
    ['between attempts', (): void => void (server.refusesStreams = true)],
    ['while it listens', (): void => undefined],
  ])('ends the watch %s', async (_, arrange) => {
    await open({
      stream: { ...QUICK, minBackoffMs: 60_000, maxBackoffMs: 60_000 },
      requestTimeoutMs: 60_000,
    });
    arrange();
    const watching = exchange.watchAccount(listener.onEvent, stop.signal);
    await new Promise((resolve) => setTimeout(resolve, 100));
    stop.abort();
    await watching;
  });

  it('ends a watch that has no key to subscribe with', async () => {
    await open({ apiKey: undefined, secret: undefined });
    const watching = exchange.watchAccount(listener.onEvent, stop.signal);
    while (server.requestsTo('GET /api/v3/time').length === 0) await new Promise(setImmediate);
    stop.abort();
    await watching;
    expect(server.subscriptions).toEqual([]);
  });

  it('before the start means that nothing starts', async () => {
    await open();
    stop.abort();
    await exchange.watchAccount(listener.onEvent, stop.signal);
    expect([listener.told, server.subscriptions]).toEqual([[], []]);
  });

  it('is implied by closing the exchange', async () => {
    await open();
    const watching = exchange.watchAccount(listener.onEvent, stop.signal);
    await listener.until(1, isConnected);
    await exchange.close();
    await watching;
  });
});

describe('polling, while the stream cannot be had', () => {
  const restTrade = (id: number, time: number): object => ({
    symbol: 'BTCUSDT',
    id,
    orderId: 29,
    price: '58000.10000000',
    qty: '0.00100000',
    commission: '0.05800010',
    commissionAsset: 'USDT',
    time,
    isBuyer: false,
    isMaker: false,
  });

  it('tells fills and ended orders once each, then hands over to the stream', async () => {
    await open();
    server.refusesStreams = true;
    const startMs = 1_700_000_000_000;
    const stopId = 'bl-abc123-stop';
    const trades: { time: number; trade: object }[] = [];
    let openOrders: object[] = [restingStop({ clientOrderId: stopId, time: startMs - 1_000 })];
    server
      .on('GET /api/v3/time', { body: { serverTime: startMs } })
      .on('GET /api/v3/openOrders', () => ({ body: openOrders }))
      .on('GET /api/v3/allOrders', { body: [] })
      .on('GET /api/v3/order', {
        body: restingStop({
          clientOrderId: stopId,
          status: 'FILLED',
          executedQty: '0.00200000',
          time: 1,
          updateTime: 2,
        }),
      })
      .on('GET /api/v3/myTrades', ({ params }) => ({
        body: trades.filter(({ time }) => time >= Number(params.get('startTime'))).map((row) => row.trade),
      }));
    void exchange.watchAccount(listener.onEvent, stop.signal);
    await listener.until(1, isConnected);

    // Two fills in one millisecond: asking from that time on repeats both.
    for (const id of [1, 2]) trades.push({ time: startMs + 5, trade: restTrade(id, startMs + 5) });
    openOrders = [];
    await listener.until(2, isFill);
    await listener.until(1, isOrder);
    trades.push({ time: startMs + 9, trade: restTrade(3, startMs + 9) });
    await listener.until(3, isFill);

    server.refusesStreams = false;
    await listener.until(2, isConnected);
    const told = listener.told.map((event) => {
      if (event.kind === 'fill') return `fill ${event.fill.tradeId} of ${event.fill.clientOrderId}`;
      if (event.kind === 'order') return `${event.report.clientOrderId} ${event.report.status}`;
      return event.kind;
    });
    expect(told).toEqual([
      'connected',
      `fill 1 of ${stopId}`,
      `fill 2 of ${stopId}`,
      `${stopId} filled`,
      `fill 3 of ${stopId}`,
      'connected',
    ]);
  });

  it('goes on when the exchange cannot be asked either', async () => {
    await open();
    server.refusesStreams = true;
    void exchange.watchAccount(listener.onEvent, stop.signal);
    while (server.requestsTo('GET /api/v3/time').length < 3) await new Promise(setImmediate);
    server.refusesStreams = false;
    await listener.until(1, isConnected);
  });
});
