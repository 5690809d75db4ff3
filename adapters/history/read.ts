import { to as copyTo } from 'pg-copy-streams';
import type { BarColumns } from '../../domain/bar-columns';
import type { Transaction } from '../store/transaction';

/** PGCOPY, its eleven bytes of signature, flags and the length of an extension that nobody uses. */
const HEADER_BYTES = 19;
const FIELD_BYTES = 12;
const COUNT_BYTES = 2;
const READ_LIMIT_MS = 300_000;

/**
 * Reads columns of double precision by COPY in PostgreSQL's binary format: a tuple is a count of fields (int16) and, for
 * each, its length (int32, always 8 here) and an IEEE double, all big-endian. Null is not allowed.
 * @param expected the number of rows that the same snapshot tells
 */
export async function readColumns(
  tx: Transaction,
  query: string,
  { columns, expected }: { readonly columns: number; readonly expected: number },
): Promise<readonly Float64Array[]> {
  const result = Array.from({ length: columns }, () => new Float64Array(expected));
  const rowBytes = COUNT_BYTES + columns * FIELD_BYTES;
  let rest: Buffer = Buffer.alloc(0);
  let toSkip = HEADER_BYTES;
  let row = 0;
  const stream = boundedCopy(query);
  tx.query(stream);
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    const buffer = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = toSkip;
    // The end is marked by a count of −1, which is shorter than a row.
    for (; at + rowBytes <= buffer.length; at += rowBytes, row += 1) {
      for (let column = 0; column < columns; column += 1) {
        const values = result[column];
        if (values !== undefined)
          values[row] = buffer.readDoubleBE(at + COUNT_BYTES + column * FIELD_BYTES + 4);
      }
    }
    toSkip = Math.max(0, at - buffer.length);
    rest = at < buffer.length ? buffer.subarray(at) : Buffer.alloc(0);
  }
  stream.callback();
  if (row !== expected) throw new Error(`PostgreSQL told ${row} rows instead of ${expected}.`);
  return result;
}

/**
 * The client limits every query's time, by a timer which it stops when the query's `callback` is called; that of a copy is
 * called by nobody but us.
 */
const boundedCopy = (query: string) =>
  Object.assign(copyTo(`COPY (${query}) TO STDOUT (FORMAT binary)`), {
    query_timeout: READ_LIMIT_MS,
    callback: (): void => undefined,
  });

/** The six columns of candles, as `readColumns` gives them. */
export function barColumnsOf(columns: readonly Float64Array[]): BarColumns {
  const at = (index: number): Float64Array => columns[index] ?? new Float64Array(0);
  const [openTimeMs, open, high] = [at(0), at(1), at(2)];
  return { length: openTimeMs.length, openTimeMs, open, high, low: at(3), close: at(4), volume: at(5) };
}
