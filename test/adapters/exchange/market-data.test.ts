import { UserError } from '../../../domain/errors';
import { createExchange } from '../../../adapters/exchange/exchange';
import type { ExchangeOptions } from '../../../adapters/exchange/options';
import type { ExchangePort } from '../../../adapters/exchange/port';
import { API_KEY, openExchange, ScriptedExchange, SECRET } from './scripted-exchange';

const MINUTE_MS = 60_000;
const NOW_MS = Date.UTC(2024, 0, 2, 3, 4, 30);
/** The newest minute that is closed at `NOW_MS`. */
const LAST_OPEN_MS = Date.UTC(2024, 0, 2, 3, 3);

let server: ScriptedExchange;
let exchange: ExchangePort;

const open = async (options: Partial<ExchangeOptions> = {}): Promise<void> => {
  exchange = await openExchange(server, options);
};

beforeEach(async () => {
  server = await ScriptedExchange.start();
  server.on('GET /api/v3/time', { body: { serverTime: NOW_MS } });
});
afterEach(async () => {
  await exchange.close();
  await server.stop();
});

it('tells the best levels of a book, and the last trades with the side that took', async () => {
  server.on('GET /api/v3/depth', {
    body: {
      lastUpdateId: 1,
      bids: [
        ['99.9', '1'],
        ['99.8', '2'],
      ],
      asks: [
        ['100.1', '3'],
        ['100.2', '4'],
      ],
    },
  });
  const trade = { a: 1, p: '100.1', q: '0.5', f: 1, l: 1, T: NOW_MS, M: true };
  server.on('GET /api/v3/aggTrades', {
    body: [
      { ...trade, m: true },
      { ...trade, m: false },
    ],
  });
  await open();
  expect(await exchange.book('BTC/USDT', 1)).toEqual({
    symbol: 'BTC/USDT',
    bids: [{ price: '99.9', quantity: '1' }],
    asks: [{ price: '100.1', quantity: '3' }],
  });
  const told = { price: '100.1', quantity: '0.5', marketTimeMs: NOW_MS };
  expect(await exchange.trades('BTC/USDT', 2)).toEqual([
    { ...told, side: 'sell' },
    { ...told, side: 'buy' },
  ]);
});

describe('bars', () => {
  const kline = (openMs: number): unknown[] => [
    openMs,
    '42000.10000000',
    '42010.00000000',
    '41990.00000000',
    '42005.50000000',
    '12.34500000',
    openMs + MINUTE_MS - 1,
    '518500.00',
    100,
    '6.1',
    '256000.0',
    '0',
  ];
  /** As Binance: the newest `limit` bars that open at or before `endTime`, the one in progress included. */
  const serveKlines = (): void => {
    server.on('GET /api/v3/klines', ({ params }) => {
      const endMs = Math.min(Number(params.get('endTime')), NOW_MS);
      const newest = Math.floor(endMs / MINUTE_MS) * MINUTE_MS;
      const limit = Number(params.get('limit'));
      return {
        body: Array.from({ length: limit }, (_, index) => kline(newest - (limit - 1 - index) * MINUTE_MS)),
      };
    });
  };
  beforeEach(() => {
    serveKlines();
    return open();
  });

  it('are closed ones only, oldest first', async () => {
    const bars = await exchange.bars({ symbol: 'BTC/USDT', timeframe: '1m', limit: 3 });
    expect(bars.map(({ openTimeMs }) => (openTimeMs - LAST_OPEN_MS) / MINUTE_MS)).toEqual([-2, -1, 0]);
    expect(bars[0]).toEqual({
      openTimeMs: LAST_OPEN_MS - 2 * MINUTE_MS,
      open: 42_000.1,
      high: 42_010,
      low: 41_990,
      close: 42_005.5,
      volume: 12.345,
    });
  });

  it('end at the asked time, or now, whichever is earlier', async () => {
    const untilMs = LAST_OPEN_MS - 10 * MINUTE_MS;
    const [past] = await exchange.bars({ symbol: 'BTC/USDT', timeframe: '1m', limit: 1, untilMs });
    const [future] = await exchange.bars({
      symbol: 'BTC/USDT',
      timeframe: '1m',
      limit: 1,
      untilMs: NOW_MS * 2,
    });
    expect(past?.openTimeMs).toBe(untilMs - MINUTE_MS);
    expect(future?.openTimeMs).toBe(LAST_OPEN_MS);
  });

  it('are fetched in pages', async () => {
    const bars = await exchange.bars({ symbol: 'BTC/USDT', timeframe: '1m', limit: 2_500 });
    const expected = Array.from({ length: 2_500 }, (_, index) => LAST_OPEN_MS - (2_499 - index) * MINUTE_MS);
    expect(bars.map(({ openTimeMs }) => openTimeMs)).toEqual(expected);
  });
});

