import type { OrderRequest } from '../../../adapters/exchange/port';
import { decimal, isPositive, multiply, subtract, type DecimalString } from '../../../domain/decimal';
import { roundBuyLimit, roundQuantity } from '../../../domain/instrument';
import { Leg, OrderType, Side } from '../../../domain/order';
import { newAccount, type ExchangeAccount } from './exchange-process';
import type { GrantedPosition } from './trading';
import type { World } from './world';

/** Who empties a book, and who bids below it. The exchange must have both among its other accounts. */
export interface Crowd {
  readonly seller: ExchangeAccount;
  readonly buyer: ExchangeAccount;
}
export const newCrowd = (): Crowd => ({
  seller: newAccount('seller', { BTC: '5000' }),
  buyer: newAccount('buyer', { USDT: '10000000' }),
});

/** More than all bids together. */
const SWEPT = decimal('4000');
/** Below every bid of the market's own, as fractions of the best one. What is bought at the bait sets off the stops above it. */
const BAIT = { factor: decimal('0.96'), quantity: decimal('0.001') };
const SWEPT_DOWN_TO = decimal('0.955');
const BID = decimal('0.95');
const SEND_MS = 5_000;
/** Of what a stop offers. */
const PART = decimal('0.3');

/**
 * Sells into every bid for BTC/USDT, so that the price falls through all stops above 0.96 of what it was, but for a single bid below
 * of `quantity`: nobody else is there for the stops to sell to, until the market moves on.
 */
export async function emptyBook(
  { exchange, port }: World,
  crowd: Crowd,
  quantity: DecimalString,
): Promise<void> {
  const symbol = 'BTC/USDT';
  const [quote] = await port.quotes([symbol]);
  const [instrument] = await port.instruments([symbol]);
  if (quote === undefined || instrument === undefined)
    throw new Error(`The exchange does not trade ${symbol}.`);
  const order = (
    name: string,
    factor: DecimalString,
    amount: DecimalString,
  ): Omit<OrderRequest, 'side' | 'type'> => ({
    ...{ clientOrderId: name, symbol, quantity: amount, stopPrice: null },
    limitPrice: roundBuyLimit(instrument, multiply(quote.bid, factor)),
    sendDeadlineMs: Date.now() + SEND_MS,
  });
  const [seller, buyer] = await Promise.all([
    exchange.connect(crowd.seller, [symbol]),
    exchange.connect(crowd.buyer, [symbol]),
  ]);
  try {
    const bid = { side: Side.Buy, type: OrderType.Limit };
    await buyer.submit({ ...order('bid', BID, quantity), ...bid });
    await buyer.submit({ ...order('bait', BAIT.factor, BAIT.quantity), ...bid });
    await seller.submit({
      ...order('sweep', SWEPT_DOWN_TO, SWEPT),
      side: Side.Sell,
      type: OrderType.LimitIoc,
    });
  } finally {
    await Promise.all([seller.close(), buyer.close()]);
  }
}

/**
 * Of a protected position in BTC/USDT: the part that its stop is to sell once the market falls through it, when nobody buys more
 * until the market moves on, and the rest.
 */
export async function prepareParts(world: World, crowd: Crowd, position: GrantedPosition) {
  const stop = position.id(Leg.Stop);
  const { instrument } = await position.view();
  const offered = world.exchange
    .record()
    .orders.find(({ clientOrderId }) => clientOrderId === stop)?.quantity;
  if (offered === undefined) throw new Error(`${position.input.positionId} has no stop at the exchange.`);
  const part = roundQuantity(instrument, multiply(decimal(offered), PART));
  return {
    part,
    rest: subtract(decimal(offered), part),
    fall: (): Promise<void> => emptyBook(world, crowd, part),
  };
}

/** What the orders of the account have sold from this one on, order by order, oldest first, whoever sent them. */
export function soldSince({ exchange, account }: World, clientOrderId: string): readonly DecimalString[] {
  const { orders } = exchange.record();
  return orders
    .slice(orders.findIndex((order) => order.clientOrderId === clientOrderId))
    .filter((order) => order.account === account.account && order.side === 'SELL')
    .map(({ executedQuantity }) => decimal(executedQuantity))
    .filter(isPositive);
}
