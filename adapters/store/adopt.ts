import { add, lessThan, multiply, ONE, subtract, type DecimalString } from '../../domain/decimal';
import {
  isTerminal,
  Leg,
  OrderEvent,
  OrderState,
  OrderType,
  Side,
  transition,
  type OrderView,
} from '../../domain/order';
import { PositionState, type PositionView } from '../../domain/position';
import { idsOfSale } from '../../domain/reconciliation';
import { lockAccount } from './accounts';
import { recordRiskEvent } from './journal';
import { recordFills } from './news';
import { findOrder, insertOrder, writeOrder } from './orders';
import { findPosition, lockPosition, reopen } from './positions';
import type { FoundOrder, FoundPosition, FoundSale } from './found';
import { StoreError, StoreErrorCode } from './store-error';
import type { Queryable, Transaction } from './transaction';

/** What a journal takes over from the exchange: orders that it has lost, or that nobody planned. */

/** The event of an order's history by which it came to be known. */
const ADOPTED = 'adopted';
/** Its send is history that this journal does not have. */
const SENT_UNKNOWN_WHEN_MS = 0;

/**
 * Takes an order of the exchange into its position, or corrects the row of one that this journal planned and does not
 * know as sent. What it has filled is learnt afterwards, like all news. An order that was sent from here is left alone.
 * @throws StoreError `unknown-position`
 */
export async function adoptOrder(tx: Transaction, found: FoundOrder): Promise<OrderView> {
  const { positionId, clientOrderId, leg, sequence } = found;
  const position = await lockPosition(tx, positionId);
  const known = position.orders.find((order) => order.clientOrderId === clientOrderId);
  if (known !== undefined && (known.sendDeadlineMs ?? SENT_UNKNOWN_WHEN_MS) > SENT_UNKNOWN_WHEN_MS)
    return known;
  const { type, quantity, limitPrice, stopPrice } = found;
  if (known === undefined) await reopen(tx, position, `order ${clientOrderId} was found at the exchange`);
  const before =
    known ??
    (await insertOrder(tx, {
      ...{ clientOrderId, positionId, leg, sequence, type, quantity, limitPrice, stopPrice },
      ...{ account: position.account, symbol: position.symbol },
      side: leg === Leg.Entry ? Side.Buy : Side.Sell,
      replaces: null,
    }));
  await tx.query(
    `UPDATE orders SET type = $2, limit_price = $3, stop_price = $4 WHERE client_order_id = $1`,
    [clientOrderId, type, limitPrice, stopPrice],
  );
  if (leg === Leg.Stop && stopPrice !== null)
    await tx.query('UPDATE positions SET stop_price = greatest(stop_price, $2) WHERE position_id = $1', [
      positionId,
      stopPrice,
    ]);
  if (leg === Leg.Emergency)
    await tx.query(
      `UPDATE positions SET exit_reason = coalesce(exit_reason, 'emergency') WHERE position_id = $1`,
      [positionId],
    );
  return writeOrder(tx, ADOPTED, before, {
    ...before,
    ...{ type, quantity, limitPrice, stopPrice },
    state: isTerminal(before.state) ? before.state : transition(before.state, OrderEvent.SeenOpen),
    exchangeOrderId: before.exchangeOrderId ?? found.exchangeOrderId,
    sendDeadlineMs: SENT_UNKNOWN_WHEN_MS,
    reason: null,
  });
}

/**
 * Writes a position whose grant this journal has lost, from its entry at the exchange. It stands beside granted ones.
 * @returns the one that is there when it is known
 */
export async function recoverPosition(tx: Transaction, found: FoundPosition): Promise<PositionView> {
  const account = await lockAccount(tx, found.account);
  const { positionId, strategy, timeframe, barCloseMs, instrument, entry } = found;
  const known = await findPosition(tx, positionId);
  if (known !== undefined) return known;
  await tx.query(
    `INSERT INTO positions (position_id, account, session, strategy, symbol, timeframe, bar_close_ms, instrument, stop_price,
       reopened)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, true)`,
    [
      ...[positionId, found.account, account.session, strategy, instrument.symbol, timeframe, barCloseMs],
      ...[instrument, found.stopPrice],
    ],
  );
  const cost = multiply(entry.quantity, found.price);
  await tx.query(
    `INSERT INTO approvals (position_id, epoch, quantity, limit_price, stop_price, target_price, reserved_quote, risk_quote,
       granted_at_ms, expires_at_ms, proposal, limits, snapshot)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, '{}', '{}')`,
    [
      ...[positionId, account.haltEpoch, entry.quantity, found.price, found.stopPrice, found.targetPrice],
      ...[multiply(cost, withFee(found)), multiply(entry.quantity, subtract(found.price, found.stopPrice))],
      ...[found.grantedAtMs, found.expiresAtMs, { recovered: entry }],
    ],
  );
  await adoptOrder(tx, { ...entry, positionId, leg: Leg.Entry, sequence: 0 });
  await recordRiskEvent(tx, {
    account: found.account,
    code: 'position-recovered',
    message: `Position ${positionId} was lost by the journal and is recovered from its entry ${entry.clientOrderId} at the exchange.`,
    marketTimeMs: found.grantedAtMs,
    key: `recovered/${positionId}`,
  });
  return lockPosition(tx, positionId);
}

