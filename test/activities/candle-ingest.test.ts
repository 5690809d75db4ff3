import type { Bar } from '../../domain/bar';
import { createCandleIngest, type CandleIngest } from '../../activities/candle-ingest';
import { MemoryStore } from './memory-store';

const MINUTE_MS = 60_000;
const START_MS = 1_767_225_600_000;
const key = { venue: 'binance', session: 's1', symbol: 'BTC/USDT', timeframe: '1m' } as const;
const LOOKBACK = 50;

const bar = (openTimeMs: number): Bar => ({ openTimeMs, open: 1, high: 2, low: 0.5, close: 1, volume: 1 });
const closeOf = (index: number): number => START_MS + index * MINUTE_MS;

describe('bringing candles up to date', () => {
  let store: MemoryStore;
  let asked: { readonly limit: number; readonly untilMs?: number }[];
  let reads: number;
  /** Bars that the exchange does not tell, by open time. */
  let missing: Set<number>;
  let failure: Error | undefined;
  let ingest: CandleIngest;

  const start = (): CandleIngest =>
    createCandleIngest(
      {
        bars: (request) => {
          asked.push(request);
          if (failure !== undefined) return Promise.reject(failure);
          const untilMs = request.untilMs ?? START_MS;
          const bars = Array.from({ length: request.limit }, (_, index) =>
            bar(untilMs - (request.limit - index) * MINUTE_MS),
          );
          return Promise.resolve(bars.filter(({ openTimeMs }) => !missing.has(openTimeMs)));
        },
      },
      {
        candles: (...args) => {
          reads += 1;
          return store.candles(...args);
        },
        saveCandles: (...args) => store.saveCandles(...args),
      },
    );

  beforeEach(() => {
    store = new MemoryStore();
    asked = [];
    reads = 0;
    missing = new Set();
    failure = undefined;
    ingest = start();
  });

  it('asks for the whole lookback first, then for what is new and a little more', async () => {
    expect((await ingest(key, closeOf(1), LOOKBACK)).newest?.openTimeMs).toBe(closeOf(0));
    await ingest(key, closeOf(2), LOOKBACK);
    await ingest(key, closeOf(5), LOOKBACK);
    expect(asked.map(({ limit }) => limit)).toEqual([LOOKBACK, 3, 5]);
    expect(await store.candles(key, closeOf(5), 1_000)).toHaveLength(LOOKBACK + 4);
  });

  it('reads the journal once in the life of a process', async () => {
    await ingest(key, closeOf(1), LOOKBACK);
    await ingest(key, closeOf(2), LOOKBACK);
    expect(reads).toBe(1);
    ingest = start();
    await ingest(key, closeOf(3), LOOKBACK);
    expect(reads).toBe(2);
    expect(asked.at(-1)?.limit).toBe(3);
  });

  it('asks the exchange once for everybody on the same bar', async () => {
    const found = await Promise.all(Array.from({ length: 20 }, () => ingest(key, closeOf(1), LOOKBACK)));
    await ingest(key, closeOf(1), LOOKBACK);
    expect(asked).toHaveLength(1);
    expect(new Set(found.map(({ newest }) => newest?.openTimeMs))).toEqual(new Set([closeOf(0)]));
  });

  it('keeps symbols, timeframes, sessions and longer lookbacks apart', async () => {
    await ingest(key, closeOf(5), LOOKBACK);
    await ingest({ ...key, symbol: 'ETH/USDT' }, closeOf(5), LOOKBACK);
    await ingest({ ...key, timeframe: '5m' }, closeOf(5), LOOKBACK);
    await ingest({ ...key, session: 's2' }, closeOf(5), LOOKBACK);
    await ingest({ ...key, session: 's2' }, closeOf(5), 2 * LOOKBACK);
    expect(asked.map(({ limit }) => limit)).toEqual([LOOKBACK, LOOKBACK, LOOKBACK, LOOKBACK, 2 * LOOKBACK]);
  });

  it('asks again for a bar that was missing', async () => {
    missing.add(closeOf(1));
    await ingest(key, closeOf(1), LOOKBACK);
    expect((await ingest(key, closeOf(2), LOOKBACK)).newest?.openTimeMs).toBe(closeOf(0));
    missing.clear();
    expect((await ingest(key, closeOf(2), LOOKBACK)).newest?.openTimeMs).toBe(closeOf(1));
    expect(await store.candles(key, closeOf(2), 1_000)).toHaveLength(LOOKBACK + 1);
  });

  it('goes on asking for everything where there is less than the lookback', async () => {
    for (let index = 5; index <= LOOKBACK; index += 1) missing.add(closeOf(0) - index * MINUTE_MS);
    await ingest(key, closeOf(1), LOOKBACK);
    await ingest(key, closeOf(2), LOOKBACK);
    expect(asked.map(({ limit }) => limit)).toEqual([LOOKBACK, LOOKBACK]);
  });

  it('tells everybody of a failure, and forgets what it knew', async () => {
    await ingest(key, closeOf(1), LOOKBACK);
    failure = new Error('scripted outage');
    const both = await Promise.allSettled([
      ingest(key, closeOf(2), LOOKBACK),
      ingest(key, closeOf(2), LOOKBACK),
    ]);
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    failure = undefined;
    expect((await ingest(key, closeOf(2), LOOKBACK)).newest?.openTimeMs).toBe(closeOf(1));
    expect(reads).toBe(2);
  });

  it('leaves an older bar to itself', async () => {
    await ingest(key, closeOf(9), LOOKBACK);
    expect((await ingest(key, closeOf(5), LOOKBACK)).newest?.openTimeMs).toBe(closeOf(4));
  });

  it('judges the whole lookback without reading the journal again', async () => {
    expect((await ingest(key, closeOf(60), LOOKBACK)).doubts).toEqual([]);
    for (let index = 61; index <= 66; index += 1) missing.add(closeOf(index - 1));
    const { doubts } = await ingest(key, closeOf(67), LOOKBACK);
    expect(doubts).toMatchObject([{ code: 'data-gap', values: { size: 6 } }]);
    expect(reads).toBe(1);
    ingest = start();
    expect((await ingest(key, closeOf(68), LOOKBACK)).doubts).toMatchObject([{ code: 'data-gap' }]);
  });
});
