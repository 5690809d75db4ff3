import type { Pool } from 'pg';
import { decimal, type DecimalString } from '../../domain/decimal';
import type { EquityState } from '../../domain/equity';
import type { OrderState, OrderView } from '../../domain/order';
import type { PositionState, PositionView } from '../../domain/position';
import type { TradingMode } from '../../domain/risk';
import type { Reason } from '../../domain/strategy';
import { decisionIds, readDecisionRecord, type DecisionRecord } from './decision-record';
import { FILL_COLUMNS, ownedFill, type FillRow, type FillSource, type OwnedFill } from './fills';
import { decimalOrNull, integerOrNull, ORDER_COLUMNS, orderView, type OrderRow } from './orders';
import type { AccountState, DecisionOutcome } from './port';
import { selectPositions } from './positions';
import { readRun, type RunFilter, type RunRecord } from './run-record';
import { inSession, select, sharedConditions, type ListFilter } from './selection';
import { totalsOf, type Totals } from './totals';
import { findAccount } from './accounts';
import { inSnapshot } from './transaction';

/** An order with the wall times (ISO 8601) of its plan and its last change. */
export interface ListedOrder extends OrderView {
  readonly strategy: string;
  readonly createdAt: string;
  readonly changedAt: string;
}

export interface ListedTrade extends OwnedFill {
  readonly strategy: string;
  readonly leg: string;
  readonly source: FillSource;
}

export interface ListedDecision {
  /** Twelve hexadecimal digits, the same for the same decision; eight tell it from all others nearly always. */
  readonly decisionId: string;
  readonly session: string;
  readonly strategy: string;
  readonly symbol: string;
  readonly barCloseMs: number;
  readonly outcome: DecisionOutcome;
  readonly reasons: readonly Reason[];
  readonly close: DecimalString | null;
  readonly positionId: string | null;
  readonly recordedAt: string;
}

export interface EquityPoint extends EquityState {
  readonly marketTimeMs: number;
}

export interface ListedRiskEvent {
  readonly code: string;
  readonly message: string;
  readonly marketTimeMs: number | null;
  readonly recordedAt: string;
}

export interface ListedModeChange {
  readonly fromMode: TradingMode;
  readonly toMode: TradingMode;
  readonly haltEpoch: number;
  readonly reason: string;
  readonly by: string;
  readonly changedAt: string;
}

export interface AuditEntry {
  readonly command: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly reason: string | null;
  readonly by: string;
  readonly recordedAt: string;
}

type AccountFilter = Pick<ListFilter, 'account' | 'limit'>;

/**
 * The journal's read side, for the CLI, the live view and dashboards. Everything is plain JSON: decimals as strings,
 * market times in milliseconds, wall times as ISO 8601. Lists are newest first unless they say otherwise.
 */
export interface Views {
  account(account: string): Promise<AccountState | undefined>;
  positions(filter: ListFilter & { readonly state?: PositionState }): Promise<readonly PositionView[]>;
  orders(
    filter: ListFilter & { readonly states?: readonly OrderState[]; readonly positionId?: string },
  ): Promise<readonly ListedOrder[]>;
  trades(filter: ListFilter & { readonly positionId?: string }): Promise<readonly ListedTrade[]>;
  decisions(
    filter: ListFilter & { readonly outcomes?: readonly DecisionOutcome[] },
  ): Promise<readonly ListedDecision[]>;
  /** Full ids of the account's decisions that begin with `prefix`, of whatever session: at most `limit`. */
  decisionIds(account: string, prefix: string, limit: number): Promise<readonly string[]>;
  /** All there is about a decision, by its full id. @param origins whose moods count in a session */
  decision(
    account: string,
    decisionId: string,
    origins: (session: string) => readonly string[],
  ): Promise<DecisionRecord | undefined>;
  /** The newest points, oldest first. */
  equityCurve(
    filter: Pick<ListFilter, 'account' | 'session' | 'limit'> & { readonly sinceMs?: number },
  ): Promise<readonly EquityPoint[]>;
  latestEquity(account: string): Promise<EquityPoint | undefined>;
  riskEvents(filter: AccountFilter & { readonly code?: string }): Promise<readonly ListedRiskEvent[]>;
  modeChanges(filter: AccountFilter): Promise<readonly ListedModeChange[]>;
  auditTrail(filter: AccountFilter): Promise<readonly AuditEntry[]>;
  /** Sums over one session, the current one by default. */
  totals(filter: Pick<ListFilter, 'account' | 'session'>): Promise<Totals>;
  /** All of one strategy in one session; undefined when it has decided nothing there. */
  run(filter: RunFilter): Promise<RunRecord | undefined>;
}

