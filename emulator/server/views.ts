import type { ExchangeState } from '../accounts/state';
import { priceText, quantityText, type Instrument } from '../engine/instrument';
import { isOpen, OrderType, type Order, type OrderList, type Trade } from '../engine/types';
import { formatUnits } from '../engine/units';

/** Binance's JSON of orders, trades and lists. Times are market time. */
type Json = Record<string, unknown>;

const ZERO = formatUnits(0n);
/** What the exchange does when an account would trade with itself; it cannot be chosen here. */
export const SELF_TRADE_PREVENTION = 'EXPIRE_MAKER';

function core(order: Order, instrument: Instrument): Json {
  return {
    symbol: order.symbol,
    orderId: order.orderId,
    orderListId: order.listId,
    clientOrderId: order.clientOrderId,
    price: priceText(instrument, order.priceTicks),
    origQty: quantityText(instrument, order.quantityLots),
    executedQty: quantityText(instrument, order.filledLots),
    origQuoteOrderQty: formatUnits(order.quoteBudget),
    cummulativeQuoteQty: formatUnits(order.filledQuote),
    status: order.status,
    timeInForce: order.timeInForce,
    type: order.type,
    side: order.side,
    ...(order.stopTicks > 0 ? { stopPrice: priceText(instrument, order.stopTicks) } : {}),
    selfTradePreventionMode: SELF_TRADE_PREVENTION,
  };
}

/** An order as queries show it. */
export function orderView(order: Order, instrument: Instrument): Json {
  return {
    ...core(order, instrument),
    stopPrice: priceText(instrument, order.stopTicks),
    icebergQty: ZERO,
    time: order.createdMs,
    updateTime: order.updatedMs,
    isWorking: order.working,
    workingTime: order.workingMs,
  };
}

/** The answer to a cancellation. */
export function cancelView(order: Order, instrument: Instrument, cancelClientOrderId: string): Json {
  return {
    ...core(order, instrument),
    origClientOrderId: order.clientOrderId,
    clientOrderId: cancelClientOrderId,
    transactTime: order.updatedMs,
  };
}

/** The answer to a new order, in the shape asked for by `newOrderRespType` (or that of its type). */
export function placedView(
  order: Order,
  instrument: Instrument,
  responseType: string | undefined,
  state: ExchangeState,
): Json {
  const wanted =
    responseType ?? (order.type === OrderType.Market || order.type === OrderType.Limit ? 'FULL' : 'ACK');
  const { symbol, orderId, listId, clientOrderId } = order;
  if (wanted === 'ACK')
    return { symbol, orderId, orderListId: listId, clientOrderId, transactTime: order.createdMs };
  const result = { ...core(order, instrument), transactTime: order.updatedMs, workingTime: order.workingMs };
  if (wanted === 'RESULT') return result;
  const fills = tradesOf(state, order).map((trade) => ({
    price: priceText(instrument, trade.priceTicks),
    qty: quantityText(instrument, trade.lots),
    commission: formatUnits(trade.fee),
    commissionAsset: trade.feeAsset,
    tradeId: trade.tradeId,
  }));
  return { ...result, fills };
}

/** One of the account's trades. */
export function tradeView(trade: Trade, order: Order, instrument: Instrument): Json {
  return {
    symbol: trade.symbol,
    id: trade.tradeId,
    orderId: trade.orderId,
    orderListId: order.listId,
    price: priceText(instrument, trade.priceTicks),
    qty: quantityText(instrument, trade.lots),
    quoteQty: formatUnits(trade.quote),
    commission: formatUnits(trade.fee),
    commissionAsset: trade.feeAsset,
    time: trade.timeMs,
    isBuyer: trade.side === 'BUY',
    isMaker: trade.isMaker,
    isBestMatch: true,
  };
}

export function listView(list: OrderList, state: ExchangeState): Json {
  return {
    orderListId: list.listId,
    contingencyType: 'OCO',
    listStatusType: list.open ? 'EXEC_STARTED' : 'ALL_DONE',
    listOrderStatus: list.open ? 'EXECUTING' : 'ALL_DONE',
    listClientOrderId: list.listClientOrderId,
    transactionTime: list.updatedMs,
    symbol: list.symbol,
    orders: list.orderIds.map((id) => {
      const { symbol, orderId, clientOrderId } = state.requireOrder(id);
      return { symbol, orderId, clientOrderId };
    }),
  };
}

/** A list with the full reports of its legs, as placing and cancelling answer. */
export function listReportView(list: OrderList, state: ExchangeState, instrument: Instrument): Json {
  const orderReports = list.orderIds.map((id) => {
    const order = state.requireOrder(id);
    const report = { ...core(order, instrument), transactTime: order.updatedMs };
    return isOpen(order.status) ? report : { ...report, origClientOrderId: order.clientOrderId };
  });
  return { ...listView(list, state), orderReports };
}

/** The trades of one order, which are the state's newest when it has just been placed. */
function tradesOf(state: ExchangeState, order: Order): Trade[] {
  const since = state.trades.findLastIndex((trade) => trade.timeMs < order.createdMs);
  return state.trades.slice(since + 1).filter((trade) => trade.orderId === order.orderId);
}
