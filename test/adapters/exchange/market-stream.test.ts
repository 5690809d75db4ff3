import { setTimeout as wait } from 'node:timers/promises';
import type { ExchangeOptions } from '../../../adapters/exchange/options';
import type {
  AccountEvent,
  ExchangePort,
  MarketEvent,
  MarketWatchRequest,
} from '../../../adapters/exchange/port';
import { inShort, Listener } from './listener';
import { executionReport, openExchange, ScriptedExchange } from './scripted-exchange';

const BTC = 'BTC/USDT';
const MINUTE_MS = 60_000;
const START_MS = Date.UTC(2025, 0, 1);
const BOTH: MarketWatchRequest = { bars: [{ symbol: BTC, timeframe: '1m' }], trades: [BTC] };
const QUICK = { staleAfterMs: 60_000, minBackoffMs: 5, maxBackoffMs: 20, healthyAfterMs: 60_000 };
/** As ccxt's default in the adapter. */
const MAX_UNREAD = 10_000;

const klineEvent = (minute: number, kline: object = {}): object => ({
  ...{ e: 'kline', E: START_MS, s: 'BTCUSDT' },
  k: {
    ...{
      t: START_MS + minute * MINUTE_MS,
      T: START_MS + (minute + 1) * MINUTE_MS - 1,
      s: 'BTCUSDT',
      i: '1m',
    },
    ...{ f: 100, L: 200, o: '1.50', c: '2.50', h: '3.00', l: '1.00', v: '1000.25', n: 100, x: true },
    ...{ q: '1.0000', V: '500', Q: '0.500', B: '123456' },
    ...kline,
  },
});

const tradeEvent = (id: number, trade: object = {}): object => ({
  ...{ e: 'aggTrade', E: START_MS, s: 'BTCUSDT', a: id, p: '2.25', q: '100', f: id, l: id },
  ...{ T: START_MS + id, m: true, M: true, ...trade },
});

const BTC_RULES = {
  ...{ symbol: 'BTCUSDT', status: 'TRADING', baseAsset: 'BTC', quoteAsset: 'USDT', filters: [] },
};

let server: ScriptedExchange;
let exchange: ExchangePort;
let stop: AbortController;
let listener: Listener<MarketEvent>;
let warned: Record<string, unknown>[];
let watching: Promise<void>;

async function open(options: Partial<ExchangeOptions> = {}): Promise<void> {
  const logger = {
    info: () => undefined,
    warn: (fields: object) => void warned.push({ ...fields }),
  };
  exchange = await openExchange(server, { stream: QUICK, logger, ...options });
}

/** Listens; `onEvent` is told each event after it has been noted. */
function watch(onEvent?: (event: MarketEvent) => void | Promise<void>, request = BOTH): void {
  watching = exchange.watchMarket(
    request,
    async (event) => {
      await listener.onEvent(event);
      await onEvent?.(event);
    },
    stop.signal,
  );
  watching.catch(() => undefined);
}

const heard = (): readonly string[] => inShort(listener.told, START_MS);

beforeEach(async () => {
  server = await ScriptedExchange.start();
  server.on('GET /api/v3/exchangeInfo', { body: { symbols: [BTC_RULES] } });
  stop = new AbortController();
  listener = new Listener();
  warned = [];
  watching = Promise.resolve();
});
afterEach(async () => {
  stop.abort();
  await watching.catch(() => undefined);
  await exchange.close();
  await server.stop();
});

