import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { gzipSync } from 'node:zlib';
import { UserError } from '../../../domain/errors';
import type { BarColumns } from '../../../domain/bar-columns';
import { OBSERVED_OUTPUTS, type ObservationColumns, type ObservedKind } from '../../../domain/observations';
import { writeParquet } from './parquet';

/** A table of numbers whose first column is a time; what `ballast data import` reads again as the same. */
export interface NumberTable {
  readonly columns: readonly { readonly name: string; readonly values: Float64Array }[];
}

export const candleTable = (bars: BarColumns): NumberTable => ({
  columns: [
    { name: 'timestamp_ms', values: bars.openTimeMs },
    ...(['open', 'high', 'low', 'close', 'volume'] as const).map((name) => ({ name, values: bars[name] })),
  ],
});

/** What other tools call it, where an output's own name is not that. */
const COLUMN_NAMES: Readonly<Record<string, string>> = { rate: 'funding_rate' };

/** Observations of a kind that are about times from `fromMs` up to but not including `toMs`. */
export function observationTable(
  kind: ObservedKind,
  { timeMs, knownMs, outputs }: ObservationColumns,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): NumberTable {
  const isWanted = (time = NaN): boolean => time >= fromMs && time < toMs;
  const kept = [...timeMs.keys()].filter((at) => isWanted(timeMs[at]));
  const column = (name: string, values: Float64Array | undefined) => ({
    name,
    values: Float64Array.from(kept, (at) => values?.[at] ?? NaN),
  });
  return {
    columns: [
      column('timestamp_ms', timeMs),
      ...OBSERVED_OUTPUTS[kind].map((name) => column(COLUMN_NAMES[name] ?? name, outputs[name])),
      column('known_at_ms', knownMs),
    ],
  };
}

const FORMATS: readonly (readonly [ending: RegExp, write: (table: NumberTable) => Promise<Uint8Array>])[] = [
  [/\.csv$/i, (table) => Promise.resolve(Buffer.from(csv(table)))],
  [/\.csv\.gz$/i, (table) => Promise.resolve(gzipSync(csv(table)))],
  [
    /\.(parquet|pq)$/i,
    ({ columns }) => writeParquet(columns.map((column, index) => ({ ...column, isTime: index === 0 }))),
  ],
];

/**
 * Writes a table in the format that the file's name asks for. The file is there completely or not at all, and the same table
 * gives the same bytes.
 * @returns false when the file held exactly this already
 * @throws UserError for a name of no known format, or a place that cannot be written to
 */
export async function exportFile(path: string, table: NumberTable): Promise<boolean> {
  const [, write] = FORMATS.find(([ending]) => ending.test(path)) ?? [];
  if (write === undefined)
    throw new UserError(
      `${path} does not tell its format.`,
      'Let the name end in .csv, .csv.gz or .parquet.',
    );
  const content = await write(table);
  if (holds(path, content)) return false;
  const temporary = `${path}.${process.pid}`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(temporary, content);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw new UserError(
      `${path} cannot be written: ${error instanceof Error ? error.message : String(error)}`,
      'Name another place.',
    );
  }
  return true;
}

function holds(path: string, content: Uint8Array): boolean {
  try {
    return readFileSync(path).equals(content);
  } catch {
    return false;
  }
}

function csv({ columns }: NumberTable): string {
  const lines = [columns.map(({ name }) => name).join(',')];
  const length = columns[0]?.values.length ?? 0;
  for (let row = 0; row < length; row += 1) lines.push(columns.map(({ values }) => values[row]).join(','));
  lines.push('');
  return lines.join('\n');
}
