import { isNegative, isPositive, isZero, ZERO, type DecimalString } from '../../domain/decimal';
import { OrderType, Side, type Fill } from '../../domain/order';
import type { ExecutionReportPayload, OrderPayload, TradePayload } from './binance-payloads';
import type { AccountEvent, OrderReport } from './port';

/** Binance's order types that wait for a trigger. */
const STOP_TYPE = /^(STOP_LOSS|TAKE_PROFIT)/;

/** Binance's names of the order types that Ballast sends. */
function typeOf({ type, timeInForce }: OrderPayload): OrderType | undefined {
  if (type === 'LIMIT') return timeInForce === 'IOC' ? OrderType.LimitIoc : OrderType.Limit;
  if (type === 'STOP_LOSS') return OrderType.StopMarket;
  return type === 'MARKET' ? OrderType.Market : undefined;
}

/** A total that Binance knows; of old orders it may answer -1. */
const known = (quote: DecimalString | undefined): { readonly filledQuote?: DecimalString } =>
  quote === undefined || isNegative(quote) ? {} : { filledQuote: quote };

/** Binance writes 0 for a price that an order does not have. */
const priceOrNull = (price: DecimalString | undefined): DecimalString | null =>
  price === undefined || isZero(price) ? null : price;

/**
 * An order as Binance answers it. Its client order id is always the order's own: an answer to a cancellation names the
 * cancellation's there, and the order's in `origClientOrderId`.
 */
export function toOrderReport(order: OrderPayload, symbol: string): OrderReport {
  const clientOrderId = order.origClientOrderId ?? order.clientOrderId;
  const marketTimeMs = order.transactTime ?? order.updateTime ?? order.time ?? 0;
  const type = typeOf(order);
  const onBook = order.isWorking ?? (order.workingTime !== undefined && order.workingTime > 0);
  return {
    clientOrderId,
    exchangeOrderId: order.orderId,
    symbol,
    side: order.side,
    status: order.status,
    quantity: order.origQty,
    filledQuantity: order.executedQty,
    ...known(order.cummulativeQuoteQty),
    ...(type !== undefined && { type }),
    limitPrice: priceOrNull(order.price),
    ...(STOP_TYPE.test(order.type) && { triggered: onBook || isPositive(order.executedQty) }),
    stopPrice: priceOrNull(order.stopPrice),
    marketTimeMs,
    fills: order.fills.map((fill) => ({
      symbol,
      tradeId: fill.tradeId,
      clientOrderId,
      exchangeOrderId: order.orderId,
      side: order.side,
      price: fill.price,
      quantity: fill.qty,
      fee: fill.commission,
      feeAsset: fill.commissionAsset,
      // The answer carries what the order met on arrival.
      liquidity: 'taker',
      marketTimeMs,
    })),
  };
}

/** One of our trades. Binance does not tell the client order id: give it where it is known. */
export const toFill = (trade: TradePayload, symbol: string, clientOrderId: string): Fill => ({
  symbol,
  tradeId: trade.id,
  clientOrderId,
  exchangeOrderId: trade.orderId,
  side: trade.isBuyer ? Side.Buy : Side.Sell,
  price: trade.price,
  quantity: trade.qty,
  fee: trade.commission,
  feeAsset: trade.commissionAsset,
  liquidity: trade.isMaker ? 'maker' : 'taker',
  marketTimeMs: trade.time,
});

/** What one execution report says: the fill first, if it is one, so that the order is never ahead of its fills. */
export function toAccountEvents(news: ExecutionReportPayload, symbol: string): readonly AccountEvent[] {
  const clientOrderId = news.C === null || news.C === '' ? news.c : news.C;
  const order: AccountEvent = {
    kind: 'order',
    report: {
      clientOrderId,
      exchangeOrderId: news.i,
      symbol,
      side: news.S,
      status: news.X,
      quantity: news.q,
      filledQuantity: news.z,
      ...known(news.Z),
      ...(STOP_TYPE.test(news.o) && { triggered: news.w || isPositive(news.z) }),
      stopPrice: priceOrNull(news.P),
      marketTimeMs: news.T,
      fills: [],
    },
  };
  if (news.x !== 'TRADE') return [order];
  const fill: Fill = {
    symbol,
    tradeId: news.t,
    clientOrderId,
    exchangeOrderId: news.i,
    side: news.S,
    price: news.L,
    quantity: news.l,
    fee: news.N === null ? ZERO : news.n,
    feeAsset: news.N ?? '',
    liquidity: news.m ? 'maker' : 'taker',
    marketTimeMs: news.T,
  };
  return [{ kind: 'fill', fill }, order];
}
