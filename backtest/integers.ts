/**
 * Exact arithmetic on integers that are kept in floats, for the hot path: everything stays below 2^53, where a float is an
 * integer, and what would not is computed with BigInt instead.
 */

/** A fraction in lowest terms, above or equal to zero. */
export interface Ratio {
  readonly numerator: number;
  readonly denominator: number;
}

/** A decimal number as people write it (`0.00075`), exactly. @throws RangeError when it is negative or no such number */
export function ratioOf(text: string): Ratio {
  const match = /^(\d+)(?:\.(\d+))?$/.exec(text);
  if (match === null) throw new RangeError(`"${text}" is not a decimal number of zero or more.`);
  const [, whole = '', decimals = ''] = match;
  const numerator = Number(whole + decimals);
  const denominator = 10 ** decimals.length;
  if (!Number.isSafeInteger(numerator) || !Number.isSafeInteger(denominator))
    throw new RangeError(`"${text}" has too many digits to be computed with exactly.`);
  return reduced(numerator, denominator);
}

/** The fraction in lowest terms. */
export function reduced(numerator: number, denominator: number): Ratio {
  let [a, b] = [numerator, denominator];
  while (b !== 0) [a, b] = [b, a % b];
  return { numerator: numerator / a, denominator: denominator / a };
}

/** `value / divisor`, rounded towards minus infinity. Both are safe integers, the divisor above zero. */
export function floorDivide(value: number, divisor: number): number {
  const quotient = Math.floor(value / divisor);
  // The float quotient of a number just below a multiple may be that multiple.
  return quotient * divisor > value ? quotient - 1 : quotient;
}

/** `value / divisor`, rounded towards plus infinity. Both are safe integers, the divisor above zero. */
export const ceilDivide = (value: number, divisor: number): number => -floorDivide(-value, divisor);

/** `value × ratio`, rounded towards minus infinity. */
export function floorTimes(value: number, { numerator, denominator }: Ratio): number {
  const product = value * numerator;
  if (Number.isSafeInteger(product)) return floorDivide(product, denominator);
  const exact = BigInt(value) * BigInt(numerator);
  const divisor = BigInt(denominator);
  const quotient = exact / divisor;
  return Number(exact % divisor < 0n ? quotient - 1n : quotient);
}

/** `value × ratio`, rounded towards plus infinity. */
export const ceilTimes = (value: number, ratio: Ratio): number => -floorTimes(-value, ratio);
