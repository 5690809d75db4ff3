import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Timeframe } from '../../../domain/bar';
import type { BarColumns } from '../../../domain/bar-columns';
import { UserError } from '../../../domain/errors';
import {
  OBSERVED_OUTPUTS,
  observationColumns,
  type ObservationColumns,
  type ObservedKind,
  type ObservedSource,
} from '../../../domain/observations';
import { describeCandles, type CandleSeriesKey, type PriceKind } from '../../../domain/series';
import { ColumnFileError, readColumnFile, writeColumnFile } from '../column-file';
import { isOfVenue } from '../origins';
import { HistoryKind, type Points } from '../port';
import { TABLES } from '../tables';
import { locate, type Located } from './locate';
import { parseCandles } from './parse-candles';
import { parseRows } from './parse-rows';
import { FEAR_GREED_NAME, findFiles, recognise, seriesKeyOf, type FoundFile } from './scan';
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
  /** Funding rates of a perpetual; undefined when there are none. @param venue as of `observations` @throws UserError as `load` */
  funding(symbol: string, venue?: string): Promise<Points | undefined>;
  /** Paths of the recorded order books of a symbol, in order of their names. */
  recordings(symbol: string): Promise<readonly string[]>;
  /**
   * What the files tell of a source; undefined when none does.
   * @param venue not of files that tell of another one, where it is a venue's own
   * @throws UserError as `load`
   */
  observations(source: ObservedSource, venue?: string): Promise<ObservationColumns | undefined>;
}

/** Of files that do not tell theirs. */
export const NO_VENUE = 'unknown';

/**
 * @param cacheFolder where parsed files are kept as columns; a file that has changed since is read again
 * @throws UserError when there is no such folder, or nothing in it
 */
export function openBarFolder(folder: string, cacheFolder: string): BarFolder {
  const found = findFiles(folder).map((file) => ({ ...file, ...locate(file.name) }));
  const files = found.flatMap(({ path, venue = NO_VENUE, symbol, timeframe, price }): BarFile[] =>
    symbol === undefined || timeframe === undefined ? [] : [{ path, venue, symbol, timeframe, price }],
  );
  const observations: BarFolder['observations'] = async ({ kind, subject }, venue = NO_VENUE) => {
    const isOther = (told: string = NO_VENUE): boolean =>
      isOfVenue(kind) && told !== venue && told !== NO_VENUE && venue !== NO_VENUE;
    for (const file of found.filter((one) => one.timeframe === undefined && !isOther(one.venue))) {
      const known = await readObservations(file, kind, subject);
      if (known !== undefined) return known;
    }
    return undefined;
  };
  return {
    files,
    load: (file) => cached(file, cacheFolder),
    async funding(symbol, venue) {
      const known = await observations({ kind: HistoryKind.Funding, subject: symbol }, venue);
      if (known === undefined) return undefined;
      const { timeMs, outputs } = known;
      const byTime = [...timeMs.keys()].sort((a, b) => (timeMs[a] ?? NaN) - (timeMs[b] ?? NaN));
      const column = (values: Float64Array | undefined): Float64Array =>
        Float64Array.from(byTime, (at) => values?.[at] ?? NaN);
      return { timeMs: column(timeMs), value: column(outputs.rate) };
    },
    observations,
    async recordings(symbol) {
      const candidates = found.filter((file) => file.timeframe === undefined && file.symbol === symbol);
      const looked = await Promise.all(
        candidates.map(async ({ path, name }) => (await recognise({ path, name }, {}, false)).what),
      );
      return candidates.filter((_, at) => looked[at] === 'recording').map(({ path }) => path);
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

/** What a file tells of this source; undefined when it is about something else. */
async function readObservations(
  file: FoundFile & Located,
  kind: ObservedKind,
  subject: string,
): Promise<ObservationColumns | undefined> {
  // Files of trades are large, and their names tell nothing of it: only what may be about the source is opened.
  const mayBe =
    kind === HistoryKind.FearGreed
      ? FEAR_GREED_NAME.test(file.name)
      : [file.symbol, file.asset, file.symbol?.split('/')[0]].includes(subject);
  if (!mayBe) return undefined;
  const { path, name } = file;
  const recognised = await recognise({ path, name }, {}, false);
  if (recognised.what !== 'table' || recognised.kind !== kind) return undefined;
  if (
    seriesKeyOf(path, kind, recognised.located, { defaultVenue: NO_VENUE, timeframe: undefined }).symbol !==
    subject
  )
    return undefined;
  const { table, places } = recognised;
  const { rows, faults } = parseRows(kind, table, places);
  if (faults.length > 0) throw faultyFile(path, table.unit, faults);
  const columns = TABLES[kind].columns.map(([column]) => column);
  const values = Array.from({ length: rows.length }, (_, at) => rows.copyLine(at).split('\t').map(Number));
  const place = (column: string): number => columns.indexOf(column);
  return observationColumns(
    kind,
    values.map((row) => ({
      timeMs: row[place('time_ms')] ?? NaN,
      knownMs: row[place('known_ms')] ?? NaN,
      values: OBSERVED_OUTPUTS[kind].map((output) => row[place(output)] ?? NaN),
    })),
  );
}
