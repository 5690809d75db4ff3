import { isPositive, multiply, subtract, ZERO, type DecimalString } from '../domain/decimal';
import { Leg, OrderState } from '../domain/order';
import { DELISTED_REASON } from '../domain/planner';
import { isDelisted, type PositionView } from '../domain/position';
import { price } from './format';

/** What people want to know of a position, from the journal and the market's bids by pair. */

type Bids = ReadonlyMap<string, DecimalString> | undefined;

/** What is held at the bid, or undefined without a bid. What cannot be sold, its pair being delisted, is worth nothing. */
export function worthOf(position: PositionView, bids: Bids): DecimalString | undefined {
  if (isDelisted(position)) return ZERO;
  const { symbol, ledger } = position;
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

/** Why it is leaving, and why it cannot; empty for a position that is simply held. */
export const troubleOf = (position: PositionView): string =>
  [position.exitReason ?? [], isDelisted(position) ? DELISTED_REASON : []].flat().join(', ');
