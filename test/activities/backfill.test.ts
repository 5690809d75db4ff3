import { MockActivityEnvironment } from '@temporalio/testing';
import { createBackfillActivities, type BackfillPagesResult } from '../../activities/backfill';
import { BarSourceError } from '../../adapters/exchange/bar-source';
import { createBench, START_MS, type Bench } from './bench';

const MINUTE_MS = 60_000;
const SERIES = 'fake BTC/USDT 1m';
const FROM_MS = START_MS - 95 * MINUTE_MS;

describe('downloading pages', () => {
  let bench: Bench;
  let environment: MockActivityEnvironment;
  beforeEach(() => {
    bench = createBench();
    environment = new MockActivityEnvironment();
  });

  const run = (
    change: { fromMs?: number; toMs?: number; maxPages?: number } = {},
  ): Promise<BackfillPagesResult> => {
    const { backfillPages } = createBackfillActivities(bench.deps);
    const input = { source: 'fake', symbol: 'BTC/USDT', timeframe: '1m', fromMs: FROM_MS } as const;
    return environment.run(backfillPages, { ...input, toMs: START_MS, maxPages: 100, ...change });
  };
  const stored = (): number[] => [...(bench.history.rows.get(SERIES)?.keys() ?? [])];

  it('writes everything up to the end, once', async () => {
    expect(await run()).toEqual({
      ...{ nextMs: START_MS, done: true, pages: 10, bars: 95, inserted: 95, changed: 0, firstMs: FROM_MS },
    });
    expect(stored()).toEqual(Array.from({ length: 95 }, (_, index) => FROM_MS + index * MINUTE_MS));
    expect(await run()).toMatchObject({ done: true, bars: 95, inserted: 0, changed: 0 });
  });

  it('comes back after some pages, to go on from there', async () => {
    expect(await run({ maxPages: 3 })).toMatchObject({
      done: false,
      pages: 3,
      nextMs: FROM_MS + 30 * MINUTE_MS,
    });
    await run({ fromMs: FROM_MS + 30 * MINUTE_MS });
    expect(stored()).toHaveLength(95);
  });

  it('never asks for what has not closed yet', async () => {
    const result = await run({ toMs: START_MS + 60 * MINUTE_MS });
    expect(result).toMatchObject({ done: true, nextMs: START_MS });
    expect(stored().at(-1)).toBe(START_MS - MINUTE_MS);
    bench.time.nowMs += MINUTE_MS - 1;
    expect(await run({ fromMs: START_MS, toMs: START_MS + 60 * MINUTE_MS })).toMatchObject({
      done: true,
      pages: 0,
    });
  });

  it('passes over the time before a market was listed', async () => {
    bench.bars.listedMs = FROM_MS + 42 * MINUTE_MS;
    expect(await run()).toMatchObject({ done: true, bars: 53, firstMs: bench.bars.listedMs });
  });

  it('keeps what it has when the venue fails, and may be repeated', async () => {
    await run({ maxPages: 2 });
    bench.bars.failures.push(new BarSourceError('fake: busy', false));
    await expect(run()).rejects.toThrow('fake: busy');
    expect(stored()).toHaveLength(20);
    expect(await run()).toMatchObject({ done: true, bars: 95, inserted: 75 });
  });

  it('tells for good what no repetition helps', async () => {
    bench.bars.failures.push(new BarSourceError('fake: no such symbol', true));
    await expect(run()).rejects.toMatchObject({ message: 'fake: no such symbol', nonRetryable: true });
  });

  it('stops between two pages when it is cancelled', async () => {
    bench.bars.pageBars = 1;
    const page = bench.bars.page.bind(bench.bars);
    bench.bars.page = (request) => {
      if (bench.bars.asked.length === 4) environment.cancel();
      return page(request);
    };
    await expect(run()).rejects.toThrow('cancelled');
    expect(stored()).toHaveLength(5);
  });
});
