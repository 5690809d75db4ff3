import { baseOf, costOf, type Instrument } from '../engine/instrument';
import { isUnpriced, remainingLots, Side, type Order, type OrderTerms } from '../engine/types';
import { maxUnits } from '../engine/units';

/**
 * What an order must hold while it is open: a seller the base it still offers, a buyer its limit price times what it
 * still wants. A buyer without a limit holds `unpricedUnits`.
 */
export function lockFor(
  instrument: Instrument,
  order: Pick<OrderTerms, 'side' | 'type' | 'priceTicks'>,
  lots: number,
  unpricedUnits: bigint,
): bigint {
  if (order.side === Side.Sell) return baseOf(instrument, lots);
  return isUnpriced(order.type) ? unpricedUnits : costOf(instrument, order.priceTicks, lots);
}

/** The lock after a fill that cost `spent`: an unpriced buyer keeps the rest of what it held. */
export function lockAfter(instrument: Instrument, order: Order, spent: bigint): bigint {
  const lots = remainingLots(order);
  if (lots === 0) return 0n;
  return lockFor(instrument, order, lots, maxUnits(0n, order.locked - spent));
}
