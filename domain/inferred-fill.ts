import { add, divide, isPositive, minimum, multiply, subtract, sum, type DecimalString } from './decimal';
import type { Instrument } from './instrument';
import { Side, type Fill, type OrderView } from './order';

/**
 * Fills that stand in for trades which the exchange counts in its order and does not list (any more). What an order holds
 * must not hang on a list that lags or has lost its tail; what is known about it is the order's own sums. The real trade
 * takes the place of the inferred one when it turns up, so nothing is ever counted twice.
 */

const MARK = 'inferred/';

/** True for a fill that no trade of the exchange stands behind (yet). */
export const isInferred = ({ tradeId }: Pick<Fill, 'tradeId'>): boolean => tradeId.startsWith(MARK);

/** What the exchange says an order has executed, all its trades up to `marketTimeMs` included. */
export interface Executed {
  readonly quantity: DecimalString;
  /** Sum of price × quantity. */
  readonly quote: DecimalString;
  readonly marketTimeMs: number;
}

type Order = Pick<OrderView, 'clientOrderId' | 'exchangeOrderId' | 'symbol' | 'side' | 'quantity'>;

/**
 * The one fill that `trades`, the order's real ones, lack of `executed`, or undefined when they lack nothing. Its id is a
 * function of the order and of the quantities it covers, its price the average of what is missing, and its fee the taker
 * fee in what was received: the most that it can have cost, so that a holding is rather under- than overstated.
 */
export function inferFill(
  order: Order,
  trades: readonly Fill[],
  executed: Executed,
  instrument: Pick<Instrument, 'base' | 'quote' | 'takerFee'>,
): Fill | undefined {
  const covered = trades.filter(({ marketTimeMs }) => marketTimeMs <= executed.marketTimeMs);
  const from = quantityOf(covered);
  const room = subtract(order.quantity, quantityOf(trades));
  const quantity = minimum(subtract(executed.quantity, from), room);
  const quote = subtract(executed.quote, quoteOf(covered));
  if (!isPositive(quantity) || !isPositive(quote)) return undefined;
  const isBuy = order.side === Side.Buy;
  return {
    symbol: order.symbol,
    tradeId: `${MARK}${order.clientOrderId}/${from}-${add(from, quantity)}`,
    clientOrderId: order.clientOrderId,
    exchangeOrderId: order.exchangeOrderId ?? '',
    side: order.side,
    price: divide(quote, quantity),
    quantity,
    fee: multiply(isBuy ? quantity : quote, instrument.takerFee),
    feeAsset: isBuy ? instrument.base : instrument.quote,
    liquidity: 'taker',
    marketTimeMs: executed.marketTimeMs,
  };
}

/**
 * The fills of an order after real trades have arrived: what was inferred shrinks by what they cover, and goes when they
 * cover it all. A trade after the instant that the inferred fill speaks of is an addition.
 * @param known the order's fills before, an inferred one among them or not
 */
export function mergeFills(
  order: Order,
  known: readonly Fill[],
  trades: readonly Fill[],
  instrument: Pick<Instrument, 'base' | 'quote' | 'takerFee'>,
): readonly Fill[] {
  const before = known.filter((fill) => !isInferred(fill));
  const after = [...new Map([...before, ...trades].map((fill) => [fill.tradeId, fill])).values()];
  const inferred = known.find(isInferred);
  if (inferred === undefined) return after;
  const { marketTimeMs } = inferred;
  const counted = [...before.filter((fill) => fill.marketTimeMs <= marketTimeMs), inferred];
  const executed = { quantity: quantityOf(counted), quote: quoteOf(counted), marketTimeMs };
  const rest = inferFill(order, after, executed, instrument);
  return rest === undefined ? after : [...after, rest];
}

export const quantityOf = (fills: readonly Fill[]): DecimalString =>
  sum(fills.map(({ quantity }) => quantity));

/** Sum of price × quantity. */
export const quoteOf = (fills: readonly Fill[]): DecimalString =>
  sum(fills.map(({ price, quantity }) => multiply(price, quantity)));
