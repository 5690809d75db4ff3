import type { EquityState } from '../../domain/equity';
import { lockAccount, writeMark } from './accounts';
import { decimalOrNull } from './orders';
import type { DecidedBar, Decision, DecisionKey, Journal } from './port';
import type { Queryable, Transaction } from './transaction';

export async function recordDecision(db: Queryable, decision: Decision): Promise<void> {
  const { account, session, strategy, symbol, barCloseMs, outcome, reasons, close, positionId } = decision;
  const { strategyVersion = null, inputs, runId = null } = decision;
  await db.query(
    `INSERT INTO decisions AS known (account, session, strategy, symbol, bar_close_ms, outcome, reasons, close, position_id,
       strategy_version, inputs, run_id)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
     ON CONFLICT (account, session, strategy, symbol, bar_close_ms) DO UPDATE
     SET outcome = excluded.outcome, reasons = excluded.reasons, close = excluded.close,
       position_id = excluded.position_id, strategy_version = coalesce(excluded.strategy_version, known.strategy_version),
       inputs = coalesce(excluded.inputs, known.inputs), run_id = coalesce(excluded.run_id, known.run_id)`,
    [
      ...[account, session, strategy, symbol, barCloseMs, outcome, JSON.stringify(reasons), close],
      ...[positionId, strategyVersion, inputs === undefined ? null : JSON.stringify(inputs), runId],
    ],
  );
}

/** What was decided on a bar. */
export async function findDecision(db: Queryable, key: DecisionKey): Promise<Decision | undefined> {
  const { account, session, strategy, symbol, barCloseMs } = key;
  const { rows } = await db.query<
    Pick<Decision, 'outcome' | 'reasons' | 'positionId' | 'strategyVersion' | 'runId'> & {
      readonly close: string | null;
      readonly inputs: Decision['inputs'] | null;
    }
  >(
    `SELECT outcome, reasons, close, position_id AS "positionId", strategy_version AS "strategyVersion", inputs, run_id AS "runId"
     FROM decisions WHERE account = $1 AND session = $2 AND strategy = $3 AND symbol = $4 AND bar_close_ms = $5`,
    [account, session, strategy, symbol, barCloseMs],
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  const { close, inputs, ...rest } = row;
  return {
    ...{ account, session, strategy, symbol, barCloseMs, ...rest },
    close: decimalOrNull(close),
    ...(inputs !== null && { inputs }),
  };
}

/**
 * One step along the primary key for each symbol and one for its newest bar, however many decisions there are: `min` and the newest bar
 * are each the first entry of a part of the index. An entry without a position is one that was asked for and not answered yet,
 * unless the grant is there and whoever asked died before it could be journaled.
 */
export const LAST_DECIDED = `
  WITH RECURSIVE symbols AS (
    SELECT min(symbol) AS symbol FROM decisions WHERE account = $1 AND session = $2 AND strategy = $3
    UNION ALL
    SELECT (SELECT min(d.symbol) FROM decisions d
            WHERE d.account = $1 AND d.session = $2 AND d.strategy = $3 AND d.symbol > s.symbol)
    FROM symbols s WHERE s.symbol IS NOT NULL
  )
  SELECT s.symbol, newest.bar_close_ms FROM symbols s CROSS JOIN LATERAL (
    SELECT d.bar_close_ms FROM decisions d
    WHERE d.account = $1 AND d.session = $2 AND d.strategy = $3 AND d.symbol = s.symbol
      AND (d.outcome <> 'skipped' OR d.inputs #>> '{candles,ok}' IS DISTINCT FROM 'false')
      AND (d.outcome <> 'enter' OR d.position_id IS NOT NULL OR EXISTS (
        SELECT FROM positions p WHERE p.account = $1 AND p.session = $2 AND p.strategy = $3
          AND p.symbol = d.symbol AND p.bar_close_ms = d.bar_close_ms))
    ORDER BY d.bar_close_ms DESC LIMIT 1
  ) newest
  ORDER BY s.symbol`;

/** The newest bar of each symbol that a strategy has decided on. */
export async function lastDecided(
  db: Queryable,
  account: string,
  session: string,
  strategy: string,
): Promise<readonly DecidedBar[]> {
  const { rows } = await db.query<{ symbol: string; bar_close_ms: string }>(LAST_DECIDED, [
    ...[account, session, strategy],
  ]);
  return rows.map(({ symbol, bar_close_ms }) => ({ symbol, barCloseMs: Number(bar_close_ms) }));
}

/** A point of the equity curve, and the account's latest mark when the session is the current one. */
export async function recordEquity(
  tx: Transaction,
  account: string,
  session: string,
  state: EquityState,
  marketTimeMs: number,
): Promise<void> {
  const before = await lockAccount(tx, account);
  await tx.query(
    `INSERT INTO equity (account, session, market_time_ms, equity, equity_at_day_start, peak_equity, day_start_ms)
     VALUES ($1, $2, $3, $4, $5, $6, $7)
     ON CONFLICT (account, session, market_time_ms) DO UPDATE
     SET equity = excluded.equity, equity_at_day_start = excluded.equity_at_day_start,
       peak_equity = excluded.peak_equity, day_start_ms = excluded.day_start_ms`,
    [
      account,
      session,
      marketTimeMs,
      state.equity,
      state.equityAtDayStart,
      state.peakEquity,
      state.dayStartMs,
    ],
  );
  if (before.session === session) await writeMark(tx, before, state, marketTimeMs);
}

type RiskEvent = Parameters<Journal['recordRiskEvent']>[0];

/** Journals a risk event once by its key. */
export async function recordRiskEvent(db: Queryable, event: RiskEvent): Promise<void> {
  await db.query(
    `INSERT INTO risk_events (account, key, code, message, market_time_ms) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT DO NOTHING`,
    [event.account, event.key, event.code, event.message, event.marketTimeMs],
  );
}

export async function hasRiskEvent(db: Queryable, account: string, key: string): Promise<boolean> {
  const { rowCount } = await db.query('SELECT FROM risk_events WHERE account = $1 AND key = $2', [
    account,
    key,
  ]);
  return rowCount === 1;
}

export async function audit(db: Queryable, entry: Parameters<Journal['audit']>[0]): Promise<void> {
  await db.query('INSERT INTO audit (account, command, arguments, reason, by) VALUES ($1, $2, $3, $4, $5)', [
    entry.account,
    entry.command,
    JSON.stringify(entry.arguments),
    entry.reason,
    entry.by,
  ]);
}
