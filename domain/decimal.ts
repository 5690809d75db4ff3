import BigConstructor from 'big.js';

/**
 * Exact decimals for prices, quantities and money. Values live as strings at every boundary (JSON, SQL, Temporal
 * payloads) and are computed with big.js in strict mode, which refuses to make a decimal from a binary float.
 */
const Big = BigConstructor();
Big.strict = true;

/** A finite decimal in plain notation, e.g. `-0.00012`. Only {@link decimal} makes one from untrusted text. */
export type DecimalString = string & { readonly __brand: 'DecimalString' };

/**
 * Parses decimal text. Exponents are accepted (`1e-8`) and normalised away.
 * @throws RangeError when the text is not a finite decimal number.
 */
export function decimal(text: string): DecimalString {
  try {
    return plain(new Big(text.trim()));
  } catch {
    throw new RangeError(`Not a decimal number: "${text}". Write it like 12.5 or -0.001.`);
  }
}

/** Converts a statistic (an indicator, a fraction) into a decimal with at most `places` digits after the point, half-even. */
export function fromNumber(value: number, places: number): DecimalString {
  if (!Number.isFinite(value)) throw new RangeError(`Not a finite number: ${value}.`);
  return plain(new Big(value.toFixed(Math.min(100, places + 4))).round(places, Big.roundHalfEven));
}

/** The nearest binary float, for statistics and display only. */
export const toNumber = (value: DecimalString): number => Number(value);

export const ZERO: DecimalString = decimal('0');
export const ONE: DecimalString = decimal('1');

function plain(value: BigConstructor.Big): DecimalString {
  const text = value.toFixed();
  return (text === '-0' ? '0' : text) as DecimalString;
}

export const add = (a: DecimalString, b: DecimalString): DecimalString => plain(new Big(a).plus(b));
export const subtract = (a: DecimalString, b: DecimalString): DecimalString => plain(new Big(a).minus(b));
export const multiply = (a: DecimalString, b: DecimalString): DecimalString => plain(new Big(a).times(b));
export const negate = (a: DecimalString): DecimalString => plain(new Big(a).times('-1'));
export const sum = (values: readonly DecimalString[]): DecimalString => values.reduce(add, ZERO);

/**
 * `a / b` with at most `places` digits after the point, rounded towards zero, so that a quotient never claims more than
 * there is.
 * @throws RangeError on division by zero.
 */
export function divide(a: DecimalString, b: DecimalString, places = 18): DecimalString {
  if (isZero(b)) throw new RangeError(`Division of ${a} by zero.`);
  const Rounded = BigConstructor();
  Rounded.DP = places;
  Rounded.RM = Rounded.roundDown;
  return plain(new Rounded(a).div(b));
}

/** -1, 0 or 1, as `a` is less than, equal to or greater than `b`. */
export const compare = (a: DecimalString, b: DecimalString): -1 | 0 | 1 => new Big(a).cmp(b);
export const isZero = (a: DecimalString): boolean => compare(a, ZERO) === 0;
export const isNegative = (a: DecimalString): boolean => compare(a, ZERO) < 0;
export const isPositive = (a: DecimalString): boolean => compare(a, ZERO) > 0;
export const lessThan = (a: DecimalString, b: DecimalString): boolean => compare(a, b) < 0;
export const greaterThan = (a: DecimalString, b: DecimalString): boolean => compare(a, b) > 0;
export const minimum = (a: DecimalString, b: DecimalString): DecimalString => (compare(a, b) <= 0 ? a : b);
export const maximum = (a: DecimalString, b: DecimalString): DecimalString => (compare(a, b) >= 0 ? a : b);

/** The largest multiple of `step` that is not above `value` (towards minus infinity). @throws RangeError when step <= 0. */
export function floorTo(value: DecimalString, step: DecimalString): DecimalString {
  return multiply(steps(value, step, 'down'), step);
}

/** The smallest multiple of `step` that is not below `value` (towards plus infinity). @throws RangeError when step <= 0. */
export function ceilTo(value: DecimalString, step: DecimalString): DecimalString {
  return multiply(steps(value, step, 'up'), step);
}

function steps(value: DecimalString, step: DecimalString, direction: 'down' | 'up'): DecimalString {
  if (!isPositive(step)) throw new RangeError(`A step must be positive, got ${step}.`);
  const whole = divide(value, step, 0);
  const remainder = subtract(value, multiply(whole, step));
  if (isZero(remainder)) return whole;
  if (direction === 'down') return isNegative(remainder) ? subtract(whole, ONE) : whole;
  return isNegative(remainder) ? whole : add(whole, ONE);
}