export function createViews(pool: Pool): Views {
  return {
    account: (account) => findAccount(pool, account),
    positions: (filter) => positions(pool, filter),
    orders: (filter) => orders(pool, filter),
    trades: (filter) => trades(pool, filter),
    decisions: (filter) => decisions(pool, filter),
    decisionIds: (account, prefix, limit) => decisionIds(pool, account, prefix, limit),
    decision: (account, id, origins) => readDecisionRecord(pool, account, id, origins),
    equityCurve: (filter) => equityCurve(pool, filter),
    latestEquity: async (account) => (await equityCurve(pool, { account, limit: 1 })).at(-1),
    riskEvents: (filter) => riskEvents(pool, filter),
    modeChanges: (filter) => modeChanges(pool, filter),
    auditTrail: (filter) => auditTrail(pool, filter),
    totals: (filter) => inSnapshot(pool, (tx) => totalsOf(tx, filter)),
    run: (filter) => readRun(pool, filter),
  };
}

function positions(pool: Pool, filter: Parameters<Views['positions']>[0]): Promise<readonly PositionView[]> {
  const { where, values, limit } = select(
    [...sharedConditions('p', filter), ['p.state = ?', filter.state]],
    filter.limit,
  );
  return inSnapshot(pool, (tx) =>
    selectPositions(tx, `${where} ORDER BY p.created_at DESC, p.position_id ${limit}`, values),
  );
}

async function orders(pool: Pool, filter: Parameters<Views['orders']>[0]): Promise<readonly ListedOrder[]> {
  const conditions = [
    ...sharedConditions('p', filter),
    ['o.state = ANY(?)', filter.states] as const,
    ['o.position_id = ?', filter.positionId] as const,
  ];
  const { where, values, limit } = select(conditions, filter.limit);
  const { rows } = await pool.query<OrderRow & { strategy: string; created_at: Date; changed_at: Date }>(
    `SELECT ${ORDER_COLUMNS}, p.strategy, o.created_at, o.changed_at FROM orders o JOIN positions p USING (position_id)
     ${where} ORDER BY o.created_at DESC, o.client_order_id ${limit}`,
    [...values],
  );
  return rows.map((row) => ({
    ...orderView(row),
    strategy: row.strategy,
    createdAt: row.created_at.toISOString(),
    changedAt: row.changed_at.toISOString(),
  }));
}

async function trades(pool: Pool, filter: Parameters<Views['trades']>[0]): Promise<readonly ListedTrade[]> {
  const conditions = [...sharedConditions('p', filter), ['o.position_id = ?', filter.positionId] as const];
  const { where, values, limit } = select(conditions, filter.limit);
  const { rows } = await pool.query<FillRow & { strategy: string; leg: string; source: FillSource }>(
    `SELECT ${FILL_COLUMNS}, p.strategy, o.leg, f.source
     FROM fills f JOIN orders o USING (client_order_id) JOIN positions p USING (position_id)
     ${where} ORDER BY f.market_time_ms DESC, f.recorded_at DESC, f.trade_id ${limit}`,
    [...values],
  );
  return rows.map((row) => ({ ...ownedFill(row), strategy: row.strategy, leg: row.leg, source: row.source }));
}

interface DecisionRow extends Pick<
  ListedDecision,
  'session' | 'strategy' | 'symbol' | 'outcome' | 'reasons'
> {
  readonly decision_id: string;
  readonly bar_close_ms: string;
  readonly close: string | null;
  readonly position_id: string | null;
  readonly strategy_version: string | null;
  readonly recorded_at: Date;
}

