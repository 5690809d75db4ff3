import { gunzipSync } from 'node:zlib';
import { UserError } from '../../../domain/errors';

/** What a file says in one place. Numbers come from files that have types. */
export type Cell = string | number;

/** One row as it is in a file, and where: a line of a CSV, a row of a Parquet file, counted from 1. */
export interface RawRow {
  readonly place: number;
  readonly cells: readonly Cell[];
}

/** A file of rows, before anybody has looked at what they mean. */
export interface RawTable {
  /** Lower-case names of the columns; empty when the file has none. */
  readonly header: readonly string[];
  /** What a place is called: `line` or `row`. */
  readonly unit: string;
  rows(): Iterable<RawRow>;
}

/** What is wrong in one place of a file. */
export interface Fault {
  readonly place: number;
  readonly problem: string;
}

/** Shown of one file; the rest is counted. */
const FAULTS_SHOWN = 5;

/** Names a file, each bad row and its value. @param unit what a place is called */
export function faultyFile(path: string, unit: string, faults: readonly Fault[]): UserError {
  const shown = faults
    .slice(0, FAULTS_SHOWN)
    .map(({ place, problem }) => `${path}, ${unit} ${place}: ${problem}`);
  const more = faults.length - shown.length;
  if (more > 0) shown.push(`${path}: and ${more} more of the kind`);
  return new UserError(
    shown.join('\n'),
    'Correct or remove these rows, or leave the file out. Nothing has been imported.',
  );
}

const LINE_FEED = 10;

/** @throws UserError when the content is no gzip though its name ends in `.gz` */
export function textOf(path: string, content: Buffer): string {
  if (!path.endsWith('.gz')) return content.toString('utf8');
  try {
    return gunzipSync(content).toString('utf8');
  } catch (error) {
    throw new UserError(
      `${path} cannot be unpacked: ${error instanceof Error ? error.message : String(error)}`,
      'Fetch the file again: it is cut off, or it is no gzip.',
    );
  }
}

/** A CSV, with or without a header. Separators are commas, semicolons or tabs; quotes around a value are taken off. */
export function csvTable(text: string): RawTable {
  const begin = text.codePointAt(0) === 0xfe_ff ? 1 : 0;
  const firstLine = text.slice(begin, lineEnd(text, begin)).trim();
  const separator = [',', ';', '\t'].find((sign) => firstLine.includes(sign)) ?? ',';
  const split = (line: string): readonly string[] => {
    const cells = line.split(separator);
    return line.includes('"') ? cells.map((cell) => cell.trim().replace(/^"(.*)"$/, '$1')) : cells;
  };
  const names = split(firstLine).map((name) => name.trim().toLowerCase());
  const hasHeader = names.some((name) => name !== '' && !Number.isFinite(Number(name)));
  function* rows(): Generator<RawRow> {
    let place = 0;
    for (let at = begin; at < text.length;) {
      const end = lineEnd(text, at);
      place += 1;
      const line = text.slice(at, text.charCodeAt(end - 1) === 13 ? end - 1 : end);
      at = end + 1;
      if ((place === 1 && hasHeader) || line === '') continue;
      yield { place, cells: split(line) };
    }
  }
  return { header: hasHeader ? names : [], unit: 'line', rows };
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf(String.fromCharCode(LINE_FEED), from);
  return end === -1 ? text.length : end;
}

/** The value as text for a message. */
export const shown = (cell: Cell | undefined): string => (cell === undefined ? 'missing' : `"${cell}"`);

/** NaN for what is no number. */
export function numberOf(cell: Cell | undefined): number {
  if (typeof cell === 'number') return cell;
  return cell === undefined || cell.trim() === '' ? NaN : Number(cell);
}

/** Seconds, milliseconds, microseconds and nanoseconds of our time are told apart by their size. */
const UNITS = [
  { below: 1e11, perMs: 1e-3 },
  { below: 1e14, perMs: 1 },
  { below: 1e17, perMs: 1e3 },
  { below: 1e20, perMs: 1e6 },
] as const;

/** A date without a zone is UTC. */
const DATE = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?(Z|[+-]\d{2}:?\d{2})?$/;

/** UTC milliseconds from a number of any usual unit, or from an ISO date; NaN for anything else. */
export function timeOf(cell: Cell | undefined): number {
  const value = numberOf(cell);
  if (Number.isFinite(value)) {
    const unit = UNITS.find(({ below }) => value < below);
    return unit === undefined || value <= 0 ? NaN : Math.floor(value / unit.perMs);
  }
  if (typeof cell !== 'string') return NaN;
  const text = cell.trim();
  const match = DATE.exec(text);
  if (match === null) return NaN;
  const iso = text.replace(' ', 'T');
  const zoned = match[1] === undefined ? `${iso.includes('T') ? iso : `${iso}T00:00`}Z` : iso;
  return Date.parse(zoned);
}
