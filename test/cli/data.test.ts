import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDatabase } from '../adapters/store/support';
import { csvOf, START_MS, walkBars } from '../adapters/history/support';
import { buildBallast, runBallast } from './ballast-process';

/** The server is that of BALLAST_TEST_POSTGRES_URL. */
let cwd: string;
let database: Awaited<ReturnType<typeof createDatabase>>;
beforeAll(async () => {
  buildBallast();
  database = await createDatabase();
  cwd = mkdtempSync(join(tmpdir(), 'ballast-data-'));
  mkdirSync(join(cwd, 'in/spot/1m'), { recursive: true });
  writeFileSync(join(cwd, 'in/spot/1m/BTC_USDT.csv'), csvOf(walkBars(120)));
});
afterAll(async () => {
  rmSync(cwd, { recursive: true });
  await database.drop();
});

const ballast = (...args: readonly string[]) =>
  runBallast(cwd, ['data', ...args], { BALLAST_POSTGRES_URL: database.url });
const json = (...args: readonly string[]): unknown => JSON.parse(ballast(...args, '--json').stdout);

// The tests build on each other, as a person's work does.

it('imports a folder, tells its progress apart from its result, and changes nothing the second time', () => {
  const first = ballast('import', 'in');
  expect(first).toMatchObject({ status: 0, stderr: expect.stringContaining('checking 0 %') as string });
  expect(first.stdout).toMatch(/BTC_USDT\.csv +candles +binance +BTC\/USDT +1m +120 +120 +0/);
  expect(ballast('import', 'in').stdout).toContain('Nothing new: everything was there already.');
  expect(json('import', 'in')).toMatchObject({ inserted: 0, changed: 0 });
});

it('lists what there is', () => {
  expect(ballast('list').stdout).toMatch(/candles +binance +BTC\/USDT +1m +120 +100\.00 % +2024-01-01 00:00/);
  expect(json('list')).toMatchObject({ series: [{ rows: 120, firstMs: START_MS, completeness: 1 }] });
});

test.each(['csv', 'csv.gz', 'parquet'])('writes %s that comes back as the same', (format) => {
  const file = join(cwd, `out/BTC_USDT-1m.${format}`);
  expect(json('export', file, '--symbol', 'BTC/USDT')).toMatchObject({ rows: 120, written: true });
  const { mtimeMs } = statSync(file);
  expect(json('export', file, '--symbol', 'BTC/USDT')).toMatchObject({ written: false });
  expect(statSync(file).mtimeMs).toBe(mtimeMs);
  expect(json('import', file)).toMatchObject({
    ...{ inserted: 0, changed: 0 },
    files: [{ rows: 120, unchanged: 120, series: { timeframe: '1m', symbol: 'BTC/USDT' } }],
  });
});

it('exports a range, put together to coarser bars when asked for', () => {
  const file = join(cwd, 'hours.csv');
  const found = json('export', file, '--timeframe', '1h', '--from', '2024-01-01T01:00');
  expect(found).toMatchObject({ rows: 1, series: 'binance BTC/USDT 1h' });
  const bars = walkBars(120).slice(60);
  const [, line = ''] = readFileSync(file, 'utf8').split('\n');
  const [time, open, high, , close] = line.split(',').map(Number);
  expect([time, open, close]).toEqual([bars[0]?.openTimeMs, bars[0]?.open, bars.at(-1)?.close]);
  expect(high).toBe(Math.max(...bars.map((bar) => bar.high)));
});

test.each([
  [['export', 'x.csv', '--symbol', 'XRP/USDT'], 'There are no candles of XRP/USDT.'],
  [['export', 'x.txt', '--symbol', 'BTC/USDT'], 'x.txt does not tell its format.'],
  [['export', 'x.csv', '--from', 'noon'], '--from noon cannot be used'],
  [['export', 'x.csv', '--from', '2025-01-01'], 'There is nothing of binance BTC/USDT 1m in this range.'],
  [['import', 'nowhere'], 'nowhere.'],
])('%j says what is wrong', (args, message) => {
  const { status, stderr } = ballast(...args);
  expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining(message) as string });
});

it('verifies good data, and exits with 4 about data that cannot be true', () => {
  expect(ballast('verify')).toMatchObject({ status: 0 });
  expect(json('verify')).toMatchObject({ series: [{ verdict: 'good', bars: 120, blockedBars: 0 }] });
  // The same market elsewhere tells another price, which no import could know.
  const elsewhere = walkBars(120).map((bar, index) =>
    index === 77 ? { ...bar, high: 1e6, close: 1e6 } : bar,
  );
  writeFileSync(join(cwd, 'kraken_BTC_USDT-1m.csv'), csvOf(elsewhere));
  expect(ballast('import', 'kraken_BTC_USDT-1m.csv').status).toBe(0);
  const { status, stdout, stderr } = ballast('verify', '--symbol', 'BTC/USDT');
  expect(status).toBe(4);
  expect(stderr).toContain('2 of 2 are bad');
  expect(stdout).toMatch(/kraken BTC\/USDT 1m: the close of 2024-01-01 01:17 is 1000000 here and \d/);
});

it('notices a recording that has changed or gone', () => {
  const lines = (note: string): string => `1704067200000000000 {"note":"${note}"}\n`;
  writeFileSync(join(cwd, 'btcusdt.csv'), lines('a'));
  expect(ballast('import', 'btcusdt.csv').status).toBe(0);
  expect(json('verify', '--venue', 'nobody')).toMatchObject({ recordings: [{ verdict: 'good' }] });
  writeFileSync(join(cwd, 'btcusdt.csv'), lines('b'));
  expect(json('verify', '--venue', 'nobody')).toMatchObject({ recordings: [{ verdict: 'bad' }] });
  rmSync(join(cwd, 'btcusdt.csv'));
  expect(ballast('verify', '--venue', 'nobody').stdout).toContain('the file is not there any more');
});
