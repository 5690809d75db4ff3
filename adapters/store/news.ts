import { add, lessThan, ZERO } from '../../domain/decimal';
import { RefusalCode } from '../../domain/errors';
import {
  inferFill as pureInferFill,
  isInferred,
  mergeFills,
  quantityOf,
  quoteOf,
  type Executed,
} from '../../domain/inferred-fill';
import { Leg, OrderEvent, OrderState, transition, type Fill, type OrderView } from '../../domain/order';
import type { PositionView } from '../../domain/position';
import { fillsOf, inferredFills, insertFills, replaceInferred, type FillSource } from './fills';
import { recordRiskEvent } from './journal';
import { findOwners, writeOrder } from './orders';
import { lockOrder, lockPosition, reopen } from './positions';
import type { FillOutcome, OrderStore } from './port';
import { StoreError, StoreErrorCode } from './store-error';
import type { Transaction } from './transaction';

type OrderNews = Parameters<OrderStore['recordEvent']>[0];

/**
 * Applies news to the order state machine. Late or repeated news changes nothing.
 * @throws StoreError `misuse` for `send-begun`, which only the compare-and-set of a send may write
 */
export async function recordEvent(tx: Transaction, news: OrderNews): Promise<OrderView | undefined> {
  const { clientOrderId, event } = news;
  if (event === OrderEvent.SendBegun) {
    const message = `Order ${clientOrderId}: ${event} cannot be recorded; beginSend alone decides who sends.`;
    throw new StoreError(StoreErrorCode.Misuse, message);
  }
  const found = await lockOrder(tx, clientOrderId);
  if (found === undefined) return undefined;
  const { position, order } = found;
  await noteSecondExchangeOrder(tx, order, news.exchangeOrderId);

  const state = transition(order.state, event);
  const exchangeOrderId = order.exchangeOrderId ?? news.exchangeOrderId ?? null;
  const triggeredAtMs = order.triggeredAtMs ?? news.triggeredAtMs ?? null;
  const sendDeadlineMs = earlier(order.sendDeadlineMs, news.attemptEndedMs);
  const isNews =
    state !== order.state ||
    exchangeOrderId !== order.exchangeOrderId ||
    triggeredAtMs !== order.triggeredAtMs ||
    sendDeadlineMs !== order.sendDeadlineMs;
  if (!isNews) return order;
  // On a closed position only a withdrawal is ours; everything else is the exchange telling of an order we gave up.
  const isExchangeNews = state !== order.state && state !== OrderState.Abandoned;
  if (isExchangeNews) await reopen(tx, position, `order ${clientOrderId} is ${state}`);
  return writeOrder(tx, event, order, {
    ...order,
    state,
    exchangeOrderId,
    triggeredAtMs,
    sendDeadlineMs: deadlineIn(state, sendDeadlineMs),
    reason: state === order.state ? order.reason : (news.reason ?? null),
  });
}

/** An order that the exchange tells of was sent, though this journal may not know when: long ago, then. */
const SENT_UNKNOWN_WHEN_MS = 0;

function deadlineIn(state: OrderState, sendDeadlineMs: number | null): number | null {
  if (state === OrderState.Created) return null;
  return state === OrderState.Abandoned ? sendDeadlineMs : (sendDeadlineMs ?? SENT_UNKNOWN_WHEN_MS);
}

const earlier = (deadlineMs: number | null, endedMs: number | undefined): number | null =>
  deadlineMs === null || endedMs === undefined ? deadlineMs : Math.min(deadlineMs, endedMs);

/** Client ids are unique among open orders only, so two exchange orders under one id mean that something sent twice. */
async function noteSecondExchangeOrder(
  tx: Transaction,
  order: OrderView,
  exchangeOrderId: string | undefined,
): Promise<void> {
  if (exchangeOrderId === undefined || order.exchangeOrderId === null) return;
  if (order.exchangeOrderId === exchangeOrderId) return;
  await recordRiskEvent(tx, {
    account: order.account,
    code: RefusalCode.Conflict,
    message: `Order ${order.clientOrderId} is ${order.exchangeOrderId} at the exchange, which now also tells of ${exchangeOrderId} under the same id. Look at both.`,
    marketTimeMs: null,
    key: `second-order/${order.clientOrderId}/${exchangeOrderId}`,
  });
}

/**
 * Journals fills once each and adds them to their orders. A fill proves that its order reached the exchange, and the
 * last one that it is filled, so the order's state follows.
 */
export async function recordFills(
  tx: Transaction,
  account: string,
  fills: readonly Fill[],
  source: FillSource,
): Promise<FillOutcome> {
  const { owned, ownerless } = await assignOwners(tx, account, fills);
  const changed: OrderView[] = [];
  // In the order of their ids, so that two batches never wait for each other.
  for (const positionId of [...owned.keys()].sort()) {
    const position = await lockPosition(tx, positionId);
    const added = await insertFills(tx, position, owned.get(positionId) ?? [], source);
    const inferred = await inferredFills(tx, [...new Set(added.map((fill) => fill.clientOrderId))]);
    for (const order of position.orders) {
      const news = added.filter((fill) => fill.clientOrderId === order.clientOrderId);
      if (news.length === 0) continue;
      const stoodIn = inferred.some((fill) => fill.clientOrderId === order.clientOrderId);
      changed.push(
        await (stoodIn ? takeOverInferred(tx, position, order, news) : addToOrder(tx, order, news)),
      );
    }
    if (added.length > 0) await touchPosition(tx, position, added);
  }
  return { changed, ownerless };
}

