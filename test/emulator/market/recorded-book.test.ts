import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { readL2File } from '../../../emulator/market/l2-file';
import { openMarketSource } from '../../../emulator/market/open-market';
import { type MarketSource, MarketMode } from '../../../emulator/market/source';
import {
  describeWithData,
  expectSoundBar,
  expectSoundLadders,
  FIRST_BAR_MS,
  MINUTE_MS,
  sharedDataDir,
  temporaryDataDir,
  writeRecording,
} from './fixtures';

type Text = [string, string][];
const depth = (U: number, u: number, b: Text, a: Text) => ({
  stream: 'btcusdt@depth@100ms',
  data: { e: 'depthUpdate', U, u, b, a },
});
const trade = (p: string, q: string, m: boolean) => ({
  stream: 'btcusdt@trade',
  data: { e: 'trade', p, q, m },
});
const snapshot = (lastUpdateId: number) => ({
  lastUpdateId,
  bids: [
    ['100.00', '1.00000'],
    ['99.99', '2.00000'],
  ],
  asks: [
    ['100.02', '3.00000'],
    ['100.03', '4.00000'],
  ],
});

describe('a recorded book', () => {
  const dataDir = temporaryDataDir();
  const t = FIRST_BAR_MS;
  const open = (): Promise<MarketSource> =>
    openMarketSource({ dataDir, mode: MarketMode.RecordedBook, startMs: t + 50 });
  const record = (lines: [number, unknown][]): string => writeRecording(dataDir, 'btcusdt_20250101', lines);

  it('is rebuilt from snapshot and diffs, early diffs included, with the trades between', async () => {
    record([
      [t, depth(1, 8, [['98.00', '9.00000']], [])],
      [t + 10, depth(9, 12, [['100.00', '1.50000']], [])],
      [t + 20, trade('100.02', '0.50000', false)],
      [t + 30, snapshot(10)],
      [t + 40, depth(13, 13, [], [['100.02', '0.00000']])],
      [t + 50, trade('100.00', '0.25000', true)],
      [t + 60, depth(14, 20, [['100.01', '0.00001']], [['100.02', '7.00000']])],
      [t + MINUTE_MS, trade('100.02', '1.00000', false)],
    ]);
    const market = await open();
    const steps = [...market.steps(0, Infinity)];
    expect(steps.map(({ timeMs }) => timeMs - t)).toEqual([30, 40, 50, 60, MINUTE_MS]);
    const touch = steps.map(({ bids, asks }) =>
      [bids[0], asks[0]].map((level) => [level?.priceTicks, level?.quantityLots]),
    );
    expect(touch).toEqual([
      [
        [10_000, 150_000],
        [10_002, 300_000],
      ],
      [
        [10_000, 150_000],
        [10_003, 400_000],
      ],
      [
        [10_000, 150_000],
        [10_003, 400_000],
      ],
      [
        [10_001, 1],
        [10_002, 700_000],
      ],
      [
        [10_001, 1],
        [10_002, 700_000],
      ],
    ]);
    // The early diff before the snapshot's id is part of the snapshot already: its level at 98.00 must not appear.
    expect(steps[0]?.bids).toHaveLength(2);
    expect(steps[2]?.prints).toEqual([{ side: 'sell', priceTicks: 10_000, quantityLots: 25_000 }]);
    expect(market.at('BTCUSDT', t + 55)).toBe(steps[2]);
    expect(market.at('BTCUSDT', t + 29)).toBeUndefined();
    expect(market.startMs).toBe(t + 30);
    expect(market.endMs).toBe(t + MINUTE_MS + 1);
    expect(market.bars('BTCUSDT', 0, Infinity)).toEqual([
      { openTimeMs: t, open: 10_000, high: 10_000, low: 10_000, close: 10_000, volumeLots: 25_000 },
    ]);
  });

  test.each<[string, [number, unknown][], number, string]>([
    [
      'a gap after the snapshot',
      [
        [t, snapshot(10)],
        [t + 1, depth(12, 13, [], [])],
      ],
      2,
      'expected update 11, got 12–13',
    ],
    [
      'a gap between diffs',
      [
        [t, snapshot(10)],
        [t + 1, depth(11, 12, [], [])],
        [t + 2, depth(14, 15, [], [])],
      ],
      3,
      'expected update 13, got 14–15',
    ],
    [
      'an overlap',
      [
        [t, snapshot(10)],
        [t + 1, depth(11, 12, [], [])],
        [t + 2, depth(12, 15, [], [])],
      ],
      3,
      'expected update 13, got 12–15',
    ],
    [
      'a crossed book',
      [
        [t, snapshot(10)],
        [t + 1, depth(11, 12, [['100.02', '1']], [])],
      ],
      2,
      'crossed',
    ],
    ['an empty side', [[t, { ...snapshot(10), asks: [] }]], 1, 'empty'],
    ['no snapshot', [[t, depth(1, 2, [], [])]], 1, 'no depth snapshot'],
    [
      'time going back',
      [
        [t, snapshot(10)],
        [t - 1, trade('100.00', '1', true)],
      ],
      2,
      'before the previous',
    ],
    [
      'a price off the grid',
      [
        [t, snapshot(10)],
        [t + 1, trade('100.001', '1', true)],
      ],
      2,
      'multiple of 0.01',
    ],
    ['an unknown stream', [[t, { stream: 'btcusdt@kline_1m', data: {} }]], 1, 'unknown stream'],
    ['a malformed diff', [[t, { stream: 'btcusdt@depth@100ms', data: { U: 1 } }]], 1, 'at u'],
  ])('with %s is refused by name and line', async (_, lines, line, problem) => {
    const path = record(lines);
    await expect(open()).rejects.toMatchObject({
      code: 'invalid-data',
      message: expect.stringContaining(`${path} line ${line}: `) as string,
    });
    await expect(open()).rejects.toThrow(problem);
  });

  it('that is not gzip, or is cut short, is refused rather than crashing the process', async () => {
    const path = record([[t, snapshot(10)]]);
    const whole = readFileSync(path);
    for (const broken of [Buffer.from('plain text'), whole.subarray(0, whole.length - 10)]) {
      writeFileSync(path, broken);
      await expect(open()).rejects.toMatchObject({ code: 'invalid-data' });
    }
  });
});