describe('instruments', () => {
  const info = (symbol: string, baseAsset: string, notionalFilter: object): object => ({
    symbol,
    baseAsset,
    quoteAsset: 'USDT',
    filters: [
      {
        filterType: 'PRICE_FILTER',
        minPrice: '0.01000000',
        maxPrice: '1000000.00000000',
        tickSize: '0.01000000',
      },
      { filterType: 'LOT_SIZE', minQty: '0.00001000', maxQty: '9000.00000000', stepSize: '0.00001000' },
      { filterType: 'ICEBERG_PARTS', limit: 10 },
      notionalFilter,
    ],
  });
  const expected = {
    symbol: 'BTC/USDT',
    base: 'BTC',
    quote: 'USDT',
    tickSize: '0.01',
    stepSize: '0.00001',
    minQuantity: '0.00001',
    minNotional: '5',
  };
  beforeEach(() => {
    const symbols = [
      info('ETHUSDT', 'ETH', { filterType: 'MIN_NOTIONAL', minNotional: '10.00000000' }),
      info('BTCUSDT', 'BTC', {
        filterType: 'NOTIONAL',
        minNotional: '5.00000000',
        maxNotional: '9000000.00000000',
      }),
    ];
    server.on('GET /api/v3/exchangeInfo', { body: { timezone: 'UTC', symbols } });
  });

  it("carry the exchange's steps and the account's fees, in the asked order", async () => {
    await open();
    server.on('GET /sapi/v1/asset/tradeFee', ({ params }) => ({
      body: [{ symbol: params.get('symbol'), makerCommission: '0.00075', takerCommission: '0.001' }],
    }));
    const [btc, eth] = await exchange.instruments(['BTC/USDT', 'ETH/USDT']);
    expect(btc).toEqual({ ...expected, makerFee: '0.00075', takerFee: '0.001' });
    expect(eth).toMatchObject({ symbol: 'ETH/USDT', minNotional: '10' });
    expect(server.requestsTo('GET /api/v3/exchangeInfo')[0]?.params.get('symbols')).toBe(
      '["BTCUSDT","ETHUSDT"]',
    );
  });

  it("carry the venue's public fees without a key", async () => {
    await open({ apiKey: undefined, secret: undefined });
    expect(await exchange.instruments(['BTC/USDT'])).toEqual([
      { ...expected, makerFee: '0.001', takerFee: '0.001' },
    ]);
  });

  it("carry the account's general fees on the testnet, which has no wallet to ask", async () => {
    await open({ sandbox: true });
    server.on('GET /api/v3/account', {
      body: { canTrade: true, commissionRates: { maker: '0.0002', taker: '0.0004' }, balances: [] },
    });
    expect(await exchange.instruments(['BTC/USDT'])).toEqual([
      { ...expected, makerFee: '0.0002', takerFee: '0.0004' },
    ]);
    expect(await exchange.keyRights()).toEqual({ canTrade: true, canWithdraw: false });
  });

  it('refuse what is no symbol', async () => {
    await open();
    await expect(exchange.instruments(['BTCUSDT'])).rejects.toThrow('Write it like BTC/USDT');
  });
});

