import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describeCandles, type CandleSeriesKey } from '../../domain/series';
import type { BarColumns } from '../../domain/bar-columns';
import { ColumnFileError, readColumnFile, writeColumnFile, type ColumnFile } from './column-file';
import { candlesKey, type HistoryStore } from './port';

/** Where the files of a state folder are; everything in it can be deleted at any time. */
export const candleCacheFolder = (stateDir: string): string => join(stateDir, 'cache', 'candles');

export interface CandleCacheOptions {
  readonly folder: string;
  /** Null when there is no database: then what the cache holds is taken as it is. */
  readonly store: Pick<HistoryStore, 'find' | 'readBars'> | null;
  /** Hears of files that had to be thrown away. */
  readonly warn: (line: string) => void;
}

/** Candles from files beside the database, for whoever wants a whole series at once. */
export interface CandleCache {
  /**
   * All bars of the series, oldest first; undefined when nobody has them. They come from the file when it is whole and
   * says what the database says, else from the database, which leaves a new file behind.
   */
  load(key: CandleSeriesKey): Promise<BarColumns | undefined>;
}

export function createCandleCache({ folder, store, warn }: CandleCacheOptions): CandleCache {
  return {
    async load(key) {
      const path = pathOf(folder, key);
      const series = describeCandles(key);
      const cached = readOrDrop(path, series, warn);
      if (store === null) return cached?.bars;
      const known = await store.find(candlesKey(key));
      if (known === undefined || known.rows === 0) return undefined;
      if (cached?.stamp === known.stamp) return cached.bars;
      const fresh = await store.readBars(key);
      if (fresh !== undefined) writeColumnFile(path, series, fresh);
      return fresh?.bars;
    },
  };
}

/** Names come from people and venues: what is not plain is escaped, so that no file is anywhere else. */
function pathOf(folder: string, { venue, symbol, timeframe, price }: CandleSeriesKey): string {
  const plain = (text: string): string =>
    text.replace(/[^A-Za-z0-9-]/g, (sign) => (sign === '/' ? '_' : `%${sign.codePointAt(0)?.toString(16)}`));
  return join(folder, plain(venue), `${plain(symbol)}-${plain(timeframe)}-${price}.bars`);
}

function readOrDrop(path: string, series: string, warn: (line: string) => void): ColumnFile | undefined {
  try {
    return readColumnFile(path, series);
  } catch (error) {
    if (!(error instanceof ColumnFileError)) throw error;
    warn(`The cached bars of ${series} are not used and made anew: ${error.message} (${path}).`);
    rmSync(path, { force: true });
    return undefined;
  }
}
