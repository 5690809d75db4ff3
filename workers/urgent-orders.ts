import type { ExchangePort } from '../adapters/exchange/port';

/**
 * The port of the order desk. ccxt keeps to the exchange's request rate by a queue, in which a stop would stand behind the
 * candles of all strategies and a whole reconciliation, beyond its send window. What an order needs goes past that queue,
 * through `urgent`: there is little of it, and the exchange counts orders by a limit of their own.
 */
export const withUrgentOrders = (exchange: ExchangePort, urgent: ExchangePort): ExchangePort => ({
  ...exchange,
  submit: (request) => urgent.submit(request),
  replace: (cancelClientOrderId, request) => urgent.replace(cancelClientOrderId, request),
  cancel: (symbol, clientOrderId) => urgent.cancel(symbol, clientOrderId),
  lookUp: (symbol, clientOrderId) => urgent.lookUp(symbol, clientOrderId),
  fillsOf: (symbol, exchangeOrderId, clientOrderId) => urgent.fillsOf(symbol, exchangeOrderId, clientOrderId),
});
