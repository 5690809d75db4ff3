import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Timeframe } from '../../../domain/bar';
import type { BarColumns } from '../../../domain/bar-columns';
import { UserError } from '../../../domain/errors';
import { describeCandles, type CandleSeriesKey, type PriceKind } from '../../../domain/series';
import { ColumnFileError, readColumnFile, writeColumnFile } from '../column-file';
import { HistoryKind, type Points } from '../port';
import { locate } from './locate';
import { parseCandles } from './parse-candles';
import { parseRows } from './parse-rows';
import { findFiles, recognise } from './scan';
import { faultyFile } from './table';

/** A file of candles, as far as its path tells. */
export interface BarFile extends CandleSeriesKey {
  readonly path: string;
}

/** Files of market data below a folder, read without any database. */
export interface BarFolder {
  readonly files: readonly BarFile[];
  /** The bars of a file, oldest first. @throws UserError naming file, line and value of what is wrong */
  load(file: BarFile): Promise<BarColumns>;
  /** Funding rates of a perpetual; undefined when there are none. @throws UserError as `load` */
  funding(symbol: string): Promise<Points | undefined>;
}

/** Of files that do not tell theirs. */
const NO_VENUE = 'unknown';

/**
 * @param cacheFolder where parsed files are kept as columns; a file that has changed since is read again
 * @throws UserError when there is no such folder, or nothing in it
 */
export function openBarFolder(folder: string, cacheFolder: string): BarFolder {
  const found = findFiles(folder).map((file) => ({ ...file, ...locate(file.name) }));
  const files = found.flatMap(({ path, venue = NO_VENUE, symbol, timeframe, price }): BarFile[] =>
    symbol === undefined || timeframe === undefined ? [] : [{ path, venue, symbol, timeframe, price }],
  );
  return {
    files,
    load: (file) => cached(file, cacheFolder),
    async funding(symbol) {
      for (const file of found.filter((one) => one.symbol === symbol && one.timeframe === undefined)) {
        const points = await readFunding(file.path);
        if (points !== undefined) return points;
      }
      return undefined;
    },
  };
}

async function cached(file: BarFile, cacheFolder: string): Promise<BarColumns> {
  const { size, mtimeMs } = statSync(file.path);
  const stamp = `${size} ${mtimeMs}`;
  const name = createHash('sha256').update(file.path).digest('hex').slice(0, 32);
  const path = join(cacheFolder, `${name}.bars`);
  const series = describeCandles(file);
  const known = readOrNothing(path, series);
  if (known?.stamp === stamp) return known.bars;
  const bars = await readCandles(file.path, file.timeframe, file.price);
  writeColumnFile(path, series, { bars, stamp });
  return bars;
}

function readOrNothing(path: string, series: string): ReturnType<typeof readColumnFile> {
  try {
    return readColumnFile(path, series);
  } catch (error) {
    // It is written anew.
    if (error instanceof ColumnFileError) return undefined;
    throw error;
  }
}

async function readCandles(path: string, timeframe: Timeframe, price: PriceKind): Promise<BarColumns> {
  const file = await recognise({ path, name: path }, { timeframe, price }, true);
  if (file.what !== 'table' || file.kind !== HistoryKind.Candles)
    throw new UserError(`${path} holds no candles.`, 'Name a folder of candle files.');
  const parsed = parseCandles(file.table, file.places, timeframe);
  if ('problem' in parsed) throw new UserError(`${path}: ${parsed.problem}.`);
  if (parsed.faults.length > 0) throw faultyFile(path, file.table.unit, parsed.faults);
  return parsed.bars;
}

async function readFunding(path: string): Promise<Points | undefined> {
  const file = await recognise({ path, name: path }, {}, false);
  if (file.what !== 'table' || file.kind !== HistoryKind.Funding) return undefined;
  const { rows, faults } = parseRows(file.kind, file.table, file.places);
  if (faults.length > 0) throw faultyFile(path, file.table.unit, faults);
  const index = Array.from({ length: rows.length }, (_, at) => at);
  return {
    timeMs: Float64Array.from(index, (at) => rows.timeMs(at)),
    value: Float64Array.from(index, (at) => Number(rows.copyLine(at).split('\t')[1])),
  };
}
