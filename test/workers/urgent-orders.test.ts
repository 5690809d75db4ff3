import type { ExchangePort, OrderRequest } from '../../adapters/exchange/port';
import { decimal } from '../../domain/decimal';
import { OrderType, Side } from '../../domain/order';
import { withUrgentOrders } from '../../workers/urgent-orders';
import { FakeExchange } from '../activities/fake-exchange';

/** A port that only tells what it is asked for. */
function recorder(asked: string[], name: string): ExchangePort {
  const port = new FakeExchange(() => 0);
  return new Proxy<ExchangePort>(port, {
    ownKeys: () => METHODS,
    getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true }),
    get: (_, method) => () => {
      asked.push(`${name} ${String(method)}`);
      return Promise.resolve(undefined);
    },
  });
}
const METHODS = ['bars', 'balances', 'openOrders', 'submit', 'replace', 'cancel', 'lookUp', 'fillsOf'];

it('what an order needs goes past the queue, all else through it', async () => {
  const asked: string[] = [];
  const port = withUrgentOrders(recorder(asked, 'queued'), recorder(asked, 'urgent'));
  const request: OrderRequest = {
    ...{ clientOrderId: 'a', symbol: 'BTC/USDT', side: Side.Sell, type: OrderType.Market },
    ...{ quantity: decimal('1'), limitPrice: null, stopPrice: null, sendDeadlineMs: 1 },
  };
  await port.submit(request);
  await port.replace('b', request);
  await port.cancel('BTC/USDT', 'a');
  await port.lookUp('BTC/USDT', 'a');
  await port.fillsOf('BTC/USDT', '1', 'a');
  await port.bars({ symbol: 'BTC/USDT', timeframe: '1m', limit: 1 });
  await port.openOrders();
  await port.balances();
  expect(asked).toEqual([
    ...['submit', 'replace', 'cancel', 'lookUp', 'fillsOf'].map((method) => `urgent ${method}`),
    ...['bars', 'openOrders', 'balances'].map((method) => `queued ${method}`),
  ]);
});
