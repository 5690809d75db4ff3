import type { OrderRequest } from '../accounts/filters';
import { isContingent, isUnpriced, OrderType, Refusal, Side, TimeInForce } from '../engine/types';
import { CancelRestriction, type CancelRequest, type ListRequest } from '../requests';
import type { Params } from './params';

/** Reads a new order; which parameters are mandatory and which forbidden depends on its type, as on Binance. */
export function readOrder(params: Params): OrderRequest {
  const symbol = params.required('symbol');
  const side = readSide(params);
  params.required('type');
  const type = params.oneOf('type', OrderType, new Refusal(-1116, 'Invalid orderType.')) ?? OrderType.Limit;
  return { symbol, ...readLeg(params, side, type, plainName, 'newClientOrderId') };
}

type Naming = (name: 'quantity' | 'price' | 'stopPrice' | 'timeInForce') => string;

const plainName: Naming = (name) => name;

function readLeg(
  params: Params,
  side: Side,
  type: OrderType,
  naming: Naming,
  idName: string,
): Omit<OrderRequest, 'symbol'> {
  const amounts = readAmounts(params, type, naming('quantity'));
  for (const name of ['icebergQty', 'trailingDelta']) {
    if (params.text(name) !== undefined)
      throw new Refusal(-1104, `Not all sent parameters were read; the emulator does not offer '${name}'.`);
  }
  const priced = !isUnpriced(type);
  if (!priced) params.forbid(naming('price'));
  if (!isContingent(type)) params.forbid(naming('stopPrice'));
  const needsTerm = priced && type !== OrderType.LimitMaker;
  if (needsTerm) params.required(naming('timeInForce'));
  const timeInForce = params.oneOf(
    naming('timeInForce'),
    TimeInForce,
    new Refusal(-1115, 'Invalid timeInForce.'),
  );
  return {
    side,
    type,
    ...amounts,
    clientOrderId: params.clientId(idName),
    price: priced ? params.required(naming('price')) : undefined,
    stopPrice: isContingent(type) ? params.required(naming('stopPrice')) : undefined,
    timeInForce: needsTerm ? timeInForce : undefined,
  };
}

function readAmounts(
  params: Params,
  type: OrderType,
  quantityName: string,
): Pick<OrderRequest, 'quantity' | 'quoteOrderQty'> {
  if (type !== OrderType.Market) {
    params.forbid('quoteOrderQty');
    return { quantity: params.required(quantityName) };
  }
  const [quantity, quoteOrderQty] = [params.text(quantityName), params.text('quoteOrderQty')];
  if (quantity !== undefined && quoteOrderQty !== undefined) {
    throw new Refusal(-1128, 'Combination of optional parameters invalid.');
  }
  if (quoteOrderQty !== undefined) return { quoteOrderQty };
  if (quantity !== undefined) return { quantity };
  throw new Refusal(-1102, "Param 'quantity' or 'quoteOrderQty' must be sent, but both were empty/null!");
}

function readSide(params: Params): Side {
  params.required('side');
  return params.oneOf('side', Side, new Refusal(-1117, 'Invalid side.')) ?? Side.Buy;
}

/** Reads a cancellation. `prefix` is how the parameters that name the order begin: `orig…` or `cancelOrig…`. */
export function readCancel(
  params: Params,
  idName = 'orderId',
  clientIdName = 'origClientOrderId',
): CancelRequest {
  const orderId = params.integer(idName);
  const clientOrderId = params.text(clientIdName);
  if (orderId === undefined && clientOrderId === undefined) {
    throw new Refusal(
      -1102,
      `Param '${clientIdName}' or '${idName}' must be sent, but both were empty/null!`,
    );
  }
  return {
    symbol: params.required('symbol'),
    orderId,
    clientOrderId,
    restriction: params.oneOf(
      'cancelRestrictions',
      CancelRestriction,
      new Refusal(-1145, 'Invalid cancelRestrictions'),
    ),
    newClientOrderId: params.clientId(idName === 'orderId' ? 'newClientOrderId' : 'cancelNewClientOrderId'),
  };
}

/** Reads `POST orderList/oco`: the legs are named by where they stand, above or below the market. */
export function readList(params: Params): ListRequest {
  const symbol = params.required('symbol');
  const side = readSide(params);
  const leg = (where: 'above' | 'below'): OrderRequest => {
    params.required(`${where}Type`);
    const type = params.oneOf(`${where}Type`, OrderType, new Refusal(-1116, 'Invalid orderType.'));
    const nearIsLimit = (side === Side.Sell) === (where === 'above');
    if (type === undefined || !legTypes(nearIsLimit).includes(type))
      throw new Refusal(-1158, `'${where}Type' is not valid for this side.`);
    const naming: Naming = (name) =>
      name === 'quantity' ? name : where + name.charAt(0).toUpperCase() + name.slice(1);
    return { symbol, ...readLeg(params, side, type, naming, `${where}ClientOrderId`) };
  };
  return {
    symbol,
    listClientOrderId: params.clientId('listClientOrderId'),
    above: leg('above'),
    below: leg('below'),
  };
}

/** A leg on the profitable side rests or takes profit; the one on the other side is a stop. */
function legTypes(takesProfit: boolean): readonly OrderType[] {
  return takesProfit
    ? [OrderType.LimitMaker, OrderType.TakeProfit, OrderType.TakeProfitLimit]
    : [OrderType.StopLoss, OrderType.StopLossLimit];
}

/** Reads the older `POST order/oco`: a limit leg and a stop leg. */
export function readOldList(params: Params): ListRequest {
  const symbol = params.required('symbol');
  const side = readSide(params);
  const quantity = params.required('quantity');
  const stopLimitPrice = params.text('stopLimitPrice');
  const limit: OrderRequest = {
    symbol,
    side,
    quantity,
    type: OrderType.LimitMaker,
    price: params.required('price'),
    clientOrderId: params.clientId('limitClientOrderId'),
  };
  const stop: OrderRequest = {
    symbol,
    side,
    quantity,
    type: stopLimitPrice === undefined ? OrderType.StopLoss : OrderType.StopLossLimit,
    price: stopLimitPrice,
    stopPrice: params.required('stopPrice'),
    timeInForce: params.oneOf(
      'stopLimitTimeInForce',
      TimeInForce,
      new Refusal(-1115, 'Invalid timeInForce.'),
    ),
    clientOrderId: params.clientId('stopClientOrderId'),
  };
  const [above, below] = side === Side.Sell ? [limit, stop] : [stop, limit];
  return { symbol, listClientOrderId: params.clientId('listClientOrderId'), above, below };
}
