import type { Timeframe } from '../../domain/bar';
import { decimal, greaterThan, type DecimalString } from '../../domain/decimal';
import { RefusalCode } from '../../domain/errors';
import { roundLongStop, type Instrument } from '../../domain/instrument';
import { ledgerOf } from '../../domain/ledger';
import { isTerminal, Leg, OrderEvent, OrderState, transition, type OrderView } from '../../domain/order';
import { sellable } from '../../domain/planner';
import { PositionState, type ExitReason, type PositionView } from '../../domain/position';
import { fillsOf } from './fills';
import { recordRiskEvent } from './journal';
import { decimalOrNull, integerOrNull, lacksFills, ordersOf, writeOrder } from './orders';
import { StoreError, StoreErrorCode } from './store-error';
import type { Queryable, Transaction } from './transaction';

interface PositionRow {
  readonly position_id: string;
  readonly account: string;
  readonly session: string;
  readonly strategy: string;
  readonly symbol: string;
  readonly timeframe: Timeframe;
  readonly bar_close_ms: string;
  readonly instrument: Instrument;
  readonly state: PositionState;
  readonly stop_price: string;
  readonly exit_reason: ExitReason | null;
  readonly opened_at_ms: string | null;
  readonly closed_at_ms: string | null;
  readonly unprotected_ms: string;
  readonly missing_quantity: string;
  readonly delisted_at_ms: string | null;
  readonly epoch: number;
  readonly quantity: string;
  readonly limit_price: string;
  readonly target_price: string;
  readonly trail_distance: string | null;
  readonly reserved_quote: string;
  readonly granted_at_ms: string;
  readonly expires_at_ms: string;
}

const SELECT = `SELECT p.position_id, p.account, p.session, p.strategy, p.symbol, p.timeframe, p.bar_close_ms, p.instrument,
    p.state, p.stop_price, p.exit_reason, p.opened_at_ms, p.closed_at_ms, p.unprotected_ms, p.missing_quantity, p.delisted_at_ms, g.epoch, g.quantity,
    g.limit_price, coalesce(p.target_price, g.target_price) AS target_price, g.trail_distance, g.reserved_quote, g.granted_at_ms,
    least(g.expires_at_ms, p.entry_until_ms) AS expires_at_ms
  FROM positions p JOIN approvals g USING (position_id)`;

function positionView(
  row: PositionRow,
  orders: readonly OrderView[],
  fills: Parameters<typeof ledgerOf>[0],
): PositionView {
  return {
    positionId: row.position_id,
    account: row.account,
    session: row.session,
    strategy: row.strategy,
    symbol: row.symbol,
    timeframe: row.timeframe,
    barCloseMs: Number(row.bar_close_ms),
    state: row.state,
    epoch: row.epoch,
    quantity: decimal(row.quantity),
    limitPrice: decimal(row.limit_price),
    stopPrice: decimal(row.stop_price),
    targetPrice: decimal(row.target_price),
    trailDistance: decimalOrNull(row.trail_distance),
    reservedQuote: decimal(row.reserved_quote),
    expiresAtMs: Number(row.expires_at_ms),
    exitReason: row.exit_reason,
    grantedAtMs: Number(row.granted_at_ms),
    openedAtMs: integerOrNull(row.opened_at_ms),
    closedAtMs: integerOrNull(row.closed_at_ms),
    unprotectedMs: Number(row.unprotected_ms),
    orders,
    ledger: ledgerOf(fills, row.instrument),
    missingQuantity: decimal(row.missing_quantity),
    delistedAtMs: integerOrNull(row.delisted_at_ms),
    instrument: row.instrument,
  };
}

/**
 * Orders are read before fills: outside a snapshot, a fill that lands in between is then counted as held and as still
 * reserved, never as neither.
 */
async function complete(
  db: Queryable,
  rows: readonly PositionRow[],
  lock: boolean,
): Promise<readonly PositionView[]> {
  if (rows.length === 0) return [];
  const ids = rows.map((row) => row.position_id);
  const orders = await ordersOf(db, ids, lock);
  const fills = await fillsOf(db, ids);
  return rows.map((row) => {
    const isOurs = ({ positionId }: { readonly positionId: string }): boolean =>
      positionId === row.position_id;
    return positionView(row, orders.filter(isOurs), fills.filter(isOurs));
  });
}

