import { resolve } from 'node:path';
import { UserError } from '../../../domain/errors';
import { PriceKind } from '../../../domain/series';
import { HistoryKind, type HistoryStore, type RowSource, type SeriesKey, type WriteResult } from '../port';
import { candleRows } from '../rows';
import { parseCandles } from './parse-candles';
import { parseRows } from './parse-rows';
import { measureRecording } from './recording';
import {
  findFiles,
  marketOf,
  recognise,
  seriesKeyOf,
  type FoundFile,
  type Named,
  type Recognised,
} from './scan';
import { faultyFile } from './table';

/** Bad files shown of one import; the rest is counted. */
const BAD_FILES_SHOWN = 5;

export interface ImportRequest extends Named {
  /** A file or a folder. */
  readonly path: string;
  /** Of files that do not tell theirs. */
  readonly defaultVenue: string;
}

/** Told what is going on. */
export interface ImportProgress {
  begin(step: 'check' | 'write', files: number): void;
  file(name: string): void;
  rows(count: number, total: number): void;
  end(): void;
}

export interface ImportedFileReport extends WriteResult {
  readonly file: string;
  /** The series, or the market of a recording. */
  readonly series:
    SeriesKey | { readonly kind: 'recording'; readonly venue: string; readonly symbol: string };
  readonly rows: number;
  /** Rows that stood in the file twice. */
  readonly repeated: number;
}

export interface ImportReport {
  readonly files: readonly ImportedFileReport[];
  readonly leftOut: readonly { readonly file: string; readonly why: string }[];
}

/** A file that has been checked, and what is left to do about it. */
interface Checked {
  readonly file: FoundFile;
  /** Undefined when there is nothing to do. */
  readonly write: (() => Promise<ImportedFileReport>) | undefined;
  readonly known: ImportedFileReport | undefined;
}

interface Context {
  readonly store: HistoryStore;
  readonly request: ImportRequest;
  readonly progress: ImportProgress;
}

type Table = Extract<Recognised, { what: 'table' }>;

/**
 * Imports a file, or everything below a folder. All files are checked before the first is written, and each is written in
 * one transaction: bad input changes nothing, and an import that was killed goes on where it stopped when it is repeated.
 * What is there already is not read again.
 *
 * @throws UserError naming file, line, value and what to do for every bad row, up to a few a file
 */
export async function importData(
  store: HistoryStore,
  request: ImportRequest,
  progress: ImportProgress,
): Promise<ImportReport> {
  const context: Context = { store, request, progress };
  const files = findFiles(request.path);
  const isSingle = files.length === 1 && files[0]?.path === request.path;
  const leftOut: { file: string; why: string }[] = [];
  const checked: Checked[] = [];
  const errors: UserError[] = [];
  progress.begin('check', files.length);
  for (const file of files) {
    progress.file(file.name);
    try {
      const recognised = await recognise(file, request, isSingle);
      if (recognised.what === 'other') leftOut.push({ file: file.name, why: recognised.why });
      else checked.push(await check(context, { ...file, isSingle }, recognised));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      errors.push(error);
    }
  }
  progress.end();
  if (errors.length > 0) throw combine(errors);
  return { files: await writeAll(checked, progress), leftOut };
}

async function writeAll(
  checked: readonly Checked[],
  progress: ImportProgress,
): Promise<ImportedFileReport[]> {
  const reports: ImportedFileReport[] = [];
  progress.begin('write', checked.filter(({ write }) => write !== undefined).length);
  for (const { file, write, known } of checked) {
    if (write !== undefined) progress.file(file.name);
    const report = known ?? (await write?.());
    if (report !== undefined) reports.push(report);
  }
  progress.end();
  return reports;
}

async function check(
  context: Context,
  file: FoundFile & { readonly isSingle: boolean },
  recognised: Exclude<Recognised, { what: 'other' }>,
): Promise<Checked> {
  const { store, request, progress } = context;
  if (recognised.what === 'recording') return checkRecording(store, request, file, recognised);
  const { sha256 } = recognised;
  const early = keyBefore(request, file, recognised);
  const known = early === undefined ? undefined : await knownReport(store, file, early, sha256);
  if (known !== undefined) return { file, write: undefined, known };
  const { key } = parse(request, file, recognised);
  const later = early === undefined ? await knownReport(store, file, key, sha256) : undefined;
  if (later !== undefined) return { file, write: undefined, known: later };
  const write = async (): Promise<ImportedFileReport> => {
    // What was checked is not kept: a folder may be larger than memory.
    const again = await recognise(file, request, file.isSingle);
    if (again.what !== 'table' || again.sha256 !== sha256)
      throw new UserError(`${file.path} has changed while it was imported.`, 'Repeat the import.');
    const { rows, repeated } = parse(request, file, again);
    const result = await store.write(key, rows, {
      file: { path: resolve(file.path), sha256 },
      progress: (done) => {
        progress.rows(done, rows.length);
      },
    });
    return { file: file.name, series: key, rows: rows.length, repeated, ...result };
  };
  return { file, write, known: undefined };
}