interface Assignment {
  /** By position; every fill carries the client order id of its order. */
  readonly owned: ReadonlyMap<string, readonly Fill[]>;
  readonly ownerless: readonly Fill[];
}

/** Finds the order of each fill: by client id or, where the venue does not tell that, by the exchange's own id. */
async function assignOwners(tx: Transaction, account: string, fills: readonly Fill[]): Promise<Assignment> {
  const orders = await findOwners(tx, account, {
    clientOrderIds: fills.map((fill) => fill.clientOrderId),
    exchangeOrderIds: fills.map((fill) => fill.exchangeOrderId),
  });
  const ownerOf = (fill: Fill): OrderView | undefined =>
    orders.find((order) => order.clientOrderId === fill.clientOrderId) ??
    orders.find((order) => order.symbol === fill.symbol && order.exchangeOrderId === fill.exchangeOrderId);

  const owned = new Map<string, Fill[]>();
  const ownerless: Fill[] = [];
  for (const fill of fills) {
    const order = ownerOf(fill);
    if (order === undefined) {
      ownerless.push(fill);
      continue;
    }
    const siblings = owned.get(order.positionId) ?? [];
    owned.set(order.positionId, [...siblings, { ...fill, clientOrderId: order.clientOrderId }]);
  }
  return { owned, ownerless };
}

/**
 * Journals the fill that stands in for trades which the exchange counts in an order and does not list. What was inferred
 * of the order before gives way to it.
 * @returns the order as it is then; undefined when the journal lacks nothing
 */
export async function inferFill(
  tx: Transaction,
  clientOrderId: string,
  executed: Executed,
): Promise<OrderView | undefined> {
  const found = await lockOrder(tx, clientOrderId);
  if (found === undefined || !lessThan(found.order.filledQuantity, executed.quantity)) return undefined;
  const { position, order } = found;
  const trades = (await fillsOfOrder(tx, order)).filter((fill) => !isInferred(fill));
  const fill = pureInferFill(order, trades, executed, position.instrument);
  if (fill === undefined) return undefined;
  await replaceInferred(tx, position, clientOrderId, fill);
  await recordRiskEvent(tx, {
    account: order.account,
    code: 'fill-inferred',
    message: `The exchange counts ${executed.quantity} of order ${clientOrderId} as filled and does not list all its trades: ${fill.quantity} at ${fill.price} stand in for them until it does.`,
    marketTimeMs: executed.marketTimeMs,
    key: fill.tradeId,
  });
  const changed = await writeFilled(tx, order, [...trades, fill]);
  await touchPosition(tx, position, [fill]);
  return changed;
}

const fillsOfOrder = async (
  tx: Transaction,
  { positionId, clientOrderId }: OrderView,
): Promise<readonly Fill[]> =>
  (await fillsOf(tx, [positionId])).filter((fill) => fill.clientOrderId === clientOrderId);

/** Real trades, already journaled, take the place of what stood in for them. */
async function takeOverInferred(
  tx: Transaction,
  position: PositionView,
  order: OrderView,
  trades: readonly Fill[],
): Promise<OrderView> {
  const isNews = (fill: Fill): boolean => trades.some(({ tradeId }) => tradeId === fill.tradeId);
  const before = (await fillsOfOrder(tx, order)).filter((fill) => !isNews(fill));
  const fills = mergeFills(order, before, trades, position.instrument);
  await replaceInferred(tx, position, order.clientOrderId, fills.find(isInferred));
  return writeFilled(tx, order, fills);
}

/** Writes an order whose fills are these, all of them. */
const writeFilled = (tx: Transaction, order: OrderView, fills: readonly Fill[]): Promise<OrderView> =>
  addToOrder(tx, { ...order, filledQuantity: ZERO, filledQuote: ZERO }, fills);

function addToOrder(tx: Transaction, order: OrderView, fills: readonly Fill[]): Promise<OrderView> {
  const filledQuantity = add(order.filledQuantity, quantityOf(fills));
  const isFilled = !lessThan(filledQuantity, order.quantity);
  const state = transition(order.state, isFilled ? OrderEvent.SeenFilled : OrderEvent.SeenOpen);
  return writeOrder(tx, 'fill', order, {
    ...order,
    state,
    filledQuantity,
    filledQuote: add(order.filledQuote, quoteOf(fills)),
    sendDeadlineMs: deadlineIn(state, order.sendDeadlineMs),
    exchangeOrderId:
      order.exchangeOrderId ?? fills.find((fill) => fill.exchangeOrderId !== '')?.exchangeOrderId ?? null,
    reason: state === order.state ? order.reason : null,
  });
}

async function touchPosition(tx: Transaction, position: PositionView, fills: readonly Fill[]): Promise<void> {
  const entries = position.orders
    .filter((order) => order.leg === Leg.Entry)
    .map((order) => order.clientOrderId);
  const bought = fills.filter((fill) => entries.includes(fill.clientOrderId));
  if (bought.length > 0) {
    const first = Math.min(...bought.map((fill) => fill.marketTimeMs));
    await tx.query('UPDATE positions SET opened_at_ms = least(opened_at_ms, $2) WHERE position_id = $1', [
      position.positionId,
      first,
    ]);
  }
  await reopen(tx, position, `late fill ${fills.map((fill) => fill.tradeId).join(', ')}`);
}