export async function findPosition(db: Queryable, positionId: string): Promise<PositionView | undefined> {
  const { rows } = await db.query<PositionRow>(`${SELECT} WHERE p.position_id = $1`, [positionId]);
  return (await complete(db, rows, false))[0];
}

/** The live positions of the account's current session, oldest first. */
export function livePositions(db: Queryable, account: string): Promise<readonly PositionView[]> {
  const clause = `JOIN accounts a ON a.account = p.account
    WHERE p.account = $1 AND p.session = a.session AND p.state = 'live' ORDER BY p.created_at, p.position_id`;
  return selectPositions(db, clause, [account]);
}

/** Positions of the account's current session that are live or were closed at or after `sinceMs`, oldest first. */
export function recentPositions(
  db: Queryable,
  account: string,
  sinceMs: number,
): Promise<readonly PositionView[]> {
  const clause = `JOIN accounts a ON a.account = p.account
    WHERE p.account = $1 AND p.session = a.session AND (p.state = 'live' OR p.closed_at_ms >= $2)
    ORDER BY p.created_at, p.position_id`;
  return selectPositions(db, clause, [account, sinceMs]);
}

/** Positions chosen by the rest of a query, whose table `positions` is called `p`. */
export async function selectPositions(
  db: Queryable,
  clause: string,
  values: readonly unknown[],
): Promise<readonly PositionView[]> {
  const { rows } = await db.query<PositionRow>(`${SELECT} ${clause}`, [...values]);
  return complete(db, rows, false);
}

/**
 * The position with its orders, locked until the transaction ends. Whoever writes an order holds this lock, so nothing
 * about the position changes meanwhile. An account lock, when needed, is taken before.
 * @throws StoreError `unknown-position`
 */
export async function lockPosition(tx: Transaction, positionId: string): Promise<PositionView> {
  const { rows } = await tx.query<PositionRow>(`${SELECT} WHERE p.position_id = $1 FOR NO KEY UPDATE OF p`, [
    positionId,
  ]);
  const [position] = await complete(tx, rows, true);
  if (position === undefined) {
    throw new StoreError(StoreErrorCode.UnknownPosition, `Position ${positionId} is not in the journal.`);
  }
  return position;
}

/** The position of an order and the order in it, both locked; undefined when there is no such order. */
export async function lockOrder(
  tx: Transaction,
  clientOrderId: string,
): Promise<{ readonly position: PositionView; readonly order: OrderView } | undefined> {
  const { rows } = await tx.query<PositionRow>(
    `${SELECT} JOIN orders o USING (position_id) WHERE o.client_order_id = $1 FOR NO KEY UPDATE OF p`,
    [clientOrderId],
  );
  const [position] = await complete(tx, rows, true);
  const order = position?.orders.find((each) => each.clientOrderId === clientOrderId);
  return position === undefined || order === undefined ? undefined : { position, order };
}

export async function wishExit(
  db: Queryable | Transaction,
  positionId: string,
  reason: ExitReason,
): Promise<boolean> {
  const { rowCount } = await db.query(
    `UPDATE positions SET exit_reason = coalesce(exit_reason, $2), exit_wished_at = coalesce(exit_wished_at, clock_timestamp())
     WHERE position_id = $1 AND state = 'live'`,
    [positionId, reason],
  );
  return rowCount === 1;
}

/** True when `stopPrice` is now the wished stop of a live position. */
export async function wishStop(
  db: Queryable | Transaction,
  positionId: string,
  stopPrice: DecimalString,
): Promise<boolean> {
  const { rows } = await db.query<{ stop_price: string }>(
    `UPDATE positions SET stop_price = greatest(stop_price, $2) WHERE position_id = $1 AND state = 'live'
     RETURNING stop_price`,
    [positionId, stopPrice],
  );
  const [row] = rows;
  return row !== undefined && !greaterThan(decimal(row.stop_price), stopPrice);
}