describeWithData('the recorded L2 samples (run only where the recorded data is)', () => {
  it.each(['btcusdt', 'ethusdt'])(
    '%s: the rebuilt touch equals the recorded bookTicker',
    async (name) => {
      const path = join(sharedDataDir, 'l2', `${name}_20240808.gz`);
      expect(existsSync(path)).toBe(true);
      const symbol = name.toUpperCase();
      const market = await openMarketSource({
        dataDir: sharedDataDir,
        mode: MarketMode.RecordedBook,
        symbols: [symbol],
      });
      const steps = [...market.steps(0, Infinity)];
      steps.forEach(expectSoundLadders);
      market.bars(symbol, 0, Infinity).forEach(expectSoundBar);

      // Tickers come between diffs. The newest ticker not after a diff's last update id describes the book after it.
      const tickers: { updateId: number; touch: string }[] = [];
      const diffs: { timeMs: number; updateId: number }[] = [];
      for await (const { timeMs, event } of readL2File(path)) {
        if (event.kind === 'bookTicker') {
          tickers.push({
            updateId: event.updateId,
            touch: [...event.bid, ...event.ask].map(Number).join(' '),
          });
        } else if (event.kind === 'depth' && timeMs > market.startMs) {
          diffs.push({ timeMs, updateId: event.lastUpdateId });
        }
      }
      const spec = market.symbols[0];
      const [tick, lot] = [Number(spec?.tickSize), Number(spec?.stepSize)];
      let ticker = 0;
      const mismatches = diffs.filter(({ timeMs, updateId }) => {
        while ((tickers[ticker + 1]?.updateId ?? Infinity) <= updateId) ticker++;
        const step = market.at(symbol, timeMs);
        const [bid, ask] = [step?.bids[0], step?.asks[0]];
        const rebuilt = [
          (bid?.priceTicks ?? 0) * tick,
          (bid?.quantityLots ?? 0) * lot,
          (ask?.priceTicks ?? 0) * tick,
          (ask?.quantityLots ?? 0) * lot,
        ].map((value) => Number(value.toFixed(5)));
        return rebuilt.join(' ') !== tickers[ticker]?.touch;
      });
      expect(mismatches).toEqual([]);
      expect(diffs.length).toBeGreaterThan(3_000);
    },
    60_000,
  );
});
