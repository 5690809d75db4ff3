import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';

import { RandomStream } from '../../../domain/random';
import type { IntegerBar, MarketStep } from '../../../emulator/market/source';

export const MINUTE_MS = 60_000;
/** 2025-01-01, a full minute far from any recording. */
export const FIRST_BAR_MS = Date.UTC(2025, 0, 1);

const HEADER = 'timestamp_ms,open,high,low,close,volume';

/** The recorded data beside the project, if this machine has it. */
export const sharedDataDir = process.env.BALLAST_DATA ?? resolve(__dirname, '../../../../shared/data');
export const describeWithData = existsSync(sharedDataDir) ? describe : describe.skip;

/** A temporary data folder that is removed after the current test file. */
export function temporaryDataDir(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ballast-market-'));
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

function writeGzip(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, gzipSync(text));
}

/** Writes one-minute rows as `spot/1m/{name}.csv.gz`. */
export function writeBars(dataDir: string, name: string, rows: readonly string[], header = HEADER): string {
  const path = join(dataDir, 'spot', '1m', `${name}.csv.gz`);
  writeGzip(path, [header, ...rows, ''].join('\n'));
  return path;
}

/** `count` rows of a seeded random walk around 50,000 in BTC's tick and lot; `missing` minutes are left out. */
export function randomRows(count: number, seed: number, missing: ReadonlySet<number> = new Set()): string[] {
  const random = new RandomStream(seed);
  const rows: string[] = [];
  let close = 5_000_000;
  for (let minute = 0; minute < count; minute++) {
    const open = close;
    close = Math.max(100, open + Math.round(3_000 * random.normal()));
    const high = Math.max(open, close) + Math.floor(1_000 * random.exponential());
    const low = Math.min(open, close) - Math.floor(1_000 * random.exponential());
    const lots = random.uniform() < 0.1 ? minute % 7 : Math.floor(500_000 * random.exponential());
    if (missing.has(minute)) continue;
    const prices = [open, high, low, close].map((ticks) => (ticks / 100).toFixed(2));
    rows.push([FIRST_BAR_MS + minute * MINUTE_MS, ...prices, (lots / 100_000).toFixed(5)].join(','));
  }
  return rows;
}

/** Writes recorded lines as `l2/{name}.gz`; each entry is `[local ms, payload]`. */
export function writeRecording(
  dataDir: string,
  name: string,
  lines: readonly (readonly [timeMs: number, payload: unknown])[],
): string {
  const path = join(dataDir, 'l2', `${name}.gz`);
  writeGzip(path, lines.map(([timeMs, payload]) => `${timeMs}000000 ${JSON.stringify(payload)}\n`).join(''));
  return path;
}

/** Fails unless both ladders are sorted, positive and apart from each other. */
export function expectSoundLadders(step: MarketStep): void {
  const broken: string[] = [];
  const check = (levels: MarketStep['bids'], direction: number): void => {
    levels.forEach((level, index) => {
      const previous = levels[index - 1];
      if (level.priceTicks < 1 || level.quantityLots < 1) broken.push('not positive');
      if (!Number.isSafeInteger(level.priceTicks) || !Number.isSafeInteger(level.quantityLots))
        broken.push('not an integer');
      if (previous && (level.priceTicks - previous.priceTicks) * direction <= 0) broken.push('not sorted');
    });
  };
  check(step.bids, -1);
  check(step.asks, 1);
  const [bid, ask] = [step.bids[0], step.asks[0]];
  if (!bid || !ask) broken.push('an empty side');
  else if (bid.priceTicks >= ask.priceTicks) broken.push('crossed');
  // One comparison in the good case: whole recordings pass through here.
  if (broken.length > 0)
    throw new Error(`${step.symbol} at ${step.timeMs}: ${[...new Set(broken)].join(', ')}`);
}

/** Fails unless the bar's extremes contain its open and close and nothing is below one tick. */
export function expectSoundBar(bar: IntegerBar): void {
  expect(bar.high).toBeGreaterThanOrEqual(Math.max(bar.open, bar.close));
  expect(bar.low).toBeLessThanOrEqual(Math.min(bar.open, bar.close));
  expect(bar.low).toBeGreaterThanOrEqual(1);
  expect(bar.volumeLots).toBeGreaterThanOrEqual(0);
}
