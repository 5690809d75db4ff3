import type { z } from 'zod';
import { ExchangeFailure, FailureKind } from '../../domain/errors';
import { OrderType, Side } from '../../domain/order';
import {
  orderListPayload,
  orderPayload,
  replacedPayload,
  replaceRefusedPayload,
  type OrderPayload,
} from './binance-payloads';
import type { Gateway, Refusal } from './gateway';
import { toOrderReport } from './mappers';
import { fetchPages, PAGE_LIMIT } from './paging';
import type { ExchangePort, OrderReport, OrderRequest, ReplaceReport } from './port';
import type { SymbolBook } from './symbols';

/** "Unknown order sent": the order is not open (any more). */
const CANCEL_UNKNOWN = -2011;
/** "Order does not exist." */
const NO_SUCH_ORDER = -2013;

type OrderPort = Pick<
  ExchangePort,
  'submit' | 'replace' | 'cancel' | 'lookUp' | 'openOrders' | 'ordersSince' | 'ordersFrom'
>;

/** Placing, replacing, cancelling and finding orders. */
export function createOrders(gateway: Gateway, symbols: SymbolBook): OrderPort {
  const reports = async (orders: readonly OrderPayload[]): Promise<readonly OrderReport[]> => {
    const symbolOf = await symbols.toSymbols(orders.map((order) => order.symbol));
    return orders.map((order) => toOrderReport(order, symbolOf(order.symbol)));
  };

  const fetchPage = (
    symbol: string,
    from: { startTime: number } | { orderId: string },
  ): Promise<z.output<typeof orderListPayload>> =>
    gateway.call({
      schema: orderListPayload,
      send: (client) =>
        client.privateGetAllOrders({ symbol: symbols.toId(symbol), limit: PAGE_LIMIT, ...from }),
    });

  return {
    async submit(request) {
      const parameters = placeParameters(request, symbols);
      const order = await gateway.call({
        schema: orderPayload,
        sendDeadlineMs: request.sendDeadlineMs,
        send: (client) => client.privatePostOrder(parameters),
      });
      return toOrderReport(order, request.symbol);
    },

    async replace(cancelClientOrderId, request) {
      const parameters = {
        ...placeParameters(request, symbols),
        cancelReplaceMode: 'STOP_ON_FAILURE',
        // An order that has sold a part is left alone: the new quantity was decided before that sale.
        cancelRestrictions: 'ONLY_NEW',
        cancelOrigClientOrderId: cancelClientOrderId,
      };
      const outcome = await gateway.attempt({
        schema: replacedPayload,
        sendDeadlineMs: request.sendDeadlineMs,
        send: (client) => client.privatePostOrderCancelReplace(parameters),
      });
      if (!outcome.ok) return readReplaceRefusal(outcome, request.symbol, gateway);
      const { cancelResponse, newOrderResponse } = outcome.value;
      return {
        outcome: 'replaced',
        cancelled: toOrderReport(cancelResponse, request.symbol),
        placed: toOrderReport(newOrderResponse, request.symbol),
      };
    },

    async cancel(symbol, clientOrderId) {
      const parameters = { symbol: symbols.toId(symbol), origClientOrderId: clientOrderId };
      const order = await gateway.callOrAbsent(
        { schema: orderPayload, send: (client) => client.privateDeleteOrder(parameters) },
        [CANCEL_UNKNOWN],
      );
      return order && toOrderReport(order, symbol);
    },

    async lookUp(symbol, clientOrderId) {
      const parameters = { symbol: symbols.toId(symbol), origClientOrderId: clientOrderId };
      const order = await gateway.callOrAbsent(
        { schema: orderPayload, send: (client) => client.privateGetOrder(parameters) },
        [NO_SUCH_ORDER],
      );
      return order && toOrderReport({ ...order, origClientOrderId: clientOrderId }, symbol);
    },

    async openOrders(symbol) {
      const parameters: OrderParameters = symbol === undefined ? {} : { symbol: symbols.toId(symbol) };
      return reports(
        await gateway.call({
          schema: orderListPayload,
          send: (client) => client.privateGetOpenOrders(parameters),
        }),
      );
    },

    async ordersSince(symbol, sinceMs) {
      const startTime = Math.floor(sinceMs);
      const orders = await fetchPages(
        () => fetchPage(symbol, { startTime }),
        (nextId) => fetchPage(symbol, { orderId: nextId }),
        (order) => order.orderId,
      );
      return reports(orders.filter((order) => (order.time ?? startTime) >= startTime));
    },

    async ordersFrom(symbol, orderId) {
      const orders = await fetchPage(symbol, { orderId });
      return { rows: await reports(orders), more: orders.length === PAGE_LIMIT };
    },
  };
}

type OrderParameters = Readonly<Record<string, string>>;

/** Binance's parameters for a new order. FULL makes the answer carry the fills, whatever the type. */
function placeParameters(request: OrderRequest, symbols: SymbolBook): OrderParameters {
  return {
    symbol: symbols.toId(request.symbol),
    side: request.side === Side.Buy ? 'BUY' : 'SELL',
    quantity: request.quantity,
    newClientOrderId: request.clientOrderId,
    newOrderRespType: 'FULL',
    ...(request.receiveWindowMs !== undefined && { recvWindow: String(request.receiveWindowMs) }),
    ...typeParameters(request),
  };
}

function typeParameters(request: OrderRequest): OrderParameters {
  switch (request.type) {
    case OrderType.Market:
      return { type: 'MARKET' };
    case OrderType.Limit:
      return { type: 'LIMIT', timeInForce: 'GTC', price: required(request, 'limitPrice') };
    case OrderType.LimitIoc:
      return { type: 'LIMIT', timeInForce: 'IOC', price: required(request, 'limitPrice') };
    case OrderType.StopMarket:
      return { type: 'STOP_LOSS', stopPrice: required(request, 'stopPrice') };
  }
}

function required(request: OrderRequest, field: 'limitPrice' | 'stopPrice'): string {
  const value = request[field];
  if (value !== null) return value;
  const message = `Order ${request.clientOrderId} was not sent: a ${request.type} order needs a ${field}.`;
  throw new ExchangeFailure(FailureKind.Rejected, message, { errorClass: 'InvalidOrder' });
}

/**
 * Tells the two partial ends of a cancel-and-replace from plain failures. ccxt knows neither: both are a `BadResponse`
 * to it, so the body is read here.
 * @throws ExchangeFailure when the request as a whole failed, or when the failing half is itself ambiguous.
 */
function readReplaceRefusal(refusal: Refusal, symbol: string, gateway: Gateway): ReplaceReport {
  const parsed = replaceRefusedPayload.safeParse(
    refusal.body === undefined ? undefined : parseJson(refusal.body),
  );
  if (!parsed.success) throw refusal.failure;
  const { data } = parsed.data;
  const half = gateway.classifyPayload(
    data.cancelResult === 'FAILURE' ? data.cancelResponse : data.newOrderResponse,
  );
  if (half.kind === FailureKind.Ambiguous) throw half;
  if (data.cancelResult === 'FAILURE') return { outcome: 'not-cancelled', message: half.message };
  return {
    outcome: 'naked',
    cancelled: toOrderReport(data.cancelResponse, symbol),
    message: half.message,
    wouldTrigger: half.detail.wouldTrigger ?? false,
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
