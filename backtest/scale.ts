import { decimal, multiply, toNumber, type DecimalString } from '../domain/decimal';
import { UserError } from '../domain/errors';
import type { Instrument } from '../domain/instrument';
import { ceilDivide, ceilTimes, floorDivide, ratioOf, reduced, type Ratio } from './integers';

/** Money is counted in whole units of 1e-8 of the quote currency, and so are prices where a tick is too coarse. */
export const UNITS = 100_000_000;

/** Money from a decimal, exact: digits beyond the eighth are refused rather than dropped. */
export function moneyOf(text: DecimalString): number {
  const { numerator, denominator } = ratioOf(text);
  const units = numerator * (UNITS / denominator);
  if (UNITS % denominator === 0 && Number.isSafeInteger(units)) return units;
  throw new UserError(
    `${text} is no amount of money that a backtest can count.`,
    'Amounts have at most eight decimals and stay below ninety million.',
  );
}

/** An amount of money in whole units, what is less than one rounded up. */
export const unitsUp = (text: DecimalString): number =>
  Math.ceil(toNumber(multiply(text, decimal(String(UNITS)))));

/** An amount of money as an exact decimal. */
export function decimalOf(units: number): DecimalString {
  const digits = Math.abs(units).toString().padStart(9, '0');
  return decimal(`${units < 0 ? '-' : ''}${digits.slice(0, -8)}.${digits.slice(-8)}`);
}

/** The nearest float of an amount of money. */
export const quoteOf = (units: number): number => units / UNITS;

/** A price that is no multiple of a tick, in units: the float's own error is far below one. */
export const priceUnits = (price: number): number => Math.round(price * UNITS);

/**
 * The integers of one instrument. A price is a number of ticks, a quantity a number of lots, money a number of units; all are
 * floats that hold integers. Prices and quantities convert back to the float nearest to their decimal, which is also what reading
 * the decimal gives: so a price that came from ticks compares exactly with those in the data.
 */
export class Scale {
  /** Units of price in a tick. */
  private readonly tickUnits: number;
  /** Base units in a lot. */
  private readonly lot: Ratio;
  /** Units of money in one tick on one lot. */
  private readonly worth: Ratio;
  readonly minLots: number;
  readonly minNotional: number;
  readonly makerFee: Ratio;
  readonly takerFee: Ratio;

  /** @throws UserError when a tick is finer than 1e-8 */
  constructor(readonly instrument: Instrument) {
    const tick = ratioOf(instrument.tickSize);
    this.tickUnits = (tick.numerator * UNITS) / tick.denominator;
    if (!Number.isSafeInteger(this.tickUnits))
      throw new UserError(
        `The tick of ${instrument.symbol} is ${instrument.tickSize}; a backtest counts in units of 0.00000001.`,
      );
    this.lot = ratioOf(instrument.stepSize);
    this.worth = reduced(this.tickUnits * this.lot.numerator, this.lot.denominator);
    this.minLots = Math.ceil(toNumber(instrument.minQuantity) / this.quantity(1) - 1e-9);
    this.minNotional = moneyOf(instrument.minNotional);
    this.makerFee = ratioOf(instrument.makerFee);
    this.takerFee = ratioOf(instrument.takerFee);
  }

  price(ticks: number): number {
    return (ticks * this.tickUnits) / UNITS;
  }

  quantity(lots: number): number {
    return (lots * this.lot.numerator) / this.lot.denominator;
  }

  /** Whole lots in a quantity, never more than there is. */
  lotsIn(quantity: number): number {
    return Math.floor((quantity * this.lot.denominator) / this.lot.numerator + 1e-9);
  }

  /** The highest tick not above a price. */
  ticksDown(price: number): number {
    return floorDivide(priceUnits(price), this.tickUnits);
  }

  /** The lowest tick not below a price. */
  ticksUp(price: number): number {
    return ceilDivide(priceUnits(price), this.tickUnits);
  }

  /** A price in units, as ticks rounded up. */
  unitsUp(units: number): number {
    return ceilDivide(units, this.tickUnits);
  }

  /** Ticks as a price in units. */
  units(ticks: number): number {
    return ticks * this.tickUnits;
  }

  /**
   * What lots are worth at a price, in money. Exact whenever tick × lot is a multiple of 1e-8 (on every pair of Binance), else
   * rounded to the nearest unit.
   * @throws UserError when it is too much to be counted exactly
   */
  notional(ticks: number, lots: number): number {
    const { numerator, denominator } = this.worth;
    const product = ticks * lots * numerator;
    if (product > Number.MAX_SAFE_INTEGER) return this.largeNotional(ticks, lots);
    return denominator === 1 ? product : Math.round(product / denominator);
  }

  /** Where ticks and lots are so fine that their product is too large for a float: what it is worth need not be. */
  private largeNotional(ticks: number, lots: number): number {
    const { numerator, denominator } = this.worth;
    const product = BigInt(ticks) * BigInt(lots) * BigInt(numerator);
    const half = BigInt(denominator);
    const units = Number((2n * product + half) / (2n * half));
    if (units > Number.MAX_SAFE_INTEGER) throw tooMuch(this.instrument);
    return units;
  }

  /** Units of money in one tick on one lot. */
  get unitsPerTickLot(): number {
    return this.worth.numerator / this.worth.denominator;
  }

  /** What a price in floats makes lots worth, in money to the nearest unit: for marks, which are no fills. */
  mark(price: number, lots: number): number {
    return Math.round(price * this.quantity(lots) * UNITS);
  }

  /** The average price of lots that were worth this much: exact when they all had one price. */
  average(notional: number, lots: number): number {
    const { numerator, denominator } = this.worth;
    const ticks = (notional * denominator) / (lots * numerator);
    return this.price(Math.abs(ticks - Math.round(ticks)) < 1e-9 ? Math.round(ticks) : ticks);
  }

  /** A fee rounds up to the unit. */
  fee(notional: number, rate: Ratio): number {
    return ceilTimes(notional, rate);
  }
}

const tooMuch = ({ symbol, quote }: Instrument): UserError =>
  new UserError(
    `A position in ${symbol} would be worth more than ninety million ${quote}, which cannot be counted exactly.`,
    'Start with less money.',
  );
