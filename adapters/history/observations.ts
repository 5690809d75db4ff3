import { OBSERVED_OUTPUTS, observationColumns, type ObservationColumns } from '../../domain/observations';
import type { Queryable } from '../store/transaction';
import type { ObservationQuery } from './port';
import { TABLES } from './tables';

/** By the time they became known; see `HistoryStore.observations`. */
export async function readObservations(
  db: Queryable,
  { kind, subject, origins, sinceMs = 0, untilMs = Number.MAX_SAFE_INTEGER }: ObservationQuery,
): Promise<ObservationColumns> {
  const outputs = OBSERVED_OUTPUTS[kind];
  const list = outputs.map((name) => `${name}::double precision`).join(', ');
  const { rows } = await db.query<Record<string, number>>(
    `SELECT time_ms::double precision, known_ms::double precision, ${list}
     FROM ${TABLES[kind].table} JOIN history_series USING (series_id)
     WHERE kind = $1 AND symbol = $2 AND venue = ANY($3)
       AND known_ms > $4 AND known_ms <= $5`,
    [kind, subject, origins, sinceMs, untilMs],
  );
  return observationColumns(
    kind,
    rows.map((row) => ({
      timeMs: row.time_ms ?? NaN,
      knownMs: row.known_ms ?? NaN,
      values: outputs.map((name) => row[name] ?? NaN),
    })),
  );
}