describe('market news', () => {
  it('is what the exchange documents, in the words of the port', async () => {
    await open();
    watch();
    await listener.untilKind('connected', 1);
    expect(server.topics).toEqual([['btcusdt@kline_1m', 'btcusdt@aggTrade']]);
    server.tell(klineEvent(0, { x: false, c: '2.00' }));
    server.tell(klineEvent(0));
    server.tell(klineEvent(0, { i: '5m' }));
    server.tell({ ...tradeEvent(1), s: 'ETHUSDT' });
    server.tell(tradeEvent(2));
    server.tell({ e: 'serverShutdown', E: START_MS });
    server.tell(klineEvent(1));
    await listener.untilKind('bar', 2);
    expect(listener.told).toEqual([
      { kind: 'connected' },
      {
        ...{ kind: 'bar', symbol: BTC, timeframe: '1m' },
        bar: { openTimeMs: START_MS, open: 1.5, high: 3, low: 1, close: 2.5, volume: 1000.25 },
      },
      { kind: 'trade', symbol: BTC, price: 2.25, marketTimeMs: START_MS + 2 },
      expect.objectContaining({ kind: 'bar' }),
    ]);
  });

  it("is not mistaken for the account's, nor the account's for the market's", async () => {
    await open();
    const account = new Listener<AccountEvent>();
    const hearing = exchange.watchAccount(account.onEvent, stop.signal);
    watch();
    await Promise.all([account.untilKind('connected', 1), listener.untilKind('connected', 1)]);
    // Both websockets bring all of it. What is read from each is what its subscription is for.
    server.tell({ ...tradeEvent(1), subscriptionId: 0, event: executionReport() });
    await Promise.all([account.untilKind('order', 1), listener.untilKind('trade', 1)]);
    expect([account.kinds, listener.kinds]).toEqual([
      ['connected', 'order'],
      ['connected', 'trade'],
    ]);
    stop.abort();
    await hearing;
  });

  it('waits for no timer between the socket and the listener', async () => {
    await open();
    watch();
    await listener.untilKind('connected', 1);
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] });
    try {
      server.tell(klineEvent(0));
      server.tell(tradeEvent(1));
      await listener.untilKind('trade', 1);
    } finally {
      jest.useRealTimers();
    }
    expect(heard()).toEqual(['connected', '1m 0', 'trade']);
  });

  it('repeats no bar over a new connection, and follows a market that was set back', async () => {
    await open();
    watch();
    await listener.untilKind('connected', 1);
    server.tell(klineEvent(7));
    await listener.untilKind('bar', 1);
    server.dropStreams();
    await listener.untilKind('connected', 2);
    for (const minute of [7, 9]) server.tell(klineEvent(minute));
    await listener.untilKind('bar', 2);
    server.dropStreams();
    await listener.untilKind('connected', 3);
    for (const minute of [0, 1, 0, 3]) server.tell(klineEvent(minute));
    await listener.untilKind('bar', 5);
    expect(heard()).toEqual([
      ...['connected', '1m 7', 'connected', '1m 9'],
      ...['connected', '1m 0', '1m 1', 'gap 2 to 3', '1m 3'],
    ]);
  });

  it('starts over beyond what a listener who has stalled may leave unread', async () => {
    await open();
    let release: () => void = () => undefined;
    const stalled = new Promise<void>((resolve) => (release = resolve));
    watch(() => stalled);
    await listener.untilKind('connected', 1);
    for (let id = 0; id <= MAX_UNREAD + 50; id += 1) server.tell(tradeEvent(id));
    // The connection is given up at once, not only when the listener comes back.
    while (server.openStreams > 0) await wait(5);
    release();
    await listener.untilKind('connected', 2);
    expect(heard().indexOf('connected', 1)).toBe(MAX_UNREAD + 1);
    server.tell(klineEvent(0));
    await listener.untilKind('bar', 1);
  });

  it('starts over rather than skip what it cannot read, and says what that was', async () => {
    await open();
    watch();
    await listener.untilKind('connected', 1);
    server.tell(klineEvent(0, { c: 'much' }));
    await listener.untilKind('connected', 2);
    server.tell(tradeEvent(1, { T: undefined }));
    await listener.untilKind('connected', 3);
    expect(warned).toMatchObject([
      { failures: 1, errorClass: 'MalformedAnswer', reason: expect.stringContaining('k.c: ') as string },
      { failures: 2, errorClass: 'MalformedAnswer', reason: expect.stringContaining('T: ') as string },
    ]);
  });

  it('takes a connection that answers no pings for dead', async () => {
    await server.stop();
    server = await ScriptedExchange.start({ answersPings: false });
    server.on('GET /api/v3/exchangeInfo', { body: { symbols: [BTC_RULES] } });
    await open({ stream: { ...QUICK, staleAfterMs: 100 } });
    watch();
    await listener.untilKind('connected', 3);
  });
});

