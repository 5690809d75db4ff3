import { Refusal, type Order } from '../engine/types';
import type { Exchange } from '../exchange';
import type { CancelReplaceOutcome, ListRef } from '../requests';
import { requireInstrument, type ServerContext } from './context';
import { ApiError } from './errors';
import { readCancel, readList, readOldList, readOrder } from './order-params';
import type { Params } from './params';
import { Access, type Route } from './route';
import type { AccountKey } from './security';
import { cancelView, listReportView, listView, orderView, placedView } from './views';

const signed = Access.Signed;

/** Orders and order lists. Every change is on the disk before its answer leaves. */
export const orderRoutes: readonly Route[] = [
  { key: 'POST /api/v3/order', access: signed, weight: 1, newOrders: 1, handle: placeOrder },
  { key: 'POST /api/v3/order/test', access: signed, weight: 1, handle: testOrder },
  { key: 'GET /api/v3/order', access: signed, weight: 4, handle: queryOrder },
  { key: 'DELETE /api/v3/order', access: signed, weight: 1, handle: cancelOrder },
  { key: 'POST /api/v3/order/cancelReplace', access: signed, weight: 1, newOrders: 1, handle: cancelReplace },
  {
    key: 'GET /api/v3/openOrders',
    access: signed,
    weight: (params) => (params.text('symbol') === undefined ? 80 : 6),
    handle: openOrders,
  },
  { key: 'DELETE /api/v3/openOrders', access: signed, weight: 1, handle: cancelAll },
  { key: 'GET /api/v3/allOrders', access: signed, weight: 20, handle: allOrders },
  {
    key: 'POST /api/v3/orderList/oco',
    access: signed,
    weight: 1,
    newOrders: 2,
    handle: (c, p, k) => placeList(c, readList(p), k),
  },
  {
    key: 'POST /api/v3/order/oco',
    access: signed,
    weight: 1,
    newOrders: 2,
    handle: (c, p, k) => placeList(c, readOldList(p), k),
  },
  { key: 'GET /api/v3/orderList', access: signed, weight: 4, handle: queryList },
  { key: 'DELETE /api/v3/orderList', access: signed, weight: 1, handle: cancelList },
  { key: 'GET /api/v3/openOrderList', access: signed, weight: 6, handle: openLists },
  { key: 'GET /api/v3/allOrderList', access: signed, weight: 20, handle: allLists },
];

function placeOrder(context: ServerContext, params: Params, { account }: AccountKey): unknown {
  const request = readOrder(params);
  const responseType = params.text('newOrderRespType');
  const instrument = requireInstrument(context, request.symbol);
  return context.venue.execute(request.symbol, (exchange, timeMs) =>
    placedView(exchange.place(account, request, timeMs), instrument, responseType, exchange.state),
  );
}

function testOrder(context: ServerContext, params: Params, { account }: AccountKey): unknown {
  const request = readOrder(params);
  requireInstrument(context, request.symbol);
  return context.venue.execute(request.symbol, (exchange, timeMs) => {
    exchange.check(account, request, timeMs);
    return {};
  });
}

function queryOrder(context: ServerContext, params: Params, { account }: AccountKey): unknown {
  const ref = readCancel(params);
  const instrument = requireInstrument(context, ref.symbol);
  return context.venue.execute(ref.symbol, (exchange) => {
    const order = exchange.find(account, ref);
    if (order === undefined || context.faults.isHidden(order.orderId))
      throw new Refusal(-2013, 'Order does not exist.');
    return orderView(order, instrument);
  });
}

function cancelOrder(context: ServerContext, params: Params, { account }: AccountKey): unknown {
  const request = readCancel(params);
  requireInstrument(context, request.symbol);
  return context.venue.execute(request.symbol, (exchange, timeMs) =>
    cancelledView(context, exchange, exchange.cancel(account, request, timeMs), request.newClientOrderId),
  );
}

function cancelAll(context: ServerContext, params: Params, { account }: AccountKey): unknown {
  const symbol = params.required('symbol');
  requireInstrument(context, symbol);
  return context.venue.execute(symbol, (exchange, timeMs) => {
    const orders = exchange.cancelAll(account, symbol, timeMs);
    const leads = orders.filter(
      (order, index) =>
        order.listId === -1 || orders.findIndex((twin) => twin.listId === order.listId) === index,
    );
    return leads.map((order) => cancelledView(context, exchange, order, undefined));
  });
}

/** The cancellation of a list's leg reports the whole list, which has ended with it. */
function cancelledView(
  context: ServerContext,
  exchange: Exchange,
  order: Order,
  newClientOrderId: string | undefined,
): unknown {
  const instrument = requireInstrument(context, order.symbol);
  const list = exchange.state.lists.get(order.listId);
  if (list !== undefined) return listReportView(list, exchange.state, instrument);
  return cancelView(order, instrument, newClientOrderId ?? `c-${order.orderId}`);
}

function cancelReplace(context: ServerContext, params: Params, { account }: AccountKey): unknown {
  const replacement = readOrder(params);
  const mode = params.required('cancelReplaceMode');
  if (mode !== 'STOP_ON_FAILURE' && mode !== 'ALLOW_FAILURE')
    throw new Refusal(-1138, 'Invalid cancelReplaceMode.');
  const cancel = readCancel(params, 'cancelOrderId', 'cancelOrigClientOrderId');
  const responseType = params.text('newOrderRespType');
  requireInstrument(context, replacement.symbol);
  return context.venue.execute(replacement.symbol, (exchange, timeMs) => {
    const stopOnFailure = mode === 'STOP_ON_FAILURE';
    const refusal = context.faults.replaceRefusal(replacement.clientOrderId);
    const request = { cancel, replacement, stopOnFailure, refusal };
    const outcome = exchange.cancelReplace(account, request, timeMs);
    return cancelReplaceAnswer(context, exchange, outcome, cancel.newClientOrderId, responseType);
  });
}

