import { OrderEvent } from '../../domain/order';
import type { FailureStreak, RequestKind } from '../../domain/triggers';
import type { Journal } from './port';
import type { Queryable, Transaction } from './transaction';

type StreakNews = Parameters<Journal['recordStreak']>[1];

/** Ends a streak, begins one, or makes it longer. */
export async function recordStreak(tx: Transaction, account: string, news: StreakNews): Promise<void> {
  const { kind, ended, failed } = news;
  if (ended) await tx.query('DELETE FROM failure_streaks WHERE account = $1 AND kind = $2', [account, kind]);
  if (failed === null) return;
  const { failures, firstFailedMs, lastFailedMs, message } = failed;
  await tx.query(
    `INSERT INTO failure_streaks AS known (account, kind, failures, first_failed_ms, last_failed_ms, message)
     VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (account, kind) DO UPDATE SET failures = known.failures + excluded.failures,
       last_failed_ms = greatest(known.last_failed_ms, excluded.last_failed_ms), message = excluded.message`,
    [account, kind, failures, firstFailedMs, lastFailedMs, message],
  );
}

export async function failureStreaks(db: Queryable, account: string): Promise<readonly FailureStreak[]> {
  const { rows } = await db.query<{
    kind: RequestKind;
    failures: number;
    first_failed_ms: string;
    last_failed_ms: string;
    message: string;
  }>('SELECT * FROM failure_streaks WHERE account = $1 ORDER BY kind', [account]);
  return rows.map((row) => ({
    kind: row.kind,
    failures: row.failures,
    firstFailedMs: Number(row.first_failed_ms),
    lastFailedMs: Number(row.last_failed_ms),
    message: row.message,
  }));
}

/** How many times an order of the account was sent since `sinceMs`, by the database's clock. */
export async function ordersSent(db: Queryable, account: string, sinceMs: number): Promise<number> {
  const { rows } = await db.query<{ count: number }>(
    `SELECT count(*)::integer AS count FROM order_events e JOIN orders o USING (client_order_id)
     WHERE o.account = $1 AND e.event = $2 AND e.recorded_at >= to_timestamp($3::double precision / 1000)`,
    [account, OrderEvent.SendBegun, sinceMs],
  );
  return rows[0]?.count ?? 0;
}

/**
 * Takes note of the positions that have no resident stop at `nowMs`: the first time stays, and those that are not named any
 * more are forgotten. @returns since when each has had none
 */
export async function noteMissingStops(
  tx: Transaction,
  account: string,
  positionIds: readonly string[],
  nowMs: number,
): Promise<ReadonlyMap<string, number>> {
  await tx.query('DELETE FROM missing_stops WHERE account = $1 AND position_id <> ALL($2)', [
    account,
    positionIds,
  ]);
  if (positionIds.length === 0) return new Map();
  await tx.query(
    `INSERT INTO missing_stops (account, position_id, since_ms) SELECT $1, unnest($2::text[]), $3
     ON CONFLICT DO NOTHING`,
    [account, positionIds, nowMs],
  );
  const { rows } = await tx.query<{ position_id: string; since_ms: string }>(
    'SELECT position_id, since_ms FROM missing_stops WHERE account = $1',
    [account],
  );
  return new Map(rows.map((row) => [row.position_id, Number(row.since_ms)]));
}

/** Whatever was counted before a resume is forgotten. */
export async function forgetObservations(tx: Transaction, account: string): Promise<void> {
  await tx.query('DELETE FROM failure_streaks WHERE account = $1', [account]);
  await tx.query('DELETE FROM missing_stops WHERE account = $1', [account]);
}
