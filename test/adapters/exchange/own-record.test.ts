import { OwnRecord } from '../../../adapters/exchange/direct-stop/own-record';
import type { OrderReport, RecordPage } from '../../../adapters/exchange/port';
import { decimal, ZERO } from '../../../domain/decimal';
import { Side, type Fill } from '../../../domain/order';
import { BTC } from '../../domain/fixtures';

const PAGE = 3;

/** An account's record of one pair, where each order has one trade of one unit under its own id. */
class Account {
  asked: string[] = [];
  readonly orders: OrderReport[] = [];
  readonly hidden = new Set<string>();

  trade(side: Side, marketTimeMs: number, clientOrderId = 'mine'): void {
    const exchangeOrderId = String(this.orders.length + 1);
    this.orders.push({
      ...{ clientOrderId, exchangeOrderId, symbol: BTC.symbol, side, marketTimeMs, stopPrice: null },
      ...{ status: 'filled', quantity: decimal('1'), filledQuantity: decimal('1'), fills: [] },
    });
  }

  ordersFrom = (_: string, id: string): Promise<RecordPage<OrderReport>> => Promise.resolve(this.page(id));

  fillsFrom = (_: string, id: string): Promise<RecordPage<Fill>> => {
    this.asked.push(id);
    const { rows, more } = this.page(id);
    const fills = rows.map(({ exchangeOrderId, clientOrderId, symbol, side, quantity, marketTimeMs }) => ({
      ...{ exchangeOrderId, clientOrderId, symbol, side, quantity, marketTimeMs, tradeId: exchangeOrderId },
      ...{ price: decimal('100'), fee: ZERO, feeAsset: 'USDT', liquidity: 'taker' as const },
    }));
    return Promise.resolve({ rows: fills, more });
  };

  private page(id: string): RecordPage<OrderReport> {
    const rows = this.orders
      .filter(
        (order) => !this.hidden.has(order.exchangeOrderId) && BigInt(order.exchangeOrderId) >= BigInt(id),
      )
      .slice(0, PAGE);
    return { rows, more: rows.length === PAGE };
  }
}

const recordOf = (account: Account): OwnRecord =>
  new OwnRecord(account, BTC.symbol, ({ clientOrderId }) => clientOrderId === 'mine');

it('is read page by page to its end, and counts what is ours', async () => {
  const account = new Account();
  for (let count = 0; count < 8; count += 1) account.trade(Side.Buy, count);
  account.trade(Side.Sell, 8);
  account.trade(Side.Buy, 9, 'another');
  const record = recordOf(account);
  expect(await record.read(100)).toBe(true);
  expect(record.net(BTC)).toBe('7');
  expect(account.asked).toEqual(['0', '4', '7', '10']);
});

it('is read on from what is settled, and finds what shows late among what is not', async () => {
  const account = new Account();
  for (const timeMs of [1, 2, 50, 51]) account.trade(Side.Buy, timeMs);
  account.hidden.add('3');
  const record = recordOf(account);
  await record.read(10);
  expect(record.net(BTC)).toBe('3');
  account.hidden.clear();
  account.asked = [];
  await record.read(10);
  expect(record.net(BTC)).toBe('4');
  expect(account.asked).toEqual(['3']);
});

it('is given up when it has no end', async () => {
  const account = new Account();
  for (let count = 0; count < 200; count += 1) account.trade(Side.Buy, count);
  expect(await recordOf(account).read(1_000)).toBe(false);
  expect(account.asked).toHaveLength(50);
});

it('believes what an order counts before its trades are listed, less the usual fee', async () => {
  const account = new Account();
  account.trade(Side.Buy, 1);
  const record = recordOf(account);
  account.fillsFrom = () => Promise.resolve({ rows: [], more: false });
  await record.read(10);
  expect(record.net(BTC)).toBe('0.999');
});