/** The series of a file as far as that is known without reading its rows. */
function keyBefore(request: ImportRequest, file: FoundFile, { kind, located }: Table): SeriesKey | undefined {
  if (kind === HistoryKind.Candles && located.timeframe === undefined) return undefined;
  const { defaultVenue } = request;
  return seriesKeyOf(file.path, kind, located, { defaultVenue, timeframe: located.timeframe });
}

async function knownReport(
  store: HistoryStore,
  file: FoundFile,
  key: SeriesKey,
  sha256: string,
): Promise<ImportedFileReport | undefined> {
  const rows = await store.imported(key, sha256);
  if (rows === undefined) return undefined;
  return { file: file.name, series: key, rows, repeated: 0, inserted: 0, changed: 0, unchanged: rows };
}

/** @throws UserError naming what is wrong, and where */
function parse(
  { defaultVenue }: ImportRequest,
  { path }: FoundFile,
  { kind, table, places, located }: Table,
): { readonly key: SeriesKey; readonly rows: RowSource; readonly repeated: number } {
  if (kind !== HistoryKind.Candles) {
    const { rows, repeated, faults } = parseRows(kind, table, places);
    if (faults.length > 0) throw faultyFile(path, table.unit, faults);
    if (rows.length === 0) throw emptyFile(path);
    const key = seriesKeyOf(path, kind, located, { defaultVenue, timeframe: undefined });
    return { key, rows, repeated };
  }
  if (!('volume' in places) && located.price === PriceKind.Last)
    throw new UserError(
      `${path} has no column of volumes.`,
      'Only mark and index prices have none: say which these are with --price mark or --price index.',
    );
  const parsed = parseCandles(table, places, located.timeframe);
  if ('problem' in parsed)
    throw new UserError(`${path}: ${parsed.problem}.`, 'Name the right one with --timeframe.');
  const { bars, timeframe, repeated, faults } = parsed;
  if (faults.length > 0) throw faultyFile(path, table.unit, faults);
  if (bars.length === 0) throw emptyFile(path);
  const key = seriesKeyOf(path, kind, located, { defaultVenue, timeframe });
  return { key, rows: candleRows(bars), repeated };
}

const emptyFile = (path: string): UserError =>
  new UserError(`${path} holds no rows.`, 'Fetch it again, or leave it out. Nothing has been imported.');

async function checkRecording(
  store: HistoryStore,
  { defaultVenue }: ImportRequest,
  file: FoundFile,
  { located, sha256, bytes }: Extract<Recognised, { what: 'recording' }>,
): Promise<Checked> {
  const { venue, symbol } = marketOf(file.path, located, defaultVenue);
  const range = await measureRecording(file.path);
  const write = async (): Promise<ImportedFileReport> => {
    const saved = await store.saveRecording({
      venue,
      symbol,
      path: resolve(file.path),
      sha256,
      bytes,
      ...range,
    });
    const { lines } = range;
    return {
      ...{ file: file.name, series: { kind: 'recording', venue, symbol }, rows: lines, repeated: 0 },
      inserted: saved === 'added' ? 1 : 0,
      changed: saved === 'moved' ? 1 : 0,
      unchanged: saved === 'unchanged' ? 1 : 0,
    };
  };
  return { file, write, known: undefined };
}

function combine(errors: readonly UserError[]): UserError {
  const [first, ...others] = errors;
  if (first !== undefined && others.length === 0) return first;
  const lines = errors.slice(0, BAD_FILES_SHOWN).map(({ message, hint }) => `${message}\n  ${hint}`);
  const more = errors.length - lines.length;
  if (more > 0) lines.push(`and ${more} more files like these`);
  return new UserError(lines.join('\n'), 'Nothing has been imported.');
}