/** @throws ApiError -2022 when nothing succeeded, -2021 when only one half did; both carry the halves' own answers. */
function cancelReplaceAnswer(
  context: ServerContext,
  exchange: Exchange,
  { cancelled, placed }: CancelReplaceOutcome,
  newClientOrderId: string | undefined,
  responseType: string | undefined,
): unknown {
  const answerOf = (half: Order | Refusal, view: (order: Order) => unknown): unknown =>
    half instanceof Refusal ? { code: half.code, msg: half.message } : view(half);
  const resultOf = (half: Order | Refusal): string => (half instanceof Refusal ? 'FAILURE' : 'SUCCESS');
  const data = {
    cancelResult: resultOf(cancelled),
    newOrderResult: placed === 'not-attempted' ? 'NOT_ATTEMPTED' : resultOf(placed),
    cancelResponse: answerOf(cancelled, (order) => cancelledView(context, exchange, order, newClientOrderId)),
    newOrderResponse:
      placed === 'not-attempted'
        ? null
        : answerOf(placed, (order) =>
            placedView(order, requireInstrument(context, order.symbol), responseType, exchange.state),
          ),
  };
  const succeeded = [data.cancelResult, data.newOrderResult].filter((result) => result === 'SUCCESS').length;
  if (succeeded === 2) return data;
  if (succeeded === 1) throw new ApiError(409, -2021, 'Order cancel-replace partially failed.', { data });
  throw new ApiError(400, -2022, 'Order cancel-replace failed.', { data });
}

function openOrders(context: ServerContext, params: Params, { account }: AccountKey): unknown {
  const symbol = params.text('symbol');
  if (symbol !== undefined) requireInstrument(context, symbol);
  context.venue.pump();
  return [...context.venue.exchange.state.openOrders(account)]
    .filter((order) => symbol === undefined || order.symbol === symbol)
    .filter((order) => !context.faults.isHidden(order.orderId))
    .map((order) => orderView(order, requireInstrument(context, order.symbol)));
}

function allOrders(context: ServerContext, params: Params, { account }: AccountKey): unknown {
  const instrument = requireInstrument(context, params.required('symbol'));
  const limit = params.limit(500, 1000);
  const fromId = params.integer('orderId');
  const startMs = params.integer('startTime') ?? 0;
  const endMs = params.integer('endTime') ?? Infinity;
  context.venue.pump();
  const orders = [...context.venue.exchange.state.orders.values()].filter(
    (order) =>
      order.account === account &&
      order.symbol === instrument.symbol &&
      !context.faults.isHidden(order.orderId) &&
      order.orderId >= (fromId ?? 0) &&
      order.createdMs >= startMs &&
      order.createdMs <= endMs,
  );
  const page = fromId === undefined && startMs === 0 ? orders.slice(-limit) : orders.slice(0, limit);
  return page.map((order) => orderView(order, instrument));
}

function placeList(
  context: ServerContext,
  request: ReturnType<typeof readList>,
  { account }: AccountKey,
): unknown {
  const instrument = requireInstrument(context, request.symbol);
  return context.venue.execute(request.symbol, (exchange, timeMs) =>
    listReportView(exchange.placeList(account, request, timeMs), exchange.state, instrument),
  );
}

function readListRef(params: Params, clientIdName: string): ListRef {
  const listId = params.integer('orderListId');
  const listClientOrderId = params.text(clientIdName);
  if (listId === undefined && listClientOrderId === undefined) {
    throw new Refusal(
      -1102,
      `Param '${clientIdName}' or 'orderListId' must be sent, but both were empty/null!`,
    );
  }
  return { listId, listClientOrderId };
}

function queryList(context: ServerContext, params: Params, { account }: AccountKey): unknown {
  const ref = readListRef(params, 'origClientOrderId');
  context.venue.pump();
  const list = context.venue.exchange.findList(account, ref);
  if (list === undefined) throw new Refusal(-2018, 'Order list does not exist.');
  return listView(list, context.venue.exchange.state);
}

function cancelList(context: ServerContext, params: Params, { account }: AccountKey): unknown {
  const instrument = requireInstrument(context, params.required('symbol'));
  const ref = readListRef(params, 'listClientOrderId');
  return context.venue.execute(instrument.symbol, (exchange, timeMs) =>
    listReportView(exchange.cancelList(account, ref, timeMs), exchange.state, instrument),
  );
}

function openLists(context: ServerContext, _params: Params, { account }: AccountKey): unknown {
  context.venue.pump();
  const { state } = context.venue.exchange;
  return [...state.lists.values()]
    .filter((list) => list.account === account && list.open)
    .map((list) => listView(list, state));
}

function allLists(context: ServerContext, params: Params, { account }: AccountKey): unknown {
  const limit = params.limit(500, 1000);
  context.venue.pump();
  const { state } = context.venue.exchange;
  return [...state.lists.values()]
    .filter((list) => list.account === account)
    .slice(-limit)
    .map((list) => listView(list, state));
}
