import type { Pool } from 'pg';
import { inSnapshot, inTransaction, type Queryable } from '../store/transaction';
import {
  candlesKey,
  type HistoryKind,
  type HistoryStore,
  type Recording,
  type SeriesInfo,
  type SeriesKey,
} from './port';
import type { PriceKind } from '../../domain/series';
import { readObservations } from './observations';
import { barColumnsOf, readColumns } from './read';
import { TABLES } from './tables';
import { writeRows } from './write';

/** Reading a long series takes longer than any other statement may. */
const LONG_READ = `SET LOCAL statement_timeout = '5min'`;

interface SeriesRow {
  readonly series_id: number;
  readonly kind: HistoryKind;
  readonly venue: string;
  readonly symbol: string;
  readonly timeframe: string;
  readonly price: PriceKind;
  readonly content_key: string;
  readonly revision: string;
  readonly row_count: string;
  readonly first_ms: string | null;
  readonly last_ms: string | null;
  readonly changed_at: Date;
}

/** Market history over a pool of connections. */
export function createHistory(pool: Pool): HistoryStore {
  return {
    async series() {
      const { rows } = await pool.query<SeriesRow>(
        `SELECT * FROM history_series WHERE row_count > 0 ORDER BY kind, venue, symbol, price, series_id`,
      );
      return rows.map(infoOf);
    },
    async find(key) {
      const row = await findRow(pool, key);
      return row === undefined ? undefined : infoOf(row);
    },
    write: (key, rows, options = {}) =>
      inTransaction(pool, (tx) =>
        writeRows(tx, { key, rows, file: options.file, progress: options.progress }),
      ),
    imported: (key, sha256) => findImport(pool, key, sha256),
    readBars: (key) =>
      inSnapshot(pool, async (tx) => {
        const row = await findRow(tx, candlesKey(key));
        if (row === undefined) return undefined;
        await tx.query(LONG_READ);
        return { bars: barColumnsOf(await readAll(tx, row)), stamp: stampOf(row) };
      }),
    readPoints: (key) =>
      inSnapshot(pool, async (tx) => {
        const row = await findRow(tx, key);
        const [timeMs, value] = row === undefined ? [] : await readAll(tx, row);
        return { timeMs: timeMs ?? new Float64Array(0), value: value ?? new Float64Array(0) };
      }),
    observations: (query) => readObservations(pool, query),
    recordings: () => findRecordings(pool),
    saveRecording: (recording) => saveRecording(pool, recording),
  };
}

async function findRow(db: Queryable, key: SeriesKey): Promise<SeriesRow | undefined> {
  const { rows } = await db.query<SeriesRow>(
    `SELECT * FROM history_series
     WHERE kind = $1 AND venue = $2 AND symbol = $3 AND timeframe = $4 AND price = $5`,
    [key.kind, key.venue, key.symbol, key.timeframe, key.price],
  );
  return rows[0];
}

function readAll(tx: Parameters<typeof readColumns>[0], row: SeriesRow): Promise<readonly Float64Array[]> {
  const { table, columns } = TABLES[row.kind];
  const list = columns.map(([name]) => `${name}::double precision`).join(', ');
  return readColumns(tx, `SELECT ${list} FROM ${table} WHERE series_id = ${row.series_id} ORDER BY time_ms`, {
    columns: columns.length,
    expected: Number(row.row_count),
  });
}

const stampOf = ({ content_key, revision }: SeriesRow): string => `${content_key}/${revision}`;

function infoOf(row: SeriesRow): SeriesInfo {
  const { kind, venue, symbol, timeframe, price, first_ms, last_ms } = row;
  return {
    ...{ kind, venue, symbol, timeframe, price },
    rows: Number(row.row_count),
    firstMs: first_ms === null ? null : Number(first_ms),
    lastMs: last_ms === null ? null : Number(last_ms),
    stamp: stampOf(row),
    changedAtMs: row.changed_at.getTime(),
  };
}

async function findImport(db: Queryable, key: SeriesKey, sha256: string): Promise<number | undefined> {
  const { rows } = await db.query<{ row_count: string }>(
    `SELECT known.row_count FROM history_imports known JOIN history_series series USING (series_id)
     WHERE series.kind = $1 AND series.venue = $2 AND series.symbol = $3 AND series.timeframe = $4
       AND series.price = $5 AND known.sha256 = $6 AND known.revision = series.revision`,
    [key.kind, key.venue, key.symbol, key.timeframe, key.price, sha256],
  );
  return rows[0] === undefined ? undefined : Number(rows[0].row_count);
}

interface RecordingRow {
  readonly venue: string;
  readonly symbol: string;
  readonly path: string;
  readonly sha256: string;
  readonly bytes: string;
  readonly line_count: string;
  readonly first_ms: string;
  readonly last_ms: string;
}

async function findRecordings(db: Queryable): Promise<readonly Recording[]> {
  const { rows } = await db.query<RecordingRow>(
    'SELECT * FROM history_recordings ORDER BY venue, symbol, first_ms',
  );
  return rows.map(({ venue, symbol, path, sha256, bytes, line_count, first_ms, last_ms }) => ({
    ...{ venue, symbol, path, sha256, bytes: Number(bytes), lines: Number(line_count) },
    ...{ firstMs: Number(first_ms), lastMs: Number(last_ms) },
  }));
}

async function saveRecording(db: Queryable, recording: Recording): Promise<'added' | 'moved' | 'unchanged'> {
  const { venue, symbol, path, sha256, bytes, lines, firstMs, lastMs } = recording;
  const { rows } = await db.query<{ fresh: boolean }>(
    `INSERT INTO history_recordings AS known (venue, symbol, path, sha256, bytes, line_count, first_ms, last_ms)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
     ON CONFLICT (sha256) DO UPDATE SET venue = excluded.venue, symbol = excluded.symbol, path = excluded.path
     WHERE (known.venue, known.symbol, known.path) IS DISTINCT FROM (excluded.venue, excluded.symbol, excluded.path)
     RETURNING known.xmax = 0 AS fresh`,
    [venue, symbol, path, sha256, bytes, lines, firstMs, lastMs],
  );
  if (rows[0] === undefined) return 'unchanged';
  return rows[0].fresh ? 'added' : 'moved';
}
