import { createCandleIngest } from '../../activities/candle-ingest';
import type { MarketSource } from '../../emulator/market/source';
import { openReference } from '../../workers/reference';
import { MemoryStore } from '../activities/memory-store';
import { EmulatorWorld } from '../adapters/exchange/emulator-world';
import { SESSION_START_MS, stillMarket } from '../adapters/exchange/still-market';

const MINUTE_MS = 60_000;
const log = { info: () => undefined, warn: () => undefined };

/** The same market, a little dearer. */
const dearer = (factor: number): MarketSource => ({
  ...stillMarket,
  bars: (...asked) =>
    stillMarket.bars(...asked).map(({ openTimeMs, open, high, low, close, volumeLots }) => ({
      ...{ openTimeMs, volumeLots, open: open * factor, high: high * factor },
      ...{ low: low * factor, close: close * factor },
    })),
});

describe('two emulators, of which one is the reference of the other', () => {
  let [traded, other]: [EmulatorWorld?, EmulatorWorld?] = [];
  afterEach(async () => {
    await Promise.all([traded?.close(), other?.close()]);
  });

  it.each([
    { factor: 1.01, maxDivergence: 0.02, isDoubted: false },
    { factor: 1.01, maxDivergence: 0.005, isDoubted: true },
  ])('at $factor and a limit of $maxDivergence', async ({ factor, maxDivergence, isDoubted }) => {
    [traded, other] = await Promise.all([EmulatorWorld.start(), EmulatorWorld.start(dearer(factor))]);
    const exchange = await traded.open();
    const reference = { venue: 'binance', restUrl: other.emulator.url, pairs: {}, maxDivergence };
    const opened = await openReference(
      { market: { reference }, exchange: { requestTimeoutMs: 10_000 } },
      { nowMs: async () => (await exchange.clock()).marketTimeMs },
      log,
    );
    if (opened === undefined) throw new Error('No reference was opened.');
    const closeMs = Math.floor(SESSION_START_MS / MINUTE_MS) * MINUTE_MS;
    const market = { symbol: 'BTC/USDT', timeframe: '1m' } as const;
    // The venue's list of markets is read at the first request, which may take longer than a cycle waits.
    const told = async (): Promise<number> => (await opened.reference.bars(market, closeMs)).length;
    for (let tries = 0; tries < 10 && (await told()) === 0; tries += 1);
    const ingest = createCandleIngest(exchange, new MemoryStore(), opened.reference);
    const { doubts } = await ingest({ venue: 'binance', session: 's1', ...market }, closeMs, 50);
    const found = doubts.find(({ code }) => code === 'data-divergence');
    expect(found?.text).toBe(
      isDoubted ? 'the close of 2024-01-02 03:03 is 60000 here and 60600 at binance' : undefined,
    );
    await opened.close();
  });
});

it('is none unless it is configured', async () => {
  const config = { market: {}, exchange: { requestTimeoutMs: 1_000 } };
  expect(await openReference(config, { nowMs: () => Promise.resolve(0) }, log)).toBeUndefined();
});

it('is refused when ccxt does not have it', async () => {
  const reference = { venue: 'nowhere', pairs: {}, maxDivergence: 0.02 };
  const config = { market: { reference }, exchange: { requestTimeoutMs: 1_000 } };
  const opening = openReference(config, { nowMs: () => Promise.resolve(0) }, log);
  await expect(opening).rejects.toThrow('ccxt knows no venue "nowhere"');
});
