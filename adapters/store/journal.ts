import type { EquityState } from '../../domain/equity';
import { lockAccount, writeMark } from './accounts';
import type { Decision, Journal } from './port';
import type { Queryable, Transaction } from './transaction';

export async function recordDecision(db: Queryable, decision: Decision): Promise<void> {
  const { account, session, strategy, symbol, barCloseMs, outcome, reasons, close, positionId } = decision;
  const { strategyVersion = null } = decision;
  await db.query(
    `INSERT INTO decisions (account, session, strategy, symbol, bar_close_ms, outcome, reasons, close, position_id, strategy_version)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
     ON CONFLICT (account, session, strategy, symbol, bar_close_ms) DO UPDATE
     SET outcome = excluded.outcome, reasons = excluded.reasons, close = excluded.close,
       position_id = excluded.position_id, strategy_version = excluded.strategy_version`,
    [
      ...[
        account,
        session,
        strategy,
        symbol,
        barCloseMs,
        outcome,
        JSON.stringify(reasons),
        close,
        positionId,
      ],
      strategyVersion,
    ],
  );
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
