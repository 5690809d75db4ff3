/**
 * Unmodified ccxt and ccxt.pro against a running emulator: every unified method a trading bot uses, once. A plain
 * script because ccxt is an ES module. Argument: a JSON object with `url`, `wsUrl`, `apiKey`, `secret`.
 * Prints one JSON object: for each call what came back in short, or the error.
 */
import ccxt from 'ccxt';

const { url, wsUrl, apiKey, secret } = JSON.parse(process.argv[2]);
const exchange = new ccxt.pro.binance({
  apiKey,
  secret,
  fetchImplementation: (target, options) =>
    fetch(target.replace(/^https:\/\/[a-z]+\.binance\.com/, url), options),
  urls: { api: { ws: { spot: `${wsUrl}/stream/ws`, 'ws-api': { spot: `${wsUrl}/ws-api/v3` } } } },
});
await exchange.loadHttpProxyAgent();

const results = {};
async function call(name, act) {
  let timer;
  const limit = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer within 20 s')), 20_000);
  });
  try {
    results[name] = await Promise.race([act(), limit]);
  } catch (error) {
    results[name] = { error: `${error.constructor.name}: ${error.message}` };
  } finally {
    clearTimeout(timer);
  }
  return results[name];
}

const symbol = 'BTC/USDT';
const brief = ({ id, status, type, side, filled, amount, price, clientOrderId }) => ({
  id,
  status,
  type,
  side,
  filled,
  amount,
  price,
  clientOrderId,
});

await call('loadMarkets', async () => Object.keys(await exchange.loadMarkets()));
await call('market', async () => {
  const { precision, limits, maker, taker } = exchange.market(symbol);
  return { precision, limits, maker, taker };
});
await call('fetchStatus', async () => (await exchange.fetchStatus()).status);
await call('fetchTime', async () => Math.abs((await exchange.fetchTime()) - Date.now()) < 5000);
await call('fetchCurrencies', async () => Object.keys(await exchange.fetchCurrencies()));
await call('fetchOHLCV', async () => exchange.fetchOHLCV(symbol, '1m', undefined, 5));
await call('fetchOHLCV 1h', async () => exchange.fetchOHLCV(symbol, '1h', undefined, 3));
await call('fetchTicker', async () => (await exchange.fetchTicker(symbol)).last);
await call('fetchTickers', async () => Object.keys(await exchange.fetchTickers([symbol, 'ETH/USDT'])));
await call('fetchBidsAsks', async () => (await exchange.fetchBidsAsks([symbol]))[symbol].bid);
await call('fetchLastPrices', async () => (await exchange.fetchLastPrices([symbol]))[symbol].price);
await call('fetchOrderBook', async () => {
  const book = await exchange.fetchOrderBook(symbol, 5);
  return {
    bids: book.bids.length,
    asks: book.asks.length,
    bid: book.bids[0][0],
    ask: book.asks[0][0],
    nonce: book.nonce,
  };
});
await call('fetchTrades', async () => (await exchange.fetchTrades(symbol, undefined, 5)).length);
await call('fetchTradingFee', async () => (await exchange.fetchTradingFee(symbol)).taker);
await call('fetchTradingFees', async () => Object.keys(await exchange.fetchTradingFees()));
await call('fetchBalance', async () => (await exchange.fetchBalance()).USDT);