/** True when `targetPrice` is now the target of a live position. */
export async function wishTarget(
  tx: Transaction,
  positionId: string,
  targetPrice: DecimalString,
): Promise<boolean> {
  const { rowCount } = await tx.query(
    `UPDATE positions SET target_price = $2 WHERE position_id = $1 AND state = 'live'`,
    [positionId, targetPrice],
  );
  return rowCount === 1;
}

/**
 * Lets the entry of a live position expire at a market time, if that is sooner than approved: it is not sent any more, and what rests of
 * it is cancelled by its owner. What it has bought stays, with its stop.
 */
export async function withdrawEntry(tx: Transaction, positionId: string, untilMs: number): Promise<boolean> {
  const { rowCount } = await tx.query(
    `UPDATE positions SET entry_until_ms = least(entry_until_ms, $2) WHERE position_id = $1 AND state = 'live'`,
    [positionId, untilMs],
  );
  return rowCount === 1;
}

/** Takes over other rules for a live position, its wished stop rounded up to their tick: it never risks more. */
export async function updateInstrument(
  tx: Transaction,
  positionId: string,
  instrument: Instrument,
): Promise<void> {
  const { rows } = await tx.query<{ stop_price: string }>(
    `SELECT stop_price FROM positions WHERE position_id = $1 AND state = 'live' FOR NO KEY UPDATE`,
    [positionId],
  );
  const [row] = rows;
  if (row === undefined) return;
  const stopPrice = roundLongStop(instrument, decimal(row.stop_price));
  await tx.query('UPDATE positions SET instrument = $2, stop_price = $3 WHERE position_id = $1', [
    positionId,
    instrument,
    stopPrice,
  ]);
}

export async function recordUnprotected(
  tx: Transaction,
  positionId: string,
  key: string,
  durationMs: number,
): Promise<void> {
  const { rowCount } = await tx.query(
    'INSERT INTO unprotected (position_id, key, duration_ms) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
    [positionId, key, durationMs],
  );
  if (rowCount !== 1) return;
  await tx.query('UPDATE positions SET unprotected_ms = unprotected_ms + $2 WHERE position_id = $1', [
    positionId,
    durationMs,
  ]);
}

/**
 * Closes the position when nothing sellable is held and every order is over. Stops and exits that were never sent end
 * with it: under the lock they are withdrawn, so they never will be.
 */
export async function closePosition(
  tx: Transaction,
  positionId: string,
  reason: ExitReason,
  marketTimeMs: number,
): Promise<PositionView> {
  const position = await lockPosition(tx, positionId);
  const unsent = position.orders.filter(
    (order) => order.state === OrderState.Created && order.leg !== Leg.Entry,
  );
  const over = (order: OrderView): boolean =>
    (isTerminal(order.state) && !lacksFills(order)) || unsent.includes(order);
  const flat = sellable(position).dust !== undefined && position.orders.every(over);
  if (position.state === PositionState.Closed || !flat) return position;

  for (const order of unsent) {
    const state = transition(order.state, OrderEvent.Withdrawn);
    await writeOrder(tx, OrderEvent.Withdrawn, order, {
      ...order,
      state,
      reason: RefusalCode.NothingToReduce,
    });
  }
  await tx.query(
    `UPDATE positions SET state = 'closed', exit_reason = coalesce(exit_reason, $2), closed_at_ms = $3, realised_pnl = $4
     WHERE position_id = $1`,
    [positionId, reason, marketTimeMs, position.ledger.realisedPnl],
  );
  return lockPosition(tx, positionId);
}

/**
 * Brings a closed position back to life, because an order of it has turned up or filled after all: it is flattened
 * again by whoever adopts it. `news` tells what happened, in a few words. A live position is left alone.
 */
export async function reopen(tx: Transaction, position: PositionView, news: string): Promise<void> {
  if (position.state !== PositionState.Closed) return;
  await tx.query(
    `UPDATE positions SET state = 'live', reopened = true, closed_at_ms = NULL, realised_pnl = NULL, owes_memory = true
     WHERE position_id = $1`,
    [position.positionId],
  );
  await recordRiskEvent(tx, {
    account: position.account,
    code: 'reopened',
    message: `Position ${position.positionId} was closed and is live again: ${news}.`,
    marketTimeMs: null,
    key: `reopened/${position.positionId}/${news}`,
  });
}
