import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { CsvError, parse } from 'csv-parse/sync';
import { UserError } from '../../domain/errors';
import type { Direction } from '../../domain/news/judgements';
import { messageOf } from '../failure';

/** A headline, and what people said of it. */
export interface LabelledHeadline {
  readonly text: string;
  readonly truth: Direction;
}

const LABELS: ReadonlyMap<string, Direction> = new Map([
  ['bullish', 1],
  ['positive', 1],
  ['neutral', 0],
  ['bearish', -1],
  ['negative', -1],
]);

/**
 * Reads a CSV, gzipped or not, with a header and at least the columns `text` and `label`.
 * @param source the file's name, for messages
 * @throws UserError naming the row and the value
 */
export function readLabelledHeadlines(path: string, source: string): readonly LabelledHeadline[] {
  const records = parseRows(readText(path, source), source);
  const [first] = records;
  if (first === undefined)
    throw new UserError(`${source} has no rows.`, 'It needs a header with text and label, and rows.');
  const missing = ['text', 'label'].filter((column) => !(column in first.record));
  if (missing.length > 0)
    throw new UserError(
      `${source} has no column ${missing.join(', ')}; it has: ${Object.keys(first.record).join(', ')}.`,
      'The first line must name the columns, text and label among them.',
    );
  return records.map(({ record, info }, index) => {
    const place = `${source}, row ${index + 1} (line ${info.lines})`;
    const { text = '', label = '' } = record;
    if (text.trim() === '') throw new UserError(`${place}: the text is empty.`, 'Leave the row out.');
    const truth = LABELS.get(label.toLowerCase());
    if (truth === undefined)
      throw new UserError(
        `${place}: the label is "${label.slice(0, 60)}".`,
        `Labels are: ${[...LABELS.keys()].join(', ')}.`,
      );
    return { text, truth };
  });
}

function readText(path: string, source: string): string {
  try {
    const bytes = readFileSync(path);
    const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
    return new TextDecoder('utf-8', { fatal: true }).decode(isGzip ? gunzipSync(bytes) : bytes);
  } catch (error) {
    throw new UserError(
      `${source} cannot be read: ${messageOf(error)}`,
      'Give a CSV file in UTF-8, gzipped or not, with the columns text and label.',
    );
  }
}

function parseRows(content: string, source: string) {
  try {
    return parse(content, {
      ...{ columns: true, info: true, skip_empty_lines: true, trim: true, bom: true },
    }) as unknown as readonly {
      readonly record: Readonly<Record<string, string>>;
      readonly info: { readonly lines: number };
    }[];
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new UserError(
      `${source} is not the CSV that its header promises: ${error.message}.`,
      'Mend that line.',
    );
  }
}