await call('createOrder market buy', async () => {
  const order = await exchange.createOrder(symbol, 'market', 'buy', 0.02, undefined, {
    clientOrderId: 'market-1',
  });
  return { ...brief(order), fee: order.fees[0], trades: order.trades.length };
});
await call('createMarketBuyOrderWithCost', async () => {
  const order = await exchange.createMarketBuyOrderWithCost(symbol, 300);
  return { ...brief(order), cost: order.cost };
});
const book = await exchange.fetchOrderBook(symbol, 5);
const low = Math.round(book.bids[0][0] * 0.97);
const high = Math.round(book.asks[0][0] * 1.03);
const limit = await call('createOrder limit', async () =>
  brief(await exchange.createOrder(symbol, 'limit', 'buy', 0.01, low, { clientOrderId: 'limit-1' })),
);
await call('duplicate clientOrderId', async () =>
  brief(await exchange.createOrder(symbol, 'limit', 'buy', 0.01, low, { clientOrderId: 'limit-1' })),
);
await call('fetchOrder by id', async () => brief(await exchange.fetchOrder(limit.id, symbol)));
await call('fetchOrder by clientOrderId', async () =>
  brief(await exchange.fetchOrder('', symbol, { clientOrderId: 'limit-1' })),
);
await call('fetchOrderWithClientOrderId', async () =>
  brief(await exchange.fetchOrderWithClientOrderId('limit-1', symbol)),
);
await call('createOrder postOnly', async () =>
  brief(await exchange.createOrder(symbol, 'limit', 'buy', 0.01, low + 1, { postOnly: true })),
);
await call('createOrder postOnly that crosses', async () =>
  brief(await exchange.createOrder(symbol, 'limit', 'buy', 0.01, high, { postOnly: true })),
);
await call('createOrder IOC', async () =>
  brief(await exchange.createOrder(symbol, 'limit', 'buy', 0.01, low, { timeInForce: 'IOC' })),
);
await call('createOrder FOK', async () =>
  brief(await exchange.createOrder(symbol, 'limit', 'buy', 0.01, high, { timeInForce: 'FOK' })),
);
await call('createOrder stopLossPrice market', async () =>
  brief(await exchange.createOrder(symbol, 'market', 'sell', 0.005, undefined, { stopLossPrice: low })),
);
await call('createOrder stopLossPrice limit', async () =>
  brief(await exchange.createOrder(symbol, 'limit', 'sell', 0.005, low - 100, { stopLossPrice: low })),
);
await call('createOrder takeProfitPrice limit', async () =>
  brief(await exchange.createOrder(symbol, 'limit', 'sell', 0.005, high, { takeProfitPrice: high })),
);
const list = await call('privatePostOrderListOco', async () => {
  const { orderListId, orders } = await exchange.privatePostOrderListOco({
    symbol: 'BTCUSDT',
    side: 'SELL',
    quantity: '0.005',
    aboveType: 'LIMIT_MAKER',
    abovePrice: String(high),
    belowType: 'STOP_LOSS_LIMIT',
    belowStopPrice: String(low),
    belowPrice: String(low - 100),
    belowTimeInForce: 'GTC',
    listClientOrderId: 'oco-1',
  });
  return { orderListId, legs: orders.length };
});
await call(
  'privateGetOrderList',
  async () => (await exchange.privateGetOrderList({ orderListId: list.orderListId })).listOrderStatus,
);
await call('privateGetOpenOrderList', async () => (await exchange.privateGetOpenOrderList()).length);
await call(
  'privateDeleteOrderList',
  async () =>
    (await exchange.privateDeleteOrderList({ symbol: 'BTCUSDT', orderListId: list.orderListId }))
      .listOrderStatus,
);
const edited = await call('editOrder', async () =>
  brief(await exchange.editOrder(limit.id, symbol, 'limit', 'buy', 0.012, low + 2)),
);
await call('fetchOpenOrders', async () => (await exchange.fetchOpenOrders(symbol)).length);
await call('cancelOrder', async () => brief(await exchange.cancelOrder(edited.id, symbol)));
await call('cancelOrder again', async () => brief(await exchange.cancelOrder(edited.id, symbol)));
await call('fetchOrder unknown', async () => brief(await exchange.fetchOrder('999999', symbol)));
await call('insufficient funds', async () =>
  brief(await exchange.createOrder(symbol, 'limit', 'buy', 5, low)),
);
await call('cancelAllOrders', async () => (await exchange.cancelAllOrders(symbol)).length);
await call('fetchOrders', async () => (await exchange.fetchOrders(symbol)).length);
await call('fetchClosedOrders', async () => (await exchange.fetchClosedOrders(symbol)).length > 0);
await call('fetchCanceledOrders', async () => (await exchange.fetchCanceledOrders(symbol)).length > 0);
await call('fetchMyTrades', async () => {
  const trades = await exchange.fetchMyTrades(symbol);
  return { count: trades.length, fee: trades[0].fee };
});
await call(
  'fetchOrderTrades',
  async () => (await exchange.fetchOrderTrades(results['createOrder market buy'].id, symbol)).length,
);

await call('watchTicker', async () => (await exchange.watchTicker(symbol)).last);
await call('watchBidsAsks', async () => (await exchange.watchBidsAsks([symbol]))[symbol].bid);
await call('watchTrades', async () => (await exchange.watchTrades(symbol)).length);
await call('watchOHLCV', async () => (await exchange.watchOHLCV(symbol, '1m')).length);
await call('watchOrderBook', async () => {
  let latest;
  for (let updates = 0; updates < 15; updates += 1) latest = await exchange.watchOrderBook(symbol);
  return {
    bids: latest.bids.length,
    asks: latest.asks.length,
    spread: latest.asks[0][0] - latest.bids[0][0],
  };
});
/** Starts watching, waits until the subscription stands, then acts. */
async function after(watching, act) {
  await new Promise((resolve) => setTimeout(resolve, 500));
  await act();
  return watching;
}
await call('watchOrders', async () => {
  const orders = await after(exchange.watchOrders(symbol), () =>
    exchange.createOrder(symbol, 'limit', 'buy', 0.01, low, { clientOrderId: 'watched-1' }),
  );
  return orders.map(brief);
});
await call('watchMyTrades', async () => {
  const trades = await after(exchange.watchMyTrades(symbol), () =>
    exchange.createOrder(symbol, 'market', 'sell', 0.005),
  );
  return { side: trades[0].side, fee: trades[0].fee };
});
await call(
  'watchBalance',
  async () =>
    (await after(exchange.watchBalance(), () => exchange.createOrder(symbol, 'market', 'sell', 0.005))).USDT,
);
await call('createOrderWs', async () =>
  brief(await exchange.createOrderWs(symbol, 'limit', 'buy', 0.01, low)),
);
await call('fetchOpenOrdersWs', async () => (await exchange.fetchOpenOrdersWs(symbol)).length);
await call('cancelAllOrdersWs', async () => (await exchange.cancelAllOrdersWs(symbol)).length);
await exchange.close();
console.log(JSON.stringify(results, null, 1));
process.exit(0);
