import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Pool } from 'pg';
import { createHistory } from '../../../adapters/history/history';
import type { ImportProgress } from '../../../adapters/history/files/import';
import type { HistoryStore } from '../../../adapters/history/port';
import type { Bar } from '../../../domain/bar';
import type { CandleSeriesKey } from '../../../domain/series';
import { createBench } from '../store/support';
import { random } from '../../domain/fixtures';

export const MINUTE_MS = 60_000;
export const START_MS = Date.UTC(2024, 0, 1);
export const BTC_1M: CandleSeriesKey = {
  venue: 'binance',
  symbol: 'BTC/USDT',
  timeframe: '1m',
  price: 'last',
};

export const quiet: ImportProgress = {
  begin: () => undefined,
  file: () => undefined,
  rows: () => undefined,
  end: () => undefined,
};

export interface HistoryBench {
  readonly url: string;
  readonly pool: Pool;
  readonly history: HistoryStore;
  readonly close: () => Promise<void>;
}

/** A database of its own on the server that BALLAST_TEST_POSTGRES_URL names. */
export async function createHistoryBench(): Promise<HistoryBench> {
  const bench = await createBench();
  const { url, pool, close } = bench;
  return { url, pool, history: createHistory(pool), close };
}

/** A folder of files, removed with `remove`. */
export function temporaryFolder(files: Readonly<Record<string, string | Uint8Array>> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'ballast-history-'));
  const write = (name: string, content: string | Uint8Array): string => {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, name.endsWith('.gz') ? gzipSync(content) : content);
    return path;
  };
  for (const [name, content] of Object.entries(files)) write(name, content);
  return {
    folder,
    write,
    remove: (): void => {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A walk with awkward digits, one bar a step, as real files have them. */
export function walkBars(length: number, stepMs = MINUTE_MS, seed = 1): Bar[] {
  const next = random(seed);
  let close = 40_000;
  return Array.from({ length }, (_, index) => {
    const open = close;
    close *= 1 + (next() - 0.5) / 100;
    const [high, low] = [
      Math.max(open, close) * (1 + next() / 1e3),
      Math.min(open, close) * (1 - next() / 1e3),
    ];
    return { openTimeMs: START_MS + index * stepMs, open, high, low, close, volume: next() * 10 };
  });
}

export const csvOf = (bars: readonly Bar[]): string =>
  [
    'timestamp_ms,open,high,low,close,volume',
    ...bars.map((bar) => [bar.openTimeMs, bar.open, bar.high, bar.low, bar.close, bar.volume].join(',')),
    '',
  ].join('\n');
