import { isPositive, multiply, subtract, type DecimalString } from '../domain/decimal';
import { Leg, OrderState } from '../domain/order';
import type { PositionView } from '../domain/position';
import { price } from './format';

/** What people want to know of a position, from the journal and the market's bids by pair. */

type Bids = ReadonlyMap<string, DecimalString> | undefined;

/** What is held at the bid, or undefined without a bid. */
export function worthOf({ symbol, ledger }: PositionView, bids: Bids): DecimalString | undefined {
  const bid = bids?.get(symbol);
  return bid === undefined ? undefined : multiply(ledger.heldQuantity, bid);
}

/** Worth at the bid less what it cost, entry fees included; undefined without a bid. Exit fees are still to come. */
export function unrealisedPnl(position: PositionView, bids: Bids): DecimalString | undefined {
  const worth = worthOf(position, bids);
  return worth === undefined ? undefined : subtract(worth, position.ledger.heldCost);
}

/** The price of the stop that rests at the exchange, `none` for a holding without one, `–` while nothing is held. */
export function protectionOf({ orders, ledger }: PositionView): string {
  const resident = orders.find(({ leg, state }) => leg === Leg.Stop && state === OrderState.Open);
  if (resident !== undefined) return price(resident.stopPrice);
  return isPositive(ledger.heldQuantity) ? 'none' : '–';
}
