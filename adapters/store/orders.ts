import { decimal, lessThan, type DecimalString } from '../../domain/decimal';
import type { Side } from '../../domain/order';
import { OrderState, isTerminal, type Leg, type OrderType, type OrderView } from '../../domain/order';
import { StoreError, StoreErrorCode } from './store-error';
import type { Queryable, Transaction } from './transaction';

/** PostgreSQL's numeric and bigint arrive as text. */
export interface OrderRow {
  readonly client_order_id: string;
  readonly position_id: string;
  readonly account: string;
  readonly symbol: string;
  readonly leg: Leg;
  readonly sequence: number;
  readonly side: Side;
  readonly type: OrderType;
  readonly quantity: string;
  readonly limit_price: string | null;
  readonly stop_price: string | null;
  readonly state: OrderState;
  readonly filled_quantity: string;
  readonly filled_quote: string;
  readonly exchange_order_id: string | null;
  readonly replaces: string | null;
  readonly send_deadline_ms: string | null;
  readonly triggered_at_ms: string | null;
  readonly reason: string | null;
  readonly version: number;
}

export const decimalOrNull = (text: string | null): DecimalString | null =>
  text === null ? null : decimal(text);
export const integerOrNull = (text: string | null): number | null => (text === null ? null : Number(text));

export function orderView(row: OrderRow): OrderView {
  return {
    clientOrderId: row.client_order_id,
    positionId: row.position_id,
    account: row.account,
    symbol: row.symbol,
    leg: row.leg,
    sequence: row.sequence,
    side: row.side,
    type: row.type,
    quantity: decimal(row.quantity),
    limitPrice: decimalOrNull(row.limit_price),
    stopPrice: decimalOrNull(row.stop_price),
    state: row.state,
    filledQuantity: decimal(row.filled_quantity),
    filledQuote: decimal(row.filled_quote),
    exchangeOrderId: row.exchange_order_id,
    replaces: row.replaces,
    sendDeadlineMs: integerOrNull(row.send_deadline_ms),
    triggeredAtMs: integerOrNull(row.triggered_at_ms),
    reason: row.reason,
    version: row.version,
  };
}

/** The exchange reported it filled, but not all of its fills are journaled: what is held is not known yet. */
export const lacksFills = (order: OrderView): boolean =>
  order.state === OrderState.Filled && lessThan(order.filledQuantity, order.quantity);

export const ORDER_COLUMNS = `o.client_order_id, o.position_id, o.account, o.symbol, o.leg, o.sequence, o.side, o.type, o.quantity,
  o.limit_price, o.stop_price, o.state, o.filled_quantity, o.filled_quote, o.exchange_order_id, o.replaces,
  o.send_deadline_ms, o.triggered_at_ms, o.reason, o.version`;

/** One order as it is, or undefined. */
export async function findOrder(db: Queryable, clientOrderId: string): Promise<OrderView | undefined> {
  const { rows } = await db.query<OrderRow>(
    `SELECT ${ORDER_COLUMNS} FROM orders o WHERE client_order_id = $1`,
    [clientOrderId],
  );
  return rows.map(orderView)[0];
}

/** All orders of these positions, oldest first within each leg. `lock` holds their rows until the transaction ends. */
export async function ordersOf(
  db: Queryable,
  positionIds: readonly string[],
  lock: boolean,
): Promise<readonly OrderView[]> {
  const { rows } = await db.query<OrderRow>(
    `SELECT ${ORDER_COLUMNS} FROM orders o WHERE position_id = ANY($1)
     ORDER BY position_id, leg, sequence ${lock ? 'FOR NO KEY UPDATE' : ''}`,
    [positionIds],
  );
  return rows.map(orderView);
}

/** Orders of the account's current session whose end is not known, oldest first. */
export async function unsettledOrders(db: Queryable, account: string): Promise<readonly OrderView[]> {
  const unsettled = Object.values(OrderState).filter((state) => !isTerminal(state));
  const { rows } = await db.query<OrderRow>(
    `SELECT ${ORDER_COLUMNS} FROM orders o JOIN positions p USING (position_id) JOIN accounts a ON a.account = o.account
     WHERE o.account = $1 AND p.session = a.session AND o.state = ANY($2) ORDER BY o.created_at, o.client_order_id`,
    [account, unsettled],
  );
  return rows.map(orderView);
}

