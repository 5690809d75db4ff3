import { maximum } from '../../domain/decimal';
import type { EquityState } from '../../domain/equity';
import { TradingMode } from '../../domain/risk';
import { forgetObservations } from './observations';
import type { AccountState, ModeChange } from './port';
import { StoreError, StoreErrorCode } from './store-error';
import type { Queryable, Transaction } from './transaction';

interface AccountRow {
  readonly account: string;
  readonly session: string;
  readonly mode: TradingMode;
  readonly mode_reason: string;
  readonly halt_epoch: number;
  readonly equity: EquityState | null;
  readonly foreign_holdings: AccountState['foreignHoldings'];
  readonly measured_since_ms: string;
  readonly measured_since_market_ms: string;
}

const accountState = (row: AccountRow): AccountState => ({
  account: row.account,
  session: row.session,
  mode: row.mode,
  modeReason: row.mode_reason,
  haltEpoch: row.halt_epoch,
  equity: row.equity,
  foreignHoldings: row.foreign_holdings,
  measuredSince: {
    wallTimeMs: Number(row.measured_since_ms),
    marketTimeMs: Number(row.measured_since_market_ms),
  },
});

export async function findAccount(db: Queryable, account: string): Promise<AccountState | undefined> {
  const { rows } = await db.query<AccountRow>('SELECT * FROM accounts WHERE account = $1', [account]);
  return rows.map(accountState)[0];
}

/**
 * Locks the account's row against other grants, sends and halts. It is the lock which a plain UPDATE takes; the
 * stronger FOR UPDATE would also hold up every insert that merely refers to the account.
 * @throws StoreError `unknown-account`
 */
export async function lockAccount(tx: Transaction, account: string): Promise<AccountState> {
  const { rows } = await tx.query<AccountRow>('SELECT * FROM accounts WHERE account = $1 FOR NO KEY UPDATE', [
    account,
  ]);
  const [row] = rows;
  if (row === undefined) {
    const message = `Account ${account} is not in the journal; it is created when a worker opens it.`;
    throw new StoreError(StoreErrorCode.UnknownAccount, message);
  }
  return accountState(row);
}

/** The account of an order, locked against halts and grants but not against other sends; undefined without the order. */
export async function shareAccountOf(
  tx: Transaction,
  clientOrderId: string,
): Promise<AccountState | undefined> {
  const { rows } = await tx.query<AccountRow>(
    'SELECT a.* FROM accounts a JOIN orders o ON o.account = a.account WHERE o.client_order_id = $1 FOR SHARE OF a',
    [clientOrderId],
  );
  return rows.map(accountState)[0];
}

/**
 * Creates the account, or moves it to `session` when that is another one. The mode and the halt epoch survive the move:
 * a halt ends by a person's word only. Equity begins anew.
 */
export async function openAccount(tx: Transaction, account: string, session: string): Promise<AccountState> {
  await tx.query('INSERT INTO accounts (account, session) VALUES ($1, $2) ON CONFLICT DO NOTHING', [
    account,
    session,
  ]);
  const before = await lockAccount(tx, account);
  if (before.session === session) return before;
  const { rows } = await tx.query<AccountRow>(
    `UPDATE accounts SET session = $2, equity = NULL, equity_at_ms = NULL, foreign_holdings = DEFAULT,
       measured_since_market_ms = 0
     WHERE account = $1 RETURNING *`,
    [account, session],
  );
  const [moved] = rows.map(accountState);
  return moved ?? before;
}

/** @throws StoreError `unknown-account` */
export async function recordForeignHoldings(
  tx: Transaction,
  account: string,
  holdings: AccountState['foreignHoldings'],
): Promise<void> {
  await lockAccount(tx, account);
  await tx.query('UPDATE accounts SET foreign_holdings = $2 WHERE account = $1', [account, holdings]);
}

/**
 * One halt: epoch and mode in one row. Sends hold that row, so none that has not seen the halt commits after it. While
 * the account is HALTED another halt joins the one in force, for a second epoch would disarm who works in the first.
 * @returns the epoch in force, or the one that this key raised
 */
export async function raiseHalt(
  tx: Transaction,
  account: string,
  halt: { readonly key: string; readonly reason: string; readonly by: string },
): Promise<number> {
  const before = await lockAccount(tx, account);
  const { rows } = await tx.query<{ epoch: number }>(
    'SELECT epoch FROM halt_epochs WHERE account = $1 AND key = $2',
    [account, halt.key],
  );
  const [known] = rows;
  if (known !== undefined) return known.epoch;
  if (before.mode === TradingMode.Halted) return before.haltEpoch;

  const epoch = before.haltEpoch + 1;
  await tx.query(
    'INSERT INTO halt_epochs (account, epoch, key, reason, raised_by) VALUES ($1, $2, $3, $4, $5)',
    [account, epoch, halt.key, halt.reason, halt.by],
  );
  await writeMode(tx, before, TradingMode.Halted, epoch, halt);
  return epoch;
}

