import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

import { readBarFile } from '../bar-file';
import { requireSpec, scaleOf } from '../symbols';
import type { FitAsset, FitData, PlainSeries } from './fit-data';

/** The assets recorded by the minute, the reference first; they lead `SIMULATED`. */
const MINUTE_ASSETS = ['BTC', 'ETH'] as const;
const SIMULATED = [...MINUTE_ASSETS, 'SOL', 'XRP', 'BNB'];

/** Reads times, closes and volumes of a recorded CSV of any timeframe. */
async function readPlain(path: string): Promise<PlainSeries> {
  const rows = gunzipSync(await readFile(path))
    .toString('utf8')
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => line.split(',').map(Number));
  const column = (index: number): Float64Array => Float64Array.from(rows, (row) => row[index] ?? NaN);
  return { openTimeMs: column(0), close: column(4), volume: column(5) };
}

function asset<T>(base: string, series: T): FitAsset<T> {
  const spec = requireSpec(`${base}USDT`);
  return { symbol: spec.symbol, ...scaleOf(spec), series };
}

/** Loads what the fit needs from a data folder: `spot/1m`, `spot/5m` and `spot/1h`. */
export async function loadFitData(dataDir: string): Promise<FitData> {
  const file = (folder: string, base: string): string => join(dataDir, 'spot', folder, `${base}_USDT.csv.gz`);
  const minute = async (base: string) =>
    asset(base, await readBarFile(file('1m', base), requireSpec(`${base}USDT`)));
  return {
    minute: [await minute(MINUTE_ASSETS[0]), await minute(MINUTE_ASSETS[1])],
    fiveMinute: await Promise.all(MINUTE_ASSETS.map((base) => readPlain(file('5m', base)))),
    hourly: await Promise.all(SIMULATED.map(async (base) => asset(base, await readPlain(file('1h', base))))),
  };
}