/** Every name under which the exchange may tell of our orders: by client id, or by its own id in the current session. */
export async function findOwners(
  db: Queryable,
  account: string,
  ids: { readonly clientOrderIds: readonly string[]; readonly exchangeOrderIds: readonly string[] },
): Promise<readonly OrderView[]> {
  const { rows } = await db.query<OrderRow>(
    `SELECT ${ORDER_COLUMNS} FROM orders o JOIN positions p USING (position_id) JOIN accounts a ON a.account = o.account
     WHERE o.account = $1
       AND (o.client_order_id = ANY($2) OR (o.exchange_order_id = ANY($3) AND p.session = a.session))`,
    [account, ids.clientOrderIds, ids.exchangeOrderIds],
  );
  return rows.map(orderView);
}

export type NewOrder = Pick<
  OrderView,
  | 'clientOrderId'
  | 'positionId'
  | 'account'
  | 'symbol'
  | 'leg'
  | 'sequence'
  | 'side'
  | 'type'
  | 'quantity'
  | 'limitPrice'
  | 'stopPrice'
  | 'replaces'
>;

/** Commits an order to the outbox, with the first row of its history. */
export async function insertOrder(tx: Transaction, order: NewOrder): Promise<OrderView> {
  const { rows } = await tx.query<OrderRow>(
    `WITH o AS (
       INSERT INTO orders (client_order_id, position_id, account, symbol, leg, sequence, side, type, quantity,
         limit_price, stop_price, replaces)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING *
     ), logged AS (
       INSERT INTO order_events (client_order_id, event, to_state, version, quantity, filled_quantity)
       SELECT client_order_id, 'planned', state, version, quantity, filled_quantity FROM o
     )
     SELECT ${ORDER_COLUMNS} FROM o`,
    [
      order.clientOrderId,
      order.positionId,
      order.account,
      order.symbol,
      order.leg,
      order.sequence,
      order.side,
      order.type,
      order.quantity,
      order.limitPrice,
      order.stopPrice,
      order.replaces,
    ],
  );
  return onlyOrder(rows, order.clientOrderId);
}

/**
 * Writes what has become of an order, with a row of its history. Its position must be locked by this transaction.
 *
 * @param event an `OrderEvent`, or `fill`
 * @param sentInEpoch the halt epoch of a send that begins now
 */
export async function writeOrder(
  tx: Transaction,
  event: string,
  before: OrderView,
  after: OrderView,
  sentInEpoch: number | null = null,
): Promise<OrderView> {
  const { rows } = await tx.query<OrderRow>(
    `WITH o AS (
       UPDATE orders SET state = $3, quantity = $4, filled_quantity = $5, filled_quote = $6, exchange_order_id = $7,
         send_deadline_ms = $8, reason = $9, epoch = coalesce($10::integer, epoch),
         attempts = attempts + ($10 IS NOT NULL)::integer, triggered_at_ms = $13, version = version + 1, changed_at = clock_timestamp()
       WHERE client_order_id = $1 AND version = $2 RETURNING *
     ), logged AS (
       INSERT INTO order_events (client_order_id, event, from_state, to_state, version, epoch, quantity,
         filled_quantity, exchange_order_id, reason)
       SELECT client_order_id, $11, $12, state, version, epoch, quantity, filled_quantity, exchange_order_id, reason
       FROM o
     )
     SELECT ${ORDER_COLUMNS} FROM o`,
    [
      before.clientOrderId,
      before.version,
      after.state,
      after.quantity,
      after.filledQuantity,
      after.filledQuote,
      after.exchangeOrderId,
      after.sendDeadlineMs,
      after.reason,
      sentInEpoch,
      event,
      before.state,
      after.triggeredAtMs ?? null,
    ],
  );
  return onlyOrder(rows, before.clientOrderId);
}

function onlyOrder(rows: readonly OrderRow[], clientOrderId: string): OrderView {
  const [row] = rows;
  if (row === undefined) {
    const message = `Order ${clientOrderId} changed while its position was locked: somebody writes past the store.`;
    throw new StoreError(StoreErrorCode.Conflict, message);
  }
  return orderView(row);
}
