import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { importData, type ImportReport } from '../../../adapters/history/files/import';
import { writeParquet } from '../../../adapters/history/files/parquet';
import { candlesKey } from '../../../adapters/history/port';
import { columnsOf } from '../../../domain/bar-columns';
import {
  BTC_1M,
  createHistoryBench,
  csvOf,
  MINUTE_MS,
  quiet,
  START_MS,
  temporaryFolder,
  walkBars,
  type HistoryBench,
} from './support';

/** The layout of the recorded data, with made-up content. */
const FOLDER = {
  'README.md': '# nothing',
  'spot/1m/BTC_USDT.csv.gz': csvOf(walkBars(90)),
  'spot/1h/BTC_USDT.csv.gz': csvOf(walkBars(30, 60 * MINUTE_MS)),
  'spot/1m-2018/BTC_USD_2018-2019.csv.gz': csvOf(walkBars(50).filter((_, index) => index % 7 !== 3)),
  'perp/1h/ETH_USDT_mark.csv.gz': `timestamp_ms,open,high,low,close\n${START_MS},10,11,9,10.5\n${START_MS + 60 * MINUTE_MS},10.5,12,10,11\n`,
  'funding/binance_BTC_USDT.csv.gz': `timestamp_ms,funding_rate\n${START_MS},-0.00012359\n${START_MS + 8 * 60 * MINUTE_MS},1e-4\n`,
  'fear-greed/fng_daily.csv.gz': `timestamp_ms,value\n${START_MS},30\n`,
  'trades/binance_BTC_USDT.csv': `id,price,qty,time,is_buyer_maker\n7,40000.5,0.25,${START_MS},true\n8,40001,1,${START_MS + 1},false\n`,
  'l2/btcusdt_20240808.gz': '1723161240000000000 {"a":1}\n1723161241500000000 {"b":2}\n',
  'headlines/news.csv.gz': 'title,label\nUp,positive\n',
};

let bench: HistoryBench;
let files: ReturnType<typeof temporaryFolder>;
beforeAll(async () => {
  bench = await createHistoryBench();
});
afterAll(() => bench.close());
beforeEach(async () => {
  await bench.pool.query('TRUNCATE history_series, history_recordings RESTART IDENTITY CASCADE');
});
afterEach(() => {
  files.remove();
});

const run = (path: string, named: object = {}): Promise<ImportReport> =>
  importData(bench.history, { path, defaultVenue: 'binance', ...named }, quiet);

const written = ({ files: list }: ImportReport) =>
  Object.fromEntries(
    list.map(({ file, inserted, changed, unchanged }) => [file, { inserted, changed, unchanged }]),
  );

describe('a folder of recorded data', () => {
  it('is imported in one go, every kind where it belongs', async () => {
    files = temporaryFolder(FOLDER);
    const report = await run(files.folder);
    expect(report.leftOut.map(({ file }) => file)).toEqual(['README.md', 'headlines/news.csv.gz']);
    const series = await bench.history.series();
    expect(
      series.map(({ kind, venue, symbol, timeframe, price, rows }) =>
        [kind, venue, symbol, timeframe, price, rows].join(' '),
      ),
    ).toEqual([
      'candles binance BTC/USDT 1h last 30',
      'candles binance BTC/USDT 1m last 90',
      'candles binance ETH/USDT:USDT 1h mark 2',
      'candles bitfinex BTC/USD 1m last 43',
      'fear-greed alternative.me CRYPTO  last 1',
      'funding binance BTC/USDT:USDT  last 2',
      'trades binance BTC/USDT  last 2',
    ]);
    expect(await bench.history.recordings()).toMatchObject([
      {
        venue: 'binance',
        symbol: 'BTC/USDT',
        lines: 2,
        firstMs: 1_723_161_240_000,
        lastMs: 1_723_161_241_500,
      },
    ]);
  });

  it('comes back exactly as it was', async () => {
    files = temporaryFolder(FOLDER);
    await run(files.folder);
    const stored = await bench.history.readBars(BTC_1M);
    expect(stored?.bars).toEqual(columnsOf(walkBars(90)));
    const funding = await bench.history.readPoints({
      ...{ kind: 'funding', venue: 'binance', symbol: 'BTC/USDT:USDT', timeframe: '', price: 'last' },
    });
    expect([...funding.value]).toEqual([-0.00012359, 1e-4]);
    const { rows } = await bench.pool.query('SELECT side, quantity FROM history_trades ORDER BY trade_id');
    expect(rows).toEqual([
      { side: 'sell', quantity: 0.25 },
      { side: 'buy', quantity: 1 },
    ]);
  });

  it('imported again changes nothing, and its series keep their stamps', async () => {
    files = temporaryFolder(FOLDER);
    const first = await run(files.folder);
    const before = await bench.history.series();
    const second = await run(files.folder);
    expect(second.files.map(({ file, rows }) => [file, rows])).toEqual(
      first.files.map(({ file, rows }) => [file, rows]),
    );
    expect(second.files.every(({ inserted, changed }) => inserted + changed === 0)).toBe(true);
    expect(await bench.history.series()).toEqual(before);
  });

  it('with one bad file is not imported at all', async () => {
    files = temporaryFolder({
      ...FOLDER,
      'spot/5m/SOL_USDT.csv': `timestamp_ms,open,high,low,close,volume\n${START_MS},1,2,0.5,abc,1\n`,
    });
    await expect(run(files.folder)).rejects.toThrow(
      `${join(files.folder, 'spot/5m/SOL_USDT.csv')}, line 2: close is "abc"; it must be a positive number`,
    );
    expect(await bench.history.series()).toEqual([]);
    expect(await bench.history.recordings()).toEqual([]);
  });

  it('knows a recording that has moved', async () => {
    files = temporaryFolder({ 'l2/btcusdt_1.gz': FOLDER['l2/btcusdt_20240808.gz'] });
    await run(files.folder);
    renameSync(join(files.folder, 'l2/btcusdt_1.gz'), join(files.folder, 'l2/btcusdt_2.gz'));
    expect(written(await run(files.folder))).toEqual({
      'l2/btcusdt_2.gz': { inserted: 0, changed: 1, unchanged: 0 },
    });
    expect((await bench.history.recordings())[0]?.path).toBe(join(files.folder, 'l2/btcusdt_2.gz'));
  });
});