describe('a watch ends with an error', () => {
  const refusal = (code: number, msg: string): { status: number; body: object } => ({
    status: 400,
    body: { code, msg },
  });

  it('for a pair that the exchange does not list, by its name', async () => {
    await open();
    server.on('GET /api/v3/exchangeInfo', ({ params }) =>
      params.get('symbols')?.includes('FOOBAR') === true
        ? refusal(-1121, 'Invalid symbol.')
        : { body: { symbols: [BTC_RULES] } },
    );
    watch(undefined, { bars: BOTH.bars, trades: [BTC, 'FOO/BAR'] });
    await expect(watching).rejects.toMatchObject({
      name: 'ExchangeFailure',
      kind: 'rejected',
      message: 'The exchange does not list FOO/BAR: there is nothing to listen to.',
      detail: { errorClass: 'BadSymbol' },
    });
    expect(server.topics).toEqual([]);
  });

  it('for a topic that the exchange refuses', async () => {
    await open();
    server.marketAnswer = { error: { code: 2, msg: 'Invalid request: unknown topic' } };
    watch();
    await expect(watching).rejects.toMatchObject({
      name: 'ExchangeFailure',
      kind: 'rejected',
      message: expect.stringMatching(/refuses to stream btcusdt@kline_1m, .*unknown topic/) as string,
    });
  });

  it.each<[string, MarketWatchRequest, string]>([
    ['for nothing to listen to', { bars: [], trades: [] }, 'Neither bars nor trades'],
    ['for what is no symbol', { bars: [], trades: ['BTCUSDT'] }, '"BTCUSDT" is not a symbol'],
  ])('%s', async (_, request, message) => {
    await open();
    watch(undefined, request);
    await expect(watching).rejects.toThrow(message);
  });

  it("for the listener's own", async () => {
    await open();
    watch(() => {
      throw new Error('the lane is broken');
    });
    await expect(watching).rejects.toThrow('the lane is broken');
    while (server.openStreams > 0) await wait(5);
  });

  it('for none that passes', async () => {
    await open();
    server.on('GET /api/v3/exchangeInfo', { status: 500, body: 'oops' });
    server.refusesStreams = true;
    watch();
    while (warned.length < 2) await wait(5);
    server.on('GET /api/v3/exchangeInfo', { body: { symbols: [BTC_RULES] } });
    while (warned.length < 4) await wait(5);
    server.refusesStreams = false;
    await listener.untilKind('connected', 1);
  });
});

describe('abort', () => {
  const timers = (): number =>
    process.getActiveResourcesInfo().filter((resource) => /Timeout|Immediate/.test(resource)).length;

  it.each([
    ['while connecting', (): void => void (server.marketAnswer = undefined)],
    ['between attempts', (): void => void (server.refusesStreams = true)],
    ['while it listens', (): void => undefined],
  ])('%s ends the watch, its socket and its timers', async (_, arrange) => {
    await open({
      stream: { ...QUICK, minBackoffMs: 60_000, maxBackoffMs: 60_000 },
      requestTimeoutMs: 60_000,
    });
    const before = timers();
    arrange();
    watch();
    await wait(100);
    stop.abort();
    await watching;
    expect(timers()).toBeLessThanOrEqual(before);
    while (server.openStreams > 0) await wait(5);
  });

  it('while the pairs are looked up does not wait for the answer', async () => {
    await open({ requestTimeoutMs: 60_000 });
    server.on('GET /api/v3/exchangeInfo', 'hang');
    watch();
    while (server.requestsTo('GET /api/v3/exchangeInfo').length === 0) await wait(5);
    stop.abort();
    await watching;
    expect([listener.told, server.topics]).toEqual([[], []]);
  });

  it('while the listener is at work cuts the connection at once, and resolves when that is done', async () => {
    await open();
    let finish: () => void = () => undefined;
    const work = new Promise<void>((resolve) => (finish = resolve));
    watch((event) => (event.kind === 'bar' ? work : undefined));
    await listener.untilKind('connected', 1);
    for (const minute of [0, 1]) server.tell(klineEvent(minute));
    await listener.untilKind('bar', 1);
    let isOver = false;
    void watching.then(() => (isOver = true));
    stop.abort();
    while (server.openStreams > 0) await wait(5);
    expect(isOver).toBe(false);
    finish();
    await watching;
    expect(heard()).toEqual(['connected', '1m 0']);
  });

  it('is implied by closing the exchange', async () => {
    await open();
    watch();
    await listener.untilKind('connected', 1);
    await exchange.close();
    await watching;
  });
});
