import { ceilTo, floorTo, isZero, lessThan, multiply, type DecimalString } from './decimal';

/** What an exchange lets one trade, and in which steps. */
export interface Instrument {
  /** Unified symbol, e.g. `BTC/USDT`. */
  readonly symbol: string;
  readonly base: string;
  readonly quote: string;
  readonly tickSize: DecimalString;
  readonly stepSize: DecimalString;
  readonly minQuantity: DecimalString;
  readonly minNotional: DecimalString;
  /** Fraction of the received asset, e.g. `0.001`. */
  readonly makerFee: DecimalString;
  readonly takerFee: DecimalString;
}

/** Rounds a quantity down to the lot step: never more than was asked for. */
export const roundQuantity = (instrument: Instrument, quantity: DecimalString): DecimalString =>
  floorTo(quantity, instrument.stepSize);

/** Rounds the stop of a long position up to the tick: it triggers earlier, never later, so rounding never adds risk. */
export const roundLongStop = (instrument: Instrument, price: DecimalString): DecimalString =>
  ceilTo(price, instrument.tickSize);

/** Rounds a buy limit down to the tick: it never pays more than was meant. */
export const roundBuyLimit = (instrument: Instrument, price: DecimalString): DecimalString =>
  floorTo(price, instrument.tickSize);

export const Untradable = { Dust: 'dust', BelowMinNotional: 'below-min-notional' } as const;
export type Untradable = (typeof Untradable)[keyof typeof Untradable];

/**
 * Why an (already rounded) quantity cannot be ordered at this price, or undefined when it can: `dust` is below one lot
 * or the minimum quantity, `below-min-notional` is worth too little.
 */
export function untradable(
  instrument: Instrument,
  quantity: DecimalString,
  price: DecimalString,
): Untradable | undefined {
  if (isZero(quantity) || lessThan(quantity, instrument.minQuantity)) return Untradable.Dust;
  if (lessThan(multiply(quantity, price), instrument.minNotional)) return Untradable.BelowMinNotional;
  return undefined;
}