describe('a file', () => {
  const key = candlesKey(BTC_1M);

  it('adds what is new and replaces what differs', async () => {
    files = temporaryFolder();
    const bars = walkBars(10);
    await run(files.write('BTC_USDT-1m.csv', csvOf(bars.slice(0, 8))));
    const before = await bench.history.find(key);
    const corrected = bars.map((bar, index) => (index === 3 ? { ...bar, volume: 99 } : bar));
    const again = await run(files.write('BTC_USDT-1m.csv', csvOf(corrected.slice(2))));
    expect(written(again)).toEqual({ 'BTC_USDT-1m.csv': { inserted: 2, changed: 1, unchanged: 5 } });
    const after = await bench.history.find(key);
    expect(after).toMatchObject({ rows: 10, firstMs: START_MS, lastMs: START_MS + 9 * MINUTE_MS });
    expect(after?.stamp).not.toBe(before?.stamp);
    expect((await bench.history.readBars(BTC_1M))?.bars).toEqual(columnsOf(corrected));
  });

  it('is read again once another has changed the series', async () => {
    files = temporaryFolder();
    const [a, b] = [walkBars(5), walkBars(5).map((bar) => ({ ...bar, volume: 1 }))];
    const first = files.write('a/BTC_USDT-1m.csv', csvOf(a));
    await run(first);
    await run(files.write('b/BTC_USDT-1m.csv', csvOf(b)));
    expect(written(await run(first))).toEqual({
      'BTC_USDT-1m.csv': { inserted: 0, changed: 5, unchanged: 0 },
    });
  });

  it('may be Parquet', async () => {
    files = temporaryFolder();
    const bars = columnsOf(walkBars(40));
    const names = ['open', 'high', 'low', 'close', 'volume'] as const;
    const content = await writeParquet([
      { name: 'timestamp_ms', values: bars.openTimeMs, isTime: true },
      ...names.map((name) => ({ name, values: bars[name], isTime: false })),
    ]);
    await run(files.write('x.parquet', content), { symbol: 'BTC/USDT' });
    expect((await bench.history.readBars(BTC_1M))?.bars).toEqual(bars);
  });

  test.each([
    ['seconds', (ms: number) => String(ms / 1_000)],
    ['microseconds', (ms: number) => `${ms}000`],
    ['ISO dates with a zone', (ms: number) => new Date(ms + 3_600_000).toISOString().replace('Z', '+01:00')],
    ['dates without a zone', (ms: number) => new Date(ms).toISOString().slice(0, 19).replace('T', ' ')],
  ])('may tell its times in %s', async (_, text) => {
    files = temporaryFolder();
    const rows = walkBars(3).map(
      (bar) => `${text(bar.openTimeMs)};${bar.open};${bar.high};${bar.low};${bar.close};0`,
    );
    const csv = ['Date;Open;High;Low;Close;Volume', ...rows.reverse()].join('\r\n');
    await run(files.write('BTCUSDT.csv', csv));
    const stored = await bench.history.readBars(BTC_1M);
    expect(stored?.bars.openTimeMs).toEqual(columnsOf(walkBars(3)).openTimeMs);
  });

  it("may be one of Binance's own, without a header", async () => {
    files = temporaryFolder();
    const rows = walkBars(3).map((bar) =>
      [
        bar.openTimeMs,
        bar.open,
        bar.high,
        bar.low,
        bar.close,
        bar.volume,
        bar.openTimeMs + 59_999,
        1,
        2,
        3,
        4,
        0,
      ].join(','),
    );
    await run(files.write('BTCUSDT-1m-2024-01.csv', rows.join('\n')));
    expect((await bench.history.readBars(BTC_1M))?.bars).toEqual(columnsOf(walkBars(3)));
  });

  const header = 'timestamp_ms,open,high,low,close,volume\n';
  const row = (timeMs: number, rest = '1,2,0.5,1,1'): string => `${timeMs},${rest}\n`;
  test.each([
    ['a time that is none', `${header}yesterday,1,2,0.5,1,1\n`, 'line 2: time is "yesterday"'],
    [
      'a time off the grid',
      header + row(START_MS + 1),
      'line 2: time 2024-01-01T00:00:00.001Z is not the beginning',
    ],
    ['a missing cell', `${header}${START_MS},1,2\n`, 'line 2: low is missing'],
    ['a price of zero', header + row(START_MS, '0,2,0.5,1,1'), 'line 2: open is "0"'],
    ['a negative volume', header + row(START_MS, '1,2,0.5,1,-1'), 'line 2: volume is "-1"'],
    ['a high below the close', header + row(START_MS, '1,2,0.5,3,1'), 'line 2: high 2 is below'],
    ['a low above the open', header + row(START_MS, '1,2,1.5,2,1'), 'line 2: low 1.5 is above'],
    [
      'two rows of one time',
      header + row(START_MS) + row(START_MS + MINUTE_MS) + row(START_MS, '1,2,0.5,1,9'),
      'line 4: time 2024-01-01T00:00:00.000Z stands on line 2 already',
    ],
    ['no rows', header, 'holds no rows'],
    ['another spacing', header + row(START_MS) + row(START_MS + 300_000), 'its rows are 5m apart'],
    ['other columns', 'a,b\n1,2\n', 'is not recognised: it has the columns a, b'],
  ])('with %s is refused by place and value, and leaves nothing behind', async (_, text, message) => {
    files = temporaryFolder();
    await expect(run(files.write('BTC_USDT-1m.csv', text))).rejects.toThrow(message);
    expect(await bench.history.series()).toEqual([]);
  });

  it('counts a row that stands there twice once', async () => {
    files = temporaryFolder();
    const report = await run(files.write('BTC_USDT-1m.csv', header + row(START_MS) + row(START_MS)));
    expect(report.files[0]).toMatchObject({ rows: 1, repeated: 1, inserted: 1 });
  });

  it('names more than a few bad rows by their number', async () => {
    files = temporaryFolder();
    const bad = Array.from({ length: 9 }, (_, index) => row(START_MS + index * MINUTE_MS, '0,0,0,0,0')).join(
      '',
    );
    await expect(run(files.write('BTC_USDT-1m.csv', header + bad))).rejects.toThrow('and 4 more of the kind');
  });

  it('whose symbol nobody knows is refused with what to do', async () => {
    files = temporaryFolder();
    const path = files.write('candles.csv', csvOf(walkBars(3)));
    await expect(run(path)).rejects.toMatchObject({
      hint: expect.stringContaining('--symbol BTC/USDT') as string,
    });
    await run(path, { symbol: 'BTC/USDT' });
    expect(await bench.history.find(key)).toMatchObject({ rows: 3 });
  });

  it('that fails while it is written leaves nothing of itself', async () => {
    files = temporaryFolder();
    const rows = columnsOf(walkBars(60_000));
    const broken = {
      length: rows.length,
      timeMs: (index: number) => rows.openTimeMs[index] ?? NaN,
      // Behind the first chunk, which the database has taken by then.
      copyLine: (index: number) =>
        index === 59_000 ? 'nonsense' : `${rows.openTimeMs[index]}\t1\t1\t1\t1\t1`,
    };
    await expect(bench.history.write(key, broken)).rejects.toThrow();
    expect(await bench.history.series()).toEqual([]);
    expect((await bench.pool.query('SELECT count(*)::int FROM history_candles')).rows).toEqual([
      { count: 0 },
    ]);
  });
});
