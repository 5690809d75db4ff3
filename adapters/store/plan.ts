import { clientOrderId } from '../../domain/ids';
import { Leg, OrderType, Side, type OrderView } from '../../domain/order';
import { insertOrder } from './orders';
import { lockPosition } from './positions';
import type { OrderPlan } from './port';
import { StoreError, StoreErrorCode } from './store-error';
import type { Transaction } from './transaction';

/**
 * Writes the outbox row of a sell, or returns the one that is there: two may plan the same sequence from different moments,
 * and the first wins. Until its send decides, its quantity is the approved one, as an upper bound. A closed position may be
 * planned for as well: the send finds nothing to reduce.
 * @throws StoreError `unknown-position`, or `misuse` for an entry or a limit order: only a grant writes those
 */
export async function plan(tx: Transaction, wanted: OrderPlan): Promise<OrderView> {
  const position = await lockPosition(tx, wanted.positionId);
  const known = position.orders.find(
    (order) => order.leg === wanted.leg && order.sequence === wanted.sequence,
  );
  if (known !== undefined) return known;
  const isBuy = wanted.leg === Leg.Entry;
  const isLimit = wanted.type === OrderType.Limit || wanted.type === OrderType.LimitIoc;
  if (isBuy || isLimit) {
    const message = `${describe(wanted)} cannot be planned as ${wanted.type}: entries and limit orders come from a grant only.`;
    throw new StoreError(StoreErrorCode.Misuse, message);
  }
  const { account, session, symbol } = position;
  const { deployment, positionId, leg, sequence, type, stopPrice, replaces } = wanted;
  if (replaces !== null && !position.orders.some((order) => order.clientOrderId === replaces)) {
    const message = `${describe(wanted)} would replace ${replaces}, which is not an order of its position.`;
    throw new StoreError(StoreErrorCode.Misuse, message);
  }
  return insertOrder(tx, {
    clientOrderId: clientOrderId({ deployment, account, session, positionId, leg, sequence }),
    positionId,
    account,
    symbol,
    leg,
    sequence,
    side: Side.Sell,
    type,
    quantity: position.quantity,
    limitPrice: null,
    stopPrice,
    replaces,
  });
}

const describe = (wanted: OrderPlan): string => `${wanted.leg} ${wanted.sequence} of ${wanted.positionId}`;
