import { recordRiskEvent } from './journal';
import type { ReconciliationRecord } from './found';
import type { Queryable, Transaction } from './transaction';

/** Reports kept of an account; older ones go. */
const KEPT_REPORTS = 2_000;
/** Who changes modes without a person. */
const MACHINES = ['reconciliation', 'risk-desk'];

interface ReportRow {
  readonly session: string;
  readonly trigger: string;
  readonly market_time_ms: string;
  readonly report: ReconciliationRecord['report'];
  readonly recorded_at: Date;
}

/** Keeps the report of one run, once by its key. */
export async function recordReconciliation(
  tx: Transaction,
  entry: Omit<ReconciliationRecord, 'recordedAt'> & { readonly account: string; readonly key: string },
): Promise<void> {
  const { account, session, key, trigger, marketTimeMs, report } = entry;
  await tx.query(
    `INSERT INTO reconciliations (account, session, key, trigger, market_time_ms, report)
     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
    [account, session, key, trigger, marketTimeMs, JSON.stringify(report)],
  );
  await tx.query(
    `DELETE FROM reconciliations WHERE account = $1
       AND id <= (SELECT id FROM reconciliations WHERE account = $1 ORDER BY id DESC OFFSET $2 LIMIT 1)`,
    [account, KEPT_REPORTS],
  );
}

export async function lastReconciliation(
  db: Queryable,
  account: string,
): Promise<ReconciliationRecord | undefined> {
  const { rows } = await db.query<ReportRow>(
    `SELECT session, trigger, market_time_ms, report, recorded_at FROM reconciliations
     WHERE account = $1 ORDER BY id DESC LIMIT 1`,
    [account],
  );
  return rows.map(({ session, trigger, market_time_ms, report, recorded_at }) => ({
    session,
    trigger,
    marketTimeMs: Number(market_time_ms),
    report,
    recordedAt: recorded_at.toISOString(),
  }))[0];
}

/**
 * Journals findings once each by their key.
 * @returns the keys of those that are news, and of those that a person has seen and resumed trading in spite of
 */
export async function recordFindings(
  tx: Transaction,
  account: string,
  findings: readonly { readonly key: string; readonly code: string; readonly message: string }[],
  marketTimeMs: number,
): Promise<{ readonly fresh: ReadonlySet<string>; readonly accepted: ReadonlySet<string> }> {
  const keys = findings.map(({ key }) => key);
  const { rows } = await tx.query<{ key: string; accepted: boolean }>(
    `SELECT key, recorded_at < coalesce((SELECT max(changed_at) FROM mode_changes
       WHERE account = $1 AND to_mode = 'ACTIVE' AND NOT changed_by = ANY($3)), '-infinity') AS accepted
     FROM risk_events WHERE account = $1 AND key = ANY($2)`,
    [account, keys, MACHINES],
  );
  const known = new Map(rows.map((row) => [row.key, row.accepted]));
  for (const { key, code, message } of findings)
    if (!known.has(key)) await recordRiskEvent(tx, { account, key, code, message, marketTimeMs });
  return {
    fresh: new Set(keys.filter((key) => !known.has(key))),
    accepted: new Set(keys.filter((key) => known.get(key) === true)),
  };
}
