import { closeSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { createCandleCache } from '../../adapters/history/candle-cache';
import { writeColumnFile } from '../../adapters/history/column-file';
import type { BarColumns } from '../../domain/bar-columns';
import { describeCandles, PriceKind } from '../../domain/series';
import type { BenchContext, BenchEntry } from '../entry';
import type { NamedMeasurement } from '../measurement';
import { interleave, median, ratio } from '../statistics';
import { timed } from './submit';

const BARS = 1_000_000;
const PAIRS = 30;
const WARM_UP = 5;
const MINUTE_MS = 60_000;

/** How long a backtest waits for its bars, once they are in the cache. */
export const candleLoad: BenchEntry = { name: 'candleLoad', measure };

async function measure(context: BenchContext): Promise<readonly NamedMeasurement[]> {
  const folder = context.folder('candle-load');
  const key = { venue: 'binance', symbol: 'BTC/USDT', timeframe: '1m', price: PriceKind.Last } as const;
  const path = join(folder, 'binance', 'BTC_USDT-1m-last.bars');
  writeColumnFile(path, describeCandles(key), { bars: minutes(), stamp: 'bench' });
  const cache = createCandleCache({ folder, store: null, warn: context.progress });
  const plain = join(folder, 'plain');
  writePlain(plain, statSync(path).size);
  const { subject, baseline } = await interleave({
    subject: () =>
      timed(async () => {
        const bars = await cache.load(key);
        if (bars?.length !== BARS) throw new Error('The cache did not give what was put in.');
      }),
    baseline: () => timed(() => Promise.resolve(readFileSync(plain))),
    pairs: PAIRS,
    warmUp: WARM_UP,
  });
  const value = median(subject);
  return [
    {
      name: 'candleLoad',
      value,
      unit: 'ms',
      baseline: median(baseline),
      ratio: ratio(value, median(baseline)),
      goal: { of: 'value', atMost: 60 },
      how: `median of ${PAIRS} times ${BARS} one-minute bars from the cache into typed arrays, checksum included, against readFileSync of a file of as many bytes, in turn, both in the page cache`,
    },
  ];
}

function minutes(): BarColumns {
  const column = (value: (index: number) => number): Float64Array =>
    Float64Array.from({ length: BARS }, (_, index) => value(index));
  const price = (index: number): number => 40_000 + 1_000 * Math.sin(index / 1_000) + (index % 13) / 100;
  return {
    length: BARS,
    openTimeMs: column((index) => index * MINUTE_MS),
    open: column(price),
    high: column((index) => price(index) + 5),
    low: column((index) => price(index) - 5),
    close: column((index) => price(index + 1)),
    volume: column((index) => (index % 97) / 7),
  };
}

function writePlain(path: string, bytes: number): void {
  const file = openSync(path, 'w');
  const content = Buffer.alloc(bytes, 7);
  for (let at = 0; at < bytes;) at += writeSync(file, content, at);
  closeSync(file);
}
