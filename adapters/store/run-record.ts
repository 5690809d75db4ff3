import type { Pool } from 'pg';
import type { Timeframe } from '../../domain/bar';
import { decimal, type DecimalString } from '../../domain/decimal';
import type { PositionView } from '../../domain/position';
import { riskLimitsSchema, type RiskLimits } from '../../domain/risk';
import type { FilterSettings } from '../../domain/strategies/filters/filter';
import type { Reason } from '../../domain/strategy';
import { findAccount } from './accounts';
import { fillsOf, type OwnedFill } from './fills';
import { decimalOrNull } from './orders';
import type { DecisionOutcome } from './port';
import { selectPositions } from './positions';
import { inSnapshot, type Queryable, type Transaction } from './transaction';

/** What a strategy decided with. */
export interface RunSettings {
  readonly strategyId: string;
  /** Of a user's strategy; null for built-in ones. */
  readonly strategyVersion: string | null;
  /** Every parameter, defaults filled in. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** What its entries had to pass; absent: nothing. */
  readonly filters?: readonly FilterSettings[];
  readonly timeframe: Timeframe;
  readonly maxHoldingBars: number | null;
}

/** The settings of a strategy, and the first bar that was decided with them. */
export interface SettingsEntry {
  readonly account: string;
  readonly session: string;
  readonly strategy: string;
  readonly barCloseMs: number;
  readonly settings: RunSettings;
}

/** Journals settings when they are others than before. */
export async function recordSettings(db: Queryable, entry: SettingsEntry): Promise<void> {
  const { account, session, strategy, barCloseMs, settings } = entry;
  await db.query(
    `INSERT INTO strategy_settings (account, session, strategy, from_bar_close_ms, settings)
     SELECT $1, $2, $3, $4::bigint, $5::jsonb WHERE $5::jsonb IS DISTINCT FROM (
       SELECT settings FROM strategy_settings
       WHERE account = $1 AND session = $2 AND strategy = $3 AND from_bar_close_ms <= $4::bigint
       ORDER BY from_bar_close_ms DESC LIMIT 1)
     ON CONFLICT (account, session, strategy, from_bar_close_ms) DO UPDATE SET settings = excluded.settings`,
    [account, session, strategy, barCloseMs, JSON.stringify(settings)],
  );
}

export interface RecordedDecision {
  readonly symbol: string;
  readonly barCloseMs: number;
  readonly outcome: DecisionOutcome;
  readonly reasons: readonly Reason[];
  readonly close: DecimalString | null;
}

/** All that the journal has of a strategy in one session, oldest first. */
export interface RunRecord {
  readonly session: string;
  readonly settings: readonly { readonly fromBarCloseMs: number; readonly settings: RunSettings }[];
  readonly decisions: readonly RecordedDecision[];
  readonly positions: readonly PositionView[];
  readonly fills: readonly OwnedFill[];
  /** Of the last grant; null when nothing was granted. */
  readonly limits: RiskLimits | null;
  /** The account's equity when the first decision was made, or soon after; null when it was never marked. */
  readonly equity: DecimalString | null;
  /** Other strategies of the account that were granted positions meanwhile, and how many. */
  readonly others: readonly { readonly strategy: string; readonly positions: number }[];
}

export interface RunFilter {
  readonly account: string;
  readonly strategy: string;
  /** The current one when left out. */
  readonly session?: string | undefined;
  /** Only decisions on bars that closed from here to before there. */
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
}

/** @returns undefined when the strategy has decided nothing there */
export const readRun = (pool: Pool, filter: RunFilter): Promise<RunRecord | undefined> =>
  inSnapshot(pool, async (tx) => {
    const session = filter.session ?? (await findAccount(tx, filter.account))?.session;
    if (session === undefined) return undefined;
    const decisions = await decisionsOf(tx, filter, session);
    const [first, last] = [decisions[0], decisions.at(-1)];
    if (first === undefined || last === undefined) return undefined;
    const key = [filter.account, session, filter.strategy];
    const positions = await selectPositions(
      tx,
      `WHERE p.account = $1 AND p.session = $2 AND p.strategy = $3 AND p.bar_close_ms BETWEEN $4 AND $5
       ORDER BY p.bar_close_ms, p.position_id`,
      [...key, first.barCloseMs, last.barCloseMs],
    );
    const ids = positions.map(({ positionId }) => positionId);
    return {
      ...{ session, decisions, positions },
      settings: await settingsOf(tx, key),
      fills: await fillsOf(tx, ids),
      limits: await limitsOf(tx, ids),
      equity: await equityAt(tx, filter.account, session, first.barCloseMs),
      others: await othersOf(tx, [...key, first.barCloseMs, last.barCloseMs]),
    };
  });

async function decisionsOf(
  tx: Transaction,
  { account, strategy, fromMs, toMs }: RunFilter,
  session: string,
): Promise<readonly RecordedDecision[]> {
  const { rows } = await tx.query<
    Pick<RecordedDecision, 'symbol' | 'outcome' | 'reasons'> & { bar_close_ms: string; close: string | null }
  >(
    `SELECT symbol, bar_close_ms, outcome, reasons, close FROM decisions
     WHERE account = $1 AND session = $2 AND strategy = $3
       AND bar_close_ms >= coalesce($4::bigint, bar_close_ms) AND bar_close_ms < coalesce($5::bigint, bar_close_ms + 1)
     ORDER BY bar_close_ms, symbol`,
    [account, session, strategy, fromMs ?? null, toMs ?? null],
  );
  return rows.map(({ bar_close_ms, close, ...same }) => ({
    ...same,
    barCloseMs: Number(bar_close_ms),
    close: decimalOrNull(close),
  }));
}

async function settingsOf(tx: Transaction, key: readonly string[]): Promise<RunRecord['settings']> {
  const { rows } = await tx.query<{ from_bar_close_ms: string; settings: RunSettings }>(
    `SELECT from_bar_close_ms, settings FROM strategy_settings
     WHERE account = $1 AND session = $2 AND strategy = $3 ORDER BY from_bar_close_ms`,
    [...key],
  );
  return rows.map(({ from_bar_close_ms, settings }) => ({
    fromBarCloseMs: Number(from_bar_close_ms),
    settings,
  }));
}

async function limitsOf(tx: Transaction, positionIds: readonly string[]): Promise<RiskLimits | null> {
  const { rows } = await tx.query<{ limits: unknown }>(
    'SELECT limits FROM approvals WHERE position_id = ANY($1) ORDER BY granted_at_ms DESC LIMIT 1',
    [positionIds],
  );
  const [row] = rows;
  return row === undefined ? null : riskLimitsSchema.parse(row.limits);
}

async function othersOf(tx: Transaction, key: readonly unknown[]): Promise<RunRecord['others']> {
  const { rows } = await tx.query<{ strategy: string; positions: number }>(
    `SELECT strategy, count(*)::integer AS positions FROM positions
     WHERE account = $1 AND session = $2 AND strategy <> $3 AND bar_close_ms BETWEEN $4 AND $5
     GROUP BY strategy ORDER BY strategy`,
    [...key],
  );
  return rows;
}

/** The last mark until then, else the first after it. */
async function equityAt(
  tx: Transaction,
  account: string,
  session: string,
  timeMs: number,
): Promise<DecimalString | null> {
  const { rows } = await tx.query<{ equity: string }>(
    `SELECT equity FROM equity WHERE account = $1 AND session = $2
     ORDER BY market_time_ms <= $3 DESC, abs(market_time_ms - $3) LIMIT 1`,
    [account, session, timeMs],
  );
  const [row] = rows;
  return row === undefined ? null : decimal(row.equity);
}
