import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openBarSource, type BarSource } from '../../../adapters/exchange/bar-source';
import type { ExchangePort } from '../../../adapters/exchange/port';
import { EmulatorWorld } from './emulator-world';
import { SESSION_START_MS } from './still-market';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const SYMBOL = 'BTC/USDT';

describe('past candles of binance, told by the emulator', () => {
  let world: EmulatorWorld;
  let exchange: ExchangePort;
  let source: BarSource;
  beforeAll(async () => {
    world = await EmulatorWorld.start();
    exchange = await world.open();
    source = await openBarSource({
      venue: 'binance',
      restUrl: world.emulator.url,
      requestTimeoutMs: 10_000,
      nowMs: async () => (await exchange.clock()).marketTimeMs,
    });
  });
  afterAll(async () => {
    await source.close();
    await world.close();
  });

  it('are the same bars that live cycles are told', async () => {
    const untilMs = Math.floor(SESSION_START_MS / MINUTE_MS) * MINUTE_MS;
    const fromMs = untilMs - 2 * HOUR_MS;
    const { bars, nextMs } = await source.page({ symbol: SYMBOL, timeframe: '1m', fromMs, toMs: untilMs });
    expect(bars).toEqual(await exchange.bars({ symbol: SYMBOL, timeframe: '1m', limit: 120, untilMs }));
    expect(nextMs).toBeGreaterThanOrEqual(untilMs);
  });

  it('end before the bar that is still open', async () => {
    const nowMs = await source.nowMs();
    const page = { symbol: SYMBOL, timeframe: '5m', fromMs: nowMs - HOUR_MS, toMs: nowMs + HOUR_MS } as const;
    const { bars } = await source.page(page);
    const newest = bars.at(-1)?.openTimeMs ?? NaN;
    expect(newest + 5 * MINUTE_MS).toBeLessThanOrEqual(nowMs);
    expect(newest + 10 * MINUTE_MS).toBeGreaterThan(nowMs);
  });

  it('of a symbol that is not listed fail for good', async () => {
    const page = source.page({ symbol: 'NO/SUCH', timeframe: '1m', fromMs: 0, toMs: 1 });
    await expect(page).rejects.toMatchObject({
      isFinal: true,
      message: expect.stringContaining('NO/SUCH') as string,
    });
  });
});

it('of a server that does not answer are worth another try', async () => {
  const source = await openBarSource({
    ...{
      venue: 'binance',
      restUrl: 'http://127.0.0.1:1',
      requestTimeoutMs: 2_000,
      nowMs: () => Promise.resolve(1e12),
    },
  });
  const page = source.page({ symbol: SYMBOL, timeframe: '1m', fromMs: 0, toMs: 1 });
  await expect(page).rejects.toMatchObject({ isFinal: false });
  await source.close();
});

it('of a venue that ccxt does not have are refused', async () => {
  for (const venue of ['nowhere', '../pro/binance'])
    await expect(openBarSource({ venue, requestTimeoutMs: 1_000 })).rejects.toThrow(
      `ccxt knows no venue "${venue}"`,
    );
});

describe('past candles of another venue', () => {
  const START_S = Date.UTC(2024, 0, 1) / 1_000;
  let server: Server;
  let source: BarSource;
  const asked: string[] = [];
  let answerAfterMs = 0;
  /** Requests that wait for their answer, and the most that have at once. */
  let waiting = 0;
  let busiest = 0;
  /** Kraken's payloads, as far as ccxt reads them. */
  const answers: Readonly<Record<string, unknown>> = {
    '/0/public/Assets': { XXBT: { altname: 'XBT', decimals: 10 }, ZUSD: { altname: 'USD', decimals: 4 } },
    '/0/public/AssetPairs': {
      XXBTZUSD: {
        ...{ altname: 'XBTUSD', wsname: 'XBT/USD', base: 'XXBT', quote: 'ZUSD', status: 'online' },
        ...{ pair_decimals: 1, lot_decimals: 8, ordermin: '0.0001', costmin: '0.5', tick_size: '0.1' },
        ...{ fees: [[0, 0.26]], fees_maker: [[0, 0.16]], leverage_buy: [], leverage_sell: [] },
      },
    },
    '/0/public/Time': { unixtime: START_S + 600 },
    '/0/public/OHLC': {
      XXBTZUSD: Array.from({ length: 10 }, (_, index) => [
        ...[START_S + index * 60, '42000.1', '42010.0', '41990.0', '42005.5', '42000.0', '1.5', 7],
      ]),
      last: START_S + 540,
    },
  };
  beforeAll(async () => {
    server = createServer((request, response) => {
      const path = new URL(request.url ?? '', 'http://x').pathname;
      asked.push(path);
      waiting += 1;
      busiest = Math.max(busiest, waiting);
      setTimeout(() => {
        waiting -= 1;
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify({ error: [], result: answers[path] ?? {} }));
      }, answerAfterMs);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    source = await openBarSource({
      ...{ venue: 'kraken', restUrl: `http://127.0.0.1:${port}`, requestTimeoutMs: 5_000 },
    });
  });
  afterAll(async () => {
    await source.close();
    server.close();
  });

  it('need no more than its name', async () => {
    const fromMs = START_S * 1_000;
    const page = { symbol: 'BTC/USD', timeframe: '1m', fromMs, toMs: fromMs + HOUR_MS } as const;
    const { bars } = await source.page(page);
    expect(bars).toHaveLength(10);
    expect(bars[0]).toEqual({
      ...{ openTimeMs: fromMs, open: 42_000.1, high: 42_010, low: 41_990, close: 42_005.5, volume: 1.5 },
    });
    expect(asked).toContain('/0/public/OHLC');
  });

  it('are asked for at its pace: whoever asks at the same time waits', async () => {
    answerAfterMs = 300;
    busiest = 0;
    await Promise.all([source.nowMs(), source.nowMs()]);
    expect(busiest).toBe(1);
  });
});