describe('account', () => {
  it('tells balances that are not empty, exactly', async () => {
    await open();
    server.on('GET /api/v3/account', {
      body: {
        canTrade: true,
        commissionRates: { maker: '0.001', taker: '0.001' },
        balances: [
          { asset: 'BTC', free: '0.10000001', locked: '0.00000000' },
          { asset: 'ETH', free: '0.00000000', locked: '0.00000000' },
          { asset: 'USDT', free: '0.00000000', locked: '12345678901234567.12345678' },
        ],
      },
    });
    expect(await exchange.balances()).toEqual([
      { asset: 'BTC', free: '0.10000001', locked: '0' },
      { asset: 'USDT', free: '0', locked: '12345678901234567.12345678' },
    ]);
  });

  it('tells what the key may do', async () => {
    await open();
    server.on('GET /sapi/v1/account/apiRestrictions', {
      body: {
        ipRestrict: false,
        enableReading: true,
        enableSpotAndMarginTrading: true,
        enableWithdrawals: false,
      },
    });
    expect(await exchange.keyRights()).toEqual({ canTrade: true, canWithdraw: false });
  });

  it('quotes', async () => {
    await open();
    server.on('GET /api/v3/ticker/24hr', ({ params }) => ({
      body: {
        symbol: params.get('symbol'),
        bidPrice: '1.10',
        askPrice: '1.20',
        lastPrice: '1.15',
        volume: '7',
      },
    }));
    expect(await exchange.quotes(['BTC/USDT', 'ETH/USDT'])).toEqual([
      { symbol: 'BTC/USDT', bid: '1.1', ask: '1.2', last: '1.15' },
      { symbol: 'ETH/USDT', bid: '1.1', ask: '1.2', last: '1.15' },
    ]);
  });
});

describe('clocks', () => {
  it("is the exchange's server time on a real one", async () => {
    await open();
    const before = Date.now();
    const reading = await exchange.clock();
    expect(reading).toMatchObject({ marketTimeMs: NOW_MS, speed: 1, session: 'live', state: 'running' });
    expect(reading.wallTimeMs).toBeGreaterThanOrEqual(before);
    expect(Math.abs(NOW_MS - Date.now() - (await exchange.clockSkewMs()))).toBeLessThan(60_000);
  });

  it("is the emulator's market clock on the emulator", async () => {
    await open({ clock: 'emulator' });
    server.on('GET /emulator/clock', {
      body: {
        marketTimeMs: 1_700_000_000_000.5,
        wallTimeMs: 1_800_000_000_000,
        speed: 60,
        sessionId: 's-1',
        state: 'paused',
        mode: 'replay',
        description: 'recorded bars',
      },
    });
    expect(await exchange.clock()).toEqual({
      marketTimeMs: 1_700_000_000_000.5,
      wallTimeMs: 1_800_000_000_000,
      speed: 60,
      session: 's-1',
      state: 'paused',
    });
  });

  it('names the address when the emulator does not answer as one', async () => {
    await open({ clock: 'emulator' });
    await expect(exchange.clock()).rejects.toThrow(`${server.restUrl}/emulator/clock`);
  });
});

describe('options', () => {
  const valid: ExchangeOptions = {
    venue: 'binance',
    apiKey: API_KEY,
    secret: SECRET,
    clock: 'wall',
    requestTimeoutMs: 5_000,
    recvWindowMs: 5_000,
  };
  beforeEach(() => open());

  it.each<[string, Partial<ExchangeOptions>]>([
    ['recvWindowMs', { recvWindowMs: 5_001 }],
    ['requestTimeoutMs', { requestTimeoutMs: 0 }],
    ['wsUrl', { restUrl: 'http://127.0.0.1:1' }],
    ['restUrl', { clock: 'emulator' }],
    ['wsUrl', { restUrl: 'http://127.0.0.1:1', wsUrl: 'http://127.0.0.1:1' }],
  ])('names the option at fault: %s', async (name, fault) => {
    const refusal: unknown = await createExchange({ ...valid, ...fault }).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(UserError);
    expect(String(refusal)).toContain(name);
    expect(String(refusal)).not.toContain(SECRET);
  });
});
