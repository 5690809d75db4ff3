import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runBacktest } from '../../backtest/backtest';
import { backtestRulesSchema } from '../../backtest/rules';
import { loadDepth } from '../../cli/backtest-depth';
import { folderSource, type BarSources } from '../../cli/backtest-source';
import { candles, COIN, d, scripted, START_MS, still } from '../backtest/support';
import { temporaryDataDir, writeRecording } from '../emulator/market/fixtures';

const HOUR_MS = 3_600_000;
const dataDir = temporaryDataDir();

type Text = readonly [price: string, quantity: string][];
const diff = (id: number, b: Text, a: Text) => ({
  stream: 'coinusdt@depth@100ms',
  data: { e: 'depthUpdate', U: id, u: id, b, a },
});
const trade = { stream: 'coinusdt@trade', data: { e: 'trade', p: '200.10', q: '1.000', m: false } };

/** Two asks and one bid around 200; later the asks thin out, and later still the bids fall. */
const record = (name: string, fromMs: number): string =>
  writeRecording(dataDir, name, [
    [
      fromMs,
      {
        lastUpdateId: 10,
        bids: [
          ['199.90', '2.000'],
          ['199.50', '100.000'],
        ],
        asks: [
          ['200.10', '2.000'],
          ['200.40', '100.000'],
        ],
      },
    ],
    [fromMs + 60_000, trade],
    [fromMs + 120_000, diff(11, [], [['200.10', '1.000']])],
    [fromMs + HOUR_MS, diff(12, [['199.90', '0.000']], [])],
  ]);

const source = (recordings: readonly string[]): BarSources => ({
  ...{ description: 'nothing', series: [] },
  load: () => Promise.reject(new Error('not asked')),
  funding: () => Promise.resolve(undefined),
  observations: () => Promise.resolve(undefined),
  recordings: () => Promise.resolve(recordings),
});

const load = (files: readonly string[], stored: readonly string[] = []) =>
  loadDepth(source(stored), COIN, { files, venue: undefined });

it('has every state of the recorded book once, whatever trades between', async () => {
  const { depth, note } = await load([record('coinusdt_20240101', START_MS)]);
  expect([...depth.timeMs].map((timeMs) => timeMs - START_MS)).toEqual([0, 120_000, HOUR_MS]);
  expect(depth.asks.map((asks) => [...asks])).toEqual([
    [200.1, 2, 200.4, 100],
    [200.1, 1, 200.4, 100],
    [200.1, 1, 200.4, 100],
  ]);
  expect([...(depth.bids[2] ?? [])]).toEqual([199.5, 100]);
  expect(note).toBe(
    'Books of COIN/USDT: 3 from 2024-01-01T00:00:00.000Z to 2024-01-01T01:00:00.000Z; a fill before or after them meets the nearest.',
  );
});

it('orders walk along it, as worked out by hand', async () => {
  // The books are those of the first and second hour: the first bar opens at midnight.
  const { depth } = await load([record('coinusdt_20240101', START_MS)]);
  const fills: { readonly price: number; readonly quantity: number; readonly timeMs: number }[] = [];
  runBacktest({
    markets: [{ instrument: COIN, timeframe: '1h', bars: candles(still(100, 5)), depth }],
    runs: [
      {
        name: 'scripted',
        strategy: scripted({ 0: { stop: 90, target: 120 }, 2: 'exit' }),
        symbols: [COIN.symbol],
        maxHoldingBars: null,
      },
    ],
    startingBalance: d('1000'),
    rules: backtestRulesSchema.parse({
      sizing: { kind: 'cash-fraction', fraction: 0.5 },
      slippage: { kind: 'book' },
    }),
    onFill: (fill) => fills.push(fill),
  });
  // Bought at one o'clock, when the bid of 199.90 has gone: the middle is (199.50 + 200.10) / 2 = 199.80. What 500 buy at the
  // price of a single lot, 100.30 and the fee, is 500 / 100.4003 = 4.980 (4.98006…). One of them costs 200.10, 3.98 cost 200.40:
  // (1 × 200.10 + 3.98 × 200.40) / 4.98 = 200.33976, which is 0.53976 above the middle: 100.53976, up to 100.54. At that price 4.980
  // cost 500.6892 + 0.5007 > 500, so it is as many as 500 pay for: 500 / 100.64054 = 4.968 (4.96817…). Those meet
  // (1 × 200.10 + 3.968 × 200.40) / 4.968 = 200.33961, and 100.53961 is 100.54 again.
  expect(fills[0]).toMatchObject({ price: 100.54, quantity: 4.968, timeMs: START_MS + HOUR_MS });
  // Sold at three o'clock into 100 at 199.50, which is 0.30 below the middle: 99.70.
  expect(fills[1]).toMatchObject({ price: 99.7, quantity: 4.968, timeMs: START_MS + 3 * HOUR_MS });
});

it('takes what the history knows when it is told to, or told nothing', async () => {
  const path = record('coinusdt_20240101', START_MS);
  expect((await load([], [path])).depth.timeMs).toHaveLength(3);
  expect((await load(['recording'], [path])).depth.timeMs).toHaveLength(3);
});

it('a folder of files has the recordings of a symbol, and nothing else of it', async () => {
  const path = record('coinusdt_20240101', START_MS);
  mkdirSync(join(dataDir, 'spot/1h'), { recursive: true });
  writeFileSync(join(dataDir, 'spot/1h/COIN_USDT.csv'), 'timestamp_ms,open,high,low,close,volume\n');
  const folder = folderSource(dataDir, dataDir);
  expect(await folder.recordings('COIN/USDT', undefined)).toContain(path);
  expect(await folder.recordings('ETH/USDT', undefined)).toEqual([]);
});

it('puts recordings of a symbol one after the other, and refuses two of one time', async () => {
  const first = record('coinusdt_20240101', START_MS);
  const second = record('coinusdt_20240102', START_MS + 24 * HOUR_MS);
  const { depth } = await load([second, first]);
  expect([...depth.timeMs].map((timeMs) => (timeMs - START_MS) / HOUR_MS)).toEqual([
    ...[0, 1 / 30, 1],
    ...[24, 24 + 1 / 30, 25],
  ]);
  await expect(load([first, record('coinusdt_x', START_MS + 60_000)])).rejects.toThrow(
    /tell of the same time/,
  );
});

it('says whose book is missing, and how to name one', async () => {
  await expect(load([])).rejects.toThrow('There is no recorded book of COIN/USDT in nothing.');
  await expect(load(['btcusdt_20240808.gz'])).rejects.toThrow('of COIN/USDT in btcusdt_20240808.gz');
});