/**
 * Changes the mode; repeating it changes nothing. With `measureAfresh`, losses count from the latest mark on, and failures, floods and missing stops
 * from now: without that, what stopped an account would stop it again at once. With a
 * `key`, a repetition changes nothing even when the mode is another one by now.
 * @throws StoreError `misuse` for HALTED, which only a halt may set; `stale-epoch` when leaving it without its epoch
 */
export async function setMode(
  tx: Transaction,
  account: string,
  mode: TradingMode,
  change: ModeChange,
): Promise<AccountState> {
  if (mode === TradingMode.Halted) {
    const message = `Account ${account} cannot be set to HALTED: raise a halt, which also raises its epoch.`;
    throw new StoreError(StoreErrorCode.Misuse, message);
  }
  const before = await lockAccount(tx, account);
  if (change.key !== undefined && !(await isFirst(tx, account, mode, { ...change, key: change.key })))
    return before;
  if (before.mode === mode) return before;
  if (before.mode === TradingMode.Halted && change.epoch !== before.haltEpoch) {
    const given = change.epoch === undefined ? 'no epoch' : `epoch ${change.epoch}`;
    const message = `Account ${account} is halted in epoch ${before.haltEpoch}, but ${given} was given. Look at the halt, then resume trading with its epoch.`;
    throw new StoreError(StoreErrorCode.StaleEpoch, message);
  }
  const after = await writeMode(tx, before, mode, before.haltEpoch, change);
  return change.measureAfresh === undefined ? after : measureAfresh(tx, after, change.measureAfresh);
}

async function measureAfresh(
  tx: Transaction,
  { account, equity }: AccountState,
  { wallTimeMs, marketTimeMs }: NonNullable<ModeChange['measureAfresh']>,
): Promise<AccountState> {
  await forgetObservations(tx, account);
  const afresh: EquityState | null = equity && {
    ...equity,
    equityAtDayStart: equity.equity,
    peakEquity: equity.equity,
  };
  const { rows } = await tx.query<AccountRow>(
    `UPDATE accounts SET equity = $2, measured_since_ms = $3,
       measured_since_market_ms = coalesce($4::bigint, equity_at_ms, measured_since_market_ms)
     WHERE account = $1 RETURNING *`,
    [account, afresh, wallTimeMs, marketTimeMs],
  );
  const [measured] = rows.map(accountState);
  if (measured === undefined) throw new Error(`Account ${account} is gone, though it is locked.`);
  return measured;
}

/** Remembers the request by its key; false when it was remembered before. */
async function isFirst(
  tx: Transaction,
  account: string,
  mode: TradingMode,
  { key, reason, by }: ModeChange & { readonly key: string },
): Promise<boolean> {
  const { rowCount } = await tx.query(
    `INSERT INTO risk_events (account, key, code, message) VALUES ($1, $2, 'mode-change', $3) ON CONFLICT DO NOTHING`,
    [account, key, `${mode} by ${by}: ${reason}`],
  );
  return rowCount === 1;
}

async function writeMode(
  tx: Transaction,
  before: AccountState,
  mode: TradingMode,
  haltEpoch: number,
  change: { readonly reason: string; readonly by: string },
): Promise<AccountState> {
  const { reason, by } = change;
  await tx.query('UPDATE accounts SET mode = $2, mode_reason = $3, halt_epoch = $4 WHERE account = $1', [
    before.account,
    mode,
    reason,
    haltEpoch,
  ]);
  await tx.query(
    `INSERT INTO mode_changes (account, from_mode, to_mode, halt_epoch, reason, changed_by)
     VALUES ($1, $2, $3, $4, $5, $6)`,
    [before.account, before.mode, mode, haltEpoch, reason, by],
  );
  return { ...before, mode, modeReason: reason, haltEpoch };
}

/**
 * Makes `state` the account's latest mark, unless a later one is known; a peak, once seen, stays. The account must be
 * locked by this transaction.
 */
export async function writeMark(
  tx: Transaction,
  before: AccountState,
  state: EquityState,
  marketTimeMs: number,
): Promise<void> {
  const peakEquity =
    before.equity === null ? state.peakEquity : maximum(before.equity.peakEquity, state.peakEquity);
  await tx.query(
    `UPDATE accounts SET equity_at_ms = greatest(equity_at_ms, $3),
       equity = CASE WHEN equity_at_ms > $3 THEN equity ELSE $2::jsonb END || jsonb_build_object('peakEquity', $4::text)
     WHERE account = $1`,
    [before.account, state, marketTimeMs, peakEquity],
  );
}
