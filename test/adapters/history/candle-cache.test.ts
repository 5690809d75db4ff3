import { readdirSync, readFileSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCandleCache, type CandleCache } from '../../../adapters/history/candle-cache';
import { readColumnFile, writeColumnFile } from '../../../adapters/history/column-file';
import { candleRows } from '../../../adapters/history/rows';
import { candlesKey } from '../../../adapters/history/port';
import { columnsOf, type BarColumns } from '../../../domain/bar-columns';
import { describeCandles } from '../../../domain/series';
import { BTC_1M, createHistoryBench, temporaryFolder, walkBars, type HistoryBench } from './support';

const SERIES = describeCandles(BTC_1M);

describe('the cache of candles', () => {
  let bench: HistoryBench;
  let files: ReturnType<typeof temporaryFolder>;
  let cache: CandleCache;
  let warnings: string[];
  let reads: number;

  beforeAll(async () => {
    bench = await createHistoryBench();
  });
  afterAll(() => bench.close());
  beforeEach(async () => {
    await bench.pool.query('TRUNCATE history_series RESTART IDENTITY CASCADE');
    files = temporaryFolder();
    warnings = [];
    reads = 0;
    cache = open();
  });
  afterEach(() => {
    files.remove();
  });

  const open = (isOffline = false): CandleCache =>
    createCandleCache({
      folder: files.folder,
      store: isOffline
        ? null
        : {
            find: (key) => bench.history.find(key),
            readBars: (key) => {
              reads += 1;
              return bench.history.readBars(key);
            },
          },
      warn: (line) => warnings.push(line),
    });
  const save = (bars: BarColumns) => bench.history.write(candlesKey(BTC_1M), candleRows(bars));
  const path = (): string =>
    join(files.folder, 'binance', readdirSync(join(files.folder, 'binance'))[0] ?? '');

  it('reads the database once, and the file from then on', async () => {
    const bars = columnsOf(walkBars(1_000));
    await save(bars);
    expect(await cache.load(BTC_1M)).toEqual(bars);
    expect(await cache.load(BTC_1M)).toEqual(bars);
    expect(await open().load(BTC_1M)).toEqual(bars);
    expect(reads).toBe(1);
  });

  it('is made anew when the database has changed, and not when it has not', async () => {
    await save(columnsOf(walkBars(10)));
    await cache.load(BTC_1M);
    await save(columnsOf(walkBars(10)));
    await cache.load(BTC_1M);
    expect(reads).toBe(1);
    await save(columnsOf(walkBars(11)));
    expect(await cache.load(BTC_1M)).toEqual(columnsOf(walkBars(11)));
    expect(reads).toBe(2);
  });

  it('of another database with the same revision is not believed', async () => {
    await save(columnsOf(walkBars(10)));
    await cache.load(BTC_1M);
    await bench.pool.query('TRUNCATE history_series RESTART IDENTITY CASCADE');
    await save(columnsOf(walkBars(10, 60_000, 2)));
    expect(await cache.load(BTC_1M)).toEqual(columnsOf(walkBars(10, 60_000, 2)));
  });

  it('has nothing of a series that nobody has', async () => {
    expect(await cache.load(BTC_1M)).toBeUndefined();
    await save(columnsOf(walkBars(10)));
    await cache.load(BTC_1M);
    await bench.pool.query('TRUNCATE history_series RESTART IDENTITY CASCADE');
    expect(await cache.load(BTC_1M)).toBeUndefined();
  });

  it('serves without a database what it has', async () => {
    expect(await open(true).load(BTC_1M)).toBeUndefined();
    await save(columnsOf(walkBars(10)));
    await cache.load(BTC_1M);
    expect(await open(true).load(BTC_1M)).toEqual(columnsOf(walkBars(10)));
  });

  const damage: Readonly<Record<string, (path: string) => void>> = {
    'is cut off': (file) => {
      truncateSync(file, statSync(file).size - 8);
    },
    'is cut off within its head': (file) => {
      truncateSync(file, 10);
    },
    'is empty': (file) => {
      truncateSync(file, 0);
    },
    'has a flipped bit': (file) => {
      flip(file, 400);
    },
    'has a flipped bit in the length of its header': (file) => {
      flip(file, 12);
    },
    'is of another version': (file) => {
      flip(file, 8);
    },
    'is of another kind': (file) => {
      flip(file, 0);
    },
    'is of a machine of another byte order': (file) => {
      flip(file, 20);
    },
    'holds another series': (file) => {
      writeColumnFile(file, 'kraken XRP/USDT 1m', { bars: columnsOf(walkBars(10)), stamp: 'x' });
    },
  };
  const flip = (file: string, at: number): void => {
    const content = readFileSync(file);
    content[at] = (content[at] ?? 0) ^ 1;
    writeFileSync(file, content);
  };

  test.each(Object.entries(damage))('whose file %s says so and is made anew', async (_, harm) => {
    const bars = columnsOf(walkBars(100));
    await save(bars);
    await cache.load(BTC_1M);
    harm(path());
    expect(await cache.load(BTC_1M)).toEqual(bars);
    expect(warnings).toEqual([expect.stringContaining(SERIES)]);
    expect(await open(true).load(BTC_1M)).toEqual(bars);
    expect(warnings).toHaveLength(1);
  });

  it('keeps hold of what it has read while the file is replaced', async () => {
    await save(columnsOf(walkBars(10)));
    await cache.load(BTC_1M);
    const old = readColumnFile(path(), SERIES);
    utimesSync(path(), 1, 1);
    await save(columnsOf(walkBars(20)));
    await cache.load(BTC_1M);
    expect(old?.bars).toEqual(columnsOf(walkBars(10)));
    expect(readdirSync(join(files.folder, 'binance'))).toHaveLength(1);
  });
});
