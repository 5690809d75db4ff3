import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { from as copyFrom } from 'pg-copy-streams';
import type { Transaction } from '../store/transaction';
import type { ImportedFile, RowSource, SeriesKey, WriteResult } from './port';
import { TABLES, type TableShape } from './tables';

/** Rows of one COPY and one upsert: small enough for the connection's statement limit, large enough to be fast. */
const CHUNK_ROWS = 50_000;
/** Lines that go to the socket together. */
const LINES_PER_WRITE = 2_000;

interface WriteRequest {
  readonly key: SeriesKey;
  readonly rows: RowSource;
  readonly file?: ImportedFile | undefined;
  readonly progress?: ((rows: number) => void) | undefined;
}

/** Within the caller's transaction. Writers of one series queue on its row. */
export async function writeRows(tx: Transaction, request: WriteRequest): Promise<WriteResult> {
  const { key, rows, file, progress } = request;
  const shape = TABLES[key.kind];
  const seriesId = await lockSeries(tx, key);
  await createIncoming(tx, shape);
  let inserted = 0;
  let changed = 0;
  for (let start = 0; start < rows.length; start += CHUNK_ROWS) {
    const end = Math.min(start + CHUNK_ROWS, rows.length);
    await copyChunk(tx, shape, rows, { start, end });
    const moved = await moveIncoming(tx, shape, seriesId);
    inserted += moved.inserted;
    changed += moved.changed;
    progress?.(end);
  }
  const revision = await noteChange(tx, seriesId, { rows, inserted, changed });
  if (file !== undefined) await noteImport(tx, { seriesId, revision, rowCount: rows.length }, file);
  return { inserted, changed, unchanged: rows.length - inserted - changed };
}

/** Finds or makes the series, and holds it until the transaction ends. */
async function lockSeries(tx: Transaction, key: SeriesKey): Promise<number> {
  const { kind, venue, symbol, timeframe, price } = key;
  const values = [kind, venue, symbol, timeframe, price];
  await tx.query(
    `INSERT INTO history_series (kind, venue, symbol, timeframe, price) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT DO NOTHING`,
    values,
  );
  const { rows } = await tx.query<{ series_id: number }>(
    `SELECT series_id FROM history_series
     WHERE kind = $1 AND venue = $2 AND symbol = $3 AND timeframe = $4 AND price = $5 FOR UPDATE`,
    values,
  );
  const [series] = rows;
  if (series === undefined) throw new Error('A series has vanished while it was written.');
  return series.series_id;
}

async function createIncoming(tx: Transaction, { columns }: TableShape): Promise<void> {
  const list = columns.map(([name, type]) => `${name} ${type}`).join(', ');
  await tx.query(`DROP TABLE IF EXISTS pg_temp.incoming`);
  await tx.query(`CREATE TEMPORARY TABLE incoming (${list}) ON COMMIT DROP`);
}

async function copyChunk(
  tx: Transaction,
  { columns }: TableShape,
  rows: RowSource,
  { start, end }: { readonly start: number; readonly end: number },
): Promise<void> {
  await tx.query('TRUNCATE pg_temp.incoming');
  function* text(): Generator<string> {
    for (let index = start; index < end; index += LINES_PER_WRITE) {
      let lines = '';
      const stop = Math.min(index + LINES_PER_WRITE, end);
      for (let line = index; line < stop; line += 1) lines += `${rows.copyLine(line)}\n`;
      yield lines;
    }
  }
  const names = columns.map(([name]) => name).join(', ');
  const sink = tx.query(copyFrom(`COPY pg_temp.incoming (${names}) FROM STDIN`));
  await pipeline(Readable.from(text()), sink);
}

async function moveIncoming(tx: Transaction, { table, columns, key }: TableShape, seriesId: number) {
  const names = columns.map(([name]) => name);
  const others = names.filter((name) => name !== key);
  // What is told again is known since it was told first.
  const told = others.filter((name) => name !== 'known_ms');
  const row = (prefix: string): string => `(${told.map((name) => `${prefix}.${name}`).join(', ')})`;
  // `xmax` is zero in a row that was not there before.
  const { rows } = await tx.query<{ inserted: number; changed: number }>(
    `WITH written AS (
       INSERT INTO ${table} AS known (series_id, ${names.join(', ')})
       SELECT $1, ${names.join(', ')} FROM pg_temp.incoming
       ON CONFLICT (series_id, ${key}) DO UPDATE
       SET ${others.map((name) => `${name} = excluded.${name}`).join(', ')}
       WHERE ${row('known')} IS DISTINCT FROM ${row('excluded')}
       RETURNING known.xmax = 0 AS fresh
     )
     SELECT count(*) FILTER (WHERE fresh)::int AS inserted, count(*) FILTER (WHERE NOT fresh)::int AS changed
     FROM written`,
    [seriesId],
  );
  return rows[0] ?? { inserted: 0, changed: 0 };
}

/** Returns the revision that holds the rows: a new one only when something has changed. */
async function noteChange(
  tx: Transaction,
  seriesId: number,
  written: { readonly rows: RowSource; readonly inserted: number; readonly changed: number },
): Promise<string> {
  const { rows, inserted, changed } = written;
  let [firstMs, lastMs] = [Infinity, -Infinity];
  for (let index = 0; index < rows.length; index += 1) {
    const timeMs = rows.timeMs(index);
    firstMs = Math.min(firstMs, timeMs);
    lastMs = Math.max(lastMs, timeMs);
  }
  const isChanged = inserted + changed > 0;
  const result = await tx.query<{ revision: string }>(
    isChanged
      ? `UPDATE history_series SET revision = revision + 1, row_count = row_count + $2,
           first_ms = least(first_ms, $3), last_ms = greatest(last_ms, $4), changed_at = clock_timestamp()
         WHERE series_id = $1 RETURNING revision`
      : 'SELECT revision FROM history_series WHERE series_id = $1',
    isChanged ? [seriesId, inserted, firstMs, lastMs] : [seriesId],
  );
  return result.rows[0]?.revision ?? '0';
}

async function noteImport(
  tx: Transaction,
  known: { readonly seriesId: number; readonly revision: string; readonly rowCount: number },
  file: ImportedFile,
): Promise<void> {
  await tx.query(
    `INSERT INTO history_imports (series_id, sha256, revision, path, row_count) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (series_id, sha256) DO UPDATE
     SET revision = excluded.revision, path = excluded.path, imported_at = clock_timestamp()`,
    [known.seriesId, file.sha256, known.revision, file.path, known.rowCount],
  );
}