const withFee = ({ instrument }: FoundPosition): DecimalString => add(ONE, instrument.takerFee);

/**
 * Journals a sale that no position ordered as the exits of those whose coins it sold, real trades and all. Repeating it
 * changes nothing.
 * @throws StoreError `conflict` when a position holds less by now than its part: divide the sale anew
 */
export async function adoptSale(tx: Transaction, sale: FoundSale): Promise<readonly string[]> {
  for (const id of idsOfSale(sale.clientOrderId)) if ((await findOrder(tx, id)) !== undefined) return [];
  const positions = new Map<string, PositionView>();
  for (const positionId of [...new Set(sale.parts.map((part) => part.positionId))].sort())
    positions.set(positionId, await lockPosition(tx, positionId));
  for (const part of sale.parts) {
    const position = positions.get(part.positionId);
    if (position === undefined) continue;
    if (lessThan(position.ledger.heldQuantity, part.quantity)) {
      const message = `${part.positionId} holds ${position.ledger.heldQuantity}, less than the ${part.quantity} of sale ${sale.clientOrderId} that fell to it.`;
      throw new StoreError(StoreErrorCode.Conflict, message);
    }
    await journalPart(tx, sale, part, position);
  }
  return sale.parts.map(({ positionId }) => positionId);
}

async function journalPart(
  tx: Transaction,
  { leg, exitReason, exchangeOrderId, clientOrderId: saleId }: FoundSale,
  { positionId, clientOrderId, quantity, fills }: FoundSale['parts'][number],
  { account, symbol, orders, state }: PositionView,
): Promise<void> {
  const sequence =
    1 + Math.max(-1, ...orders.filter((order) => order.leg === leg).map((order) => order.sequence));
  const planned = await insertOrder(tx, {
    ...{ clientOrderId, positionId, account, symbol, leg, sequence, quantity },
    ...{ side: Side.Sell, type: OrderType.Market, limitPrice: null, stopPrice: null, replaces: null },
  });
  await writeOrder(tx, ADOPTED, planned, {
    ...planned,
    state: OrderState.Open,
    exchangeOrderId,
    sendDeadlineMs: SENT_UNKNOWN_WHEN_MS,
    reason: `sold by ${saleId}`,
  });
  await recordFills(tx, account, fills, 'reconciliation');
  // What a closed position had left over is no exit of it.
  if (state === PositionState.Closed || exitReason === null) return;
  await tx.query(
    `UPDATE positions SET exit_reason = $2, exit_wished_at = coalesce(exit_wished_at, clock_timestamp())
     WHERE position_id = $1`,
    [positionId, exitReason],
  );
}

/**
 * Notes how much of what a position holds is not there: that much of it cannot be sold.
 * @returns true when this is news
 */
export async function setMissing(
  tx: Transaction,
  positionId: string,
  missing: DecimalString,
): Promise<boolean> {
  const { rowCount } = await tx.query(
    'UPDATE positions SET missing_quantity = $2 WHERE position_id = $1 AND missing_quantity <> $2',
    [positionId, missing],
  );
  return rowCount === 1;
}

/**
 * Notes that the exchange does not list the pair of a live position since `sinceMs`, or, with null, that it does (again).
 * The first time stays.
 * @returns true when this is news
 */
export async function setDelisted(
  db: Queryable,
  positionId: string,
  sinceMs: number | null,
): Promise<boolean> {
  const { rowCount } = await db.query(
    `UPDATE positions SET delisted_at_ms = $2
     WHERE position_id = $1 AND state = 'live' AND (delisted_at_ms IS NULL) <> ($2::bigint IS NULL)`,
    [positionId, sinceMs],
  );
  return rowCount === 1;
}
