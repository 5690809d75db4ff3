import { setImmediate as settled } from 'node:timers/promises';
import { createCandleIngest } from '../../activities/candle-ingest';
import { createReference, type Reference } from '../../activities/reference';
import type { BarPage } from '../../adapters/exchange/bar-source';
import type { Bar } from '../../domain/bar';
import { MemoryStore } from './memory-store';

const MINUTE_MS = 60_000;
const START_MS = 1_767_225_600_000;
const market = { symbol: 'BTC/USDT', timeframe: '1m' } as const;
const PATIENCE_MS = 20;

const closeOf = (index: number): number => START_MS + (index + 1) * MINUTE_MS;
const bar = (index: number, change: Partial<Bar> = {}): Bar => ({
  ...{ openTimeMs: START_MS + index * MINUTE_MS, open: 100, high: 101, low: 99, close: 100, volume: 1 },
  ...change,
});
const page = (...bars: readonly Bar[]): BarPage => ({ bars, nextMs: 0 });

describe('another venue', () => {
  /** What each request is answered, in turn. */
  let answers: (() => Promise<BarPage>)[];
  let asked: { readonly symbol: string; readonly fromMs: number; readonly toMs: number }[];
  let lines: string[];
  let reference: Reference;
  beforeEach(() => {
    [answers, asked, lines] = [[], [], []];
    const note = ({ problem }: Readonly<Record<string, unknown>>, line: string): void => {
      lines.push(typeof problem === 'string' ? `${line}: ${problem}` : line);
    };
    reference = createReference({
      source: {
        venue: 'kraken',
        page: (request) => {
          asked.push(request);
          return answers.shift()?.() ?? Promise.resolve(page());
        },
      },
      ...{ maxDivergence: 0.02, pairs: { 'BTC/USDT': 'BTC/USD' }, log: { info: note, warn: note } },
      patienceMs: PATIENCE_MS,
    });
  });

  const openTimes = async (index: number): Promise<readonly number[]> =>
    (await reference.bars(market, closeOf(index))).map(
      ({ openTimeMs }) => (openTimeMs - START_MS) / MINUTE_MS,
    );

  it('is asked once for the newest bars, by its own name of the pair', async () => {
    answers.push(() => Promise.resolve(page(bar(3), bar(4), bar(5))));
    const both = await Promise.all([openTimes(5), openTimes(5)]);
    expect(await openTimes(5)).toEqual([3, 4, 5]);
    expect(both).toEqual([
      [3, 4, 5],
      [3, 4, 5],
    ]);
    expect(asked).toEqual([{ symbol: 'BTC/USD', timeframe: '1m', fromMs: closeOf(2), toMs: closeOf(5) }]);
    expect(lines).toEqual([]);
  });

  it('that is late is not waited for, nor asked again, and is heard at the next bar', async () => {
    const slow = Promise.withResolvers<BarPage>();
    answers.push(() => slow.promise);
    expect(await openTimes(5)).toEqual([]);
    expect(await openTimes(6)).toEqual([]);
    expect(asked).toHaveLength(1);
    slow.resolve(page(bar(4), bar(5)));
    await settled();
    answers.push(() => Promise.reject(new Error('away')));
    expect(await openTimes(6)).toEqual([4, 5]);
    expect(asked).toHaveLength(2);
    expect(lines).toEqual([
      `BTC/USDT 1m is not held against kraken at the moment: no answer within ${PATIENCE_MS} ms`,
    ]);
  });

  it('that fails is missing; it says so once, and once that it is back', async () => {
    const away = (): Promise<never> => Promise.reject(new Error('away'));
    answers.push(away, away, () => Promise.resolve(page(bar(7))));
    expect([await openTimes(5), await openTimes(6), await openTimes(7)]).toEqual([[], [], [7]]);
    expect(lines).toEqual([
      'BTC/USDT 1m is not held against kraken at the moment: away',
      'kraken tells BTC/USDT 1m again',
    ]);
  });

  it('contradicts nobody by a bar without a trade, or one that cannot be', async () => {
    answers.push(() => Promise.resolve(page(bar(3), bar(4, { high: 1 }), bar(5, { volume: 0 }))));
    expect(await openTimes(5)).toEqual([3]);
    expect(lines).toHaveLength(1);
  });

  describe('held against live candles', () => {
    const key = { venue: 'binance', session: 's1', ...market };
    /** Codes of the doubts about the bars up to one. */
    const doubts = async (ingest: ReturnType<typeof createCandleIngest>, index: number) =>
      (await ingest(key, closeOf(index), 50)).doubts.map(({ code }) => code);
    /** Prices that move a little, as those of a market do. */
    const wave = (index: number): Bar => bar(index, { close: 100 + (Math.abs(index) % 2) / 10 });
    const start = (): ReturnType<typeof createCandleIngest> =>
      createCandleIngest(
        {
          bars: ({ limit, untilMs = 0 }) => {
            const newest = (untilMs - START_MS) / MINUTE_MS - 1;
            return Promise.resolve(Array.from({ length: limit }, (_, at) => wave(newest - limit + 1 + at)));
          },
        },
        new MemoryStore(),
        reference,
      );

    it('doubts them as long as a wrong price is among the newest', async () => {
      answers.push(
        () => Promise.resolve(page(wave(3), wave(4), bar(5, { high: 110, close: 105 }))),
        () => Promise.resolve(page(wave(4), bar(5, { high: 110, close: 105 }), wave(6))),
        () => Promise.resolve(page(wave(6), wave(7), wave(8))),
      );
      const ingest = start();
      expect(await doubts(ingest, 5)).toEqual(['data-divergence']);
      expect(await doubts(ingest, 6)).toEqual(['data-divergence']);
      expect(await doubts(ingest, 8)).toEqual([]);
    });

    it('never vetoes by silence, whatever it is due to', async () => {
      answers.push(() => new Promise(() => undefined));
      expect(await doubts(start(), 5)).toEqual([]);
      expect(await doubts(start(), 6)).toEqual([]);
    });
  });
});
