import { maximum, subtract, sum, ZERO, type DecimalString } from '../../domain/decimal';
import { RefusalCode } from '../../domain/errors';
import { roundQuantity, untradable } from '../../domain/instrument';
import { Leg, mayBeLive, OrderEvent, OrderState, transition, type OrderView } from '../../domain/order';
import { availableQuantity, type PositionView } from '../../domain/position';
import { TradingMode } from '../../domain/risk';
import { shareAccountOf } from './accounts';
import { lacksFills, writeOrder } from './orders';
import { lockOrder } from './positions';
import type { AccountState, SendRequest, SendTicket } from './port';
import { StoreError, StoreErrorCode } from './store-error';
import type { Transaction } from './transaction';

interface SendFacts {
  readonly account: AccountState;
  readonly position: PositionView;
  readonly order: OrderView;
  readonly request: SendRequest;
}

/** `withdraw` tells whether the order is given up for good. */
type SendVerdict =
  | { readonly send: true; readonly quantity: DecimalString }
  | { readonly send: false; readonly code: RefusalCode; readonly withdraw: boolean };

/**
 * The compare-and-set `created → sending`. The account row is held in shared mode until the commit: a halt, which
 * updates that row, waits for every send that has not seen it, and every later send sees the halt.
 * @throws StoreError `unknown-order`
 */
export async function beginSend(tx: Transaction, request: SendRequest): Promise<SendTicket> {
  const account = await shareAccountOf(tx, request.clientOrderId);
  const found = await lockOrder(tx, request.clientOrderId);
  if (account === undefined || found === undefined) {
    const message = `Order ${request.clientOrderId} is not in the outbox: plan it before sending.`;
    throw new StoreError(StoreErrorCode.UnknownOrder, message);
  }
  const { position, order } = found;
  if (order.state !== OrderState.Created) return { kind: 'not-created', order };

  const verdict = judgeSend({ account, position, order, request });
  if (verdict.send) {
    const sending: OrderView = {
      ...order,
      state: transition(order.state, OrderEvent.SendBegun),
      quantity: verdict.quantity,
      sendDeadlineMs: request.wallTimeMs + request.sendWindowMs,
      reason: null,
    };
    return {
      kind: 'send',
      order: await writeOrder(tx, OrderEvent.SendBegun, order, sending, account.haltEpoch),
    };
  }
  const { code, withdraw } = verdict;
  if (!withdraw) return { kind: 'refused', code, order };
  const state = transition(order.state, OrderEvent.Withdrawn);
  const withdrawn = await writeOrder(tx, OrderEvent.Withdrawn, order, { ...order, state, reason: code });
  return { kind: 'refused', code, order: withdrawn };
}

const withdraw = (code: RefusalCode): SendVerdict => ({ send: false, code, withdraw: true });
const leave = (code: RefusalCode): SendVerdict => ({ send: false, code, withdraw: false });

/** Whether an unsent order may be sent now, and with which quantity. Pure: the facts were read under their locks. */
function judgeSend(facts: SendFacts): SendVerdict {
  const { account, position, order, request } = facts;
  const { emergencyEpoch } = request;
  // The exchange that this session traded on has been reset: its orders and holdings are gone.
  if (position.session !== account.session) return withdraw(RefusalCode.StaleEpoch);
  if (emergencyEpoch === null) {
    if (account.mode === TradingMode.Halted) return leave(RefusalCode.Halted);
    if (order.leg === Leg.Emergency) return leave(RefusalCode.StaleEpoch);
  } else if (emergencyEpoch !== account.haltEpoch) {
    return leave(RefusalCode.StaleEpoch);
  }
  return order.leg === Leg.Entry ? judgeEntry(facts) : judgeSell(facts);
}

function judgeEntry({ account, position, order, request }: SendFacts): SendVerdict {
  if (account.mode !== TradingMode.Active || request.emergencyEpoch !== null) {
    return withdraw(RefusalCode.NotActive);
  }
  if (position.epoch !== account.haltEpoch) return withdraw(RefusalCode.StaleEpoch);
  const { marketTimeMs } = request;
  if (marketTimeMs === null || marketTimeMs > position.expiresAtMs) return withdraw(RefusalCode.Expired);
  if (position.exitReason !== null) return withdraw(RefusalCode.NotActive);
  return { send: true, quantity: order.quantity };
}

function judgeSell({ position, order }: SendFacts): SendVerdict {
  const quantity = roundQuantity(position.instrument, reducible(position, order));
  const price = order.stopPrice ?? position.stopPrice;
  if (untradable(position.instrument, quantity, price) === undefined) return { send: true, quantity };
  // While fills are missing, what is held is only a lower bound: the order may be wanted once they are known.
  const refuse = position.orders.some(lacksFills) ? leave : withdraw;
  return refuse(RefusalCode.NothingToReduce);
}

/**
 * What `order` may sell: what this position holds, less what its other orders may still sell, or have sold in fills
 * that are not journaled yet. The order it replaces ends before it begins. Never negative.
 */
function reducible(position: PositionView, order: OrderView): DecimalString {
  const others = position.orders.filter(
    (other) =>
      other.leg !== Leg.Entry &&
      other.clientOrderId !== order.clientOrderId &&
      (lacksFills(other) || (mayBeLive(other.state) && other.clientOrderId !== order.replaces)),
  );
  const unfilled = (other: OrderView): DecimalString => subtract(other.quantity, other.filledQuantity);
  return maximum(subtract(availableQuantity(position), sum(others.map(unfilled))), ZERO);
}