async function decisions(
  pool: Pool,
  filter: Parameters<Views['decisions']>[0],
): Promise<readonly ListedDecision[]> {
  const { where, values, limit } = select(
    [...sharedConditions('d', filter), ['d.outcome = ANY(?)', filter.outcomes]],
    filter.limit,
  );
  const { rows } = await pool.query<DecisionRow>(
    `SELECT decision_id, session, strategy, symbol, bar_close_ms, outcome, reasons, close, position_id, strategy_version, recorded_at
     FROM decisions d ${where} ORDER BY bar_close_ms DESC, strategy, symbol ${limit}`,
    [...values],
  );
  return rows.map(
    ({ decision_id, bar_close_ms, position_id, strategy_version, recorded_at, close, ...same }) => ({
      decisionId: decision_id,
      ...same,
      strategyVersion: strategy_version,
      barCloseMs: Number(bar_close_ms),
      close: decimalOrNull(close),
      positionId: position_id,
      recordedAt: recorded_at.toISOString(),
    }),
  );
}

interface EquityRow {
  readonly market_time_ms: string;
  readonly equity: string;
  readonly equity_at_day_start: string;
  readonly peak_equity: string;
  readonly day_start_ms: string;
}

async function equityCurve(
  pool: Pool,
  filter: Parameters<Views['equityCurve']>[0],
): Promise<readonly EquityPoint[]> {
  const { where, values, limit } = select(
    [
      ['e.account = ?', filter.account],
      inSession('e', filter.session),
      ['e.market_time_ms >= ?', filter.sinceMs],
    ],
    filter.limit,
  );
  const { rows } = await pool.query<EquityRow>(
    `SELECT market_time_ms, equity, equity_at_day_start, peak_equity, day_start_ms FROM equity e
     ${where} ORDER BY market_time_ms DESC ${limit}`,
    [...values],
  );
  return rows.reverse().map((row) => ({
    marketTimeMs: Number(row.market_time_ms),
    equity: decimal(row.equity),
    equityAtDayStart: decimal(row.equity_at_day_start),
    peakEquity: decimal(row.peak_equity),
    dayStartMs: Number(row.day_start_ms),
  }));
}

async function riskEvents(
  pool: Pool,
  filter: Parameters<Views['riskEvents']>[0],
): Promise<readonly ListedRiskEvent[]> {
  const { where, values, limit } = select(
    [
      ['account = ?', filter.account],
      ['code = ?', filter.code],
    ],
    filter.limit,
  );
  const { rows } = await pool.query<{
    code: string;
    message: string;
    market_time_ms: string | null;
    recorded_at: Date;
  }>(
    `SELECT code, message, market_time_ms, recorded_at FROM risk_events ${where} ORDER BY id DESC ${limit}`,
    [...values],
  );
  return rows.map(({ code, message, market_time_ms, recorded_at }) => ({
    code,
    message,
    marketTimeMs: integerOrNull(market_time_ms),
    recordedAt: recorded_at.toISOString(),
  }));
}

async function modeChanges(pool: Pool, filter: AccountFilter): Promise<readonly ListedModeChange[]> {
  const { where, values, limit } = select([['account = ?', filter.account]], filter.limit);
  const { rows } = await pool.query<Omit<ListedModeChange, 'changedAt'> & { changed_at: Date }>(
    `SELECT from_mode AS "fromMode", to_mode AS "toMode", halt_epoch AS "haltEpoch", reason, changed_by AS by, changed_at
     FROM mode_changes ${where} ORDER BY id DESC ${limit}`,
    [...values],
  );
  return rows.map(({ changed_at, ...same }) => ({ ...same, changedAt: changed_at.toISOString() }));
}

async function auditTrail(pool: Pool, filter: AccountFilter): Promise<readonly AuditEntry[]> {
  const { where, values, limit } = select([['account = ?', filter.account]], filter.limit);
  const { rows } = await pool.query<Omit<AuditEntry, 'recordedAt'> & { recorded_at: Date }>(
    `SELECT command, arguments, reason, by, recorded_at FROM audit ${where} ORDER BY id DESC ${limit}`,
    [...values],
  );
  return rows.map(({ recorded_at, ...same }) => ({ ...same, recordedAt: recorded_at.toISOString() }));
}
