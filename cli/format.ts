import { thousands } from '../domain/display';
import { compare, decimal, fromNumber, toNumber, ZERO, type DecimalString } from '../domain/decimal';

export { percent, span, utcTime } from '../domain/display';

/** How amounts and texts look to people. */

/** A whole number with thousands separators: `1,033,226`. */
export const count = (whole: number): string => thousands(whole, 0);

/** Money with thousands separators and two digits: `10,250.31`. */
export function money(amount: DecimalString): string {
  return thousands(toNumber(amount));
}

/** Money that is a gain or a loss: always signed. */
export const gain = (amount: DecimalString): string =>
  compare(amount, ZERO) > 0 ? `+${money(amount)}` : money(amount);

/** A price or quantity without trailing zeros, with a bound on its digits. */
export function plain(value: DecimalString | null, maxDigits = 8): string {
  if (value === null) return '–';
  const [, part = ''] = value.split('.');
  return part.length <= maxDigits ? value : fromNumber(toNumber(value), maxDigits);
}

/** A price with as many digits as its size deserves, so that a column of them lines up: `104321.50`, `0.52310000`. */
export function price(value: DecimalString | null): string {
  if (value === null) return '–';
  const number = toNumber(value);
  return number.toFixed(number >= 100 ? 2 : number >= 1 ? 4 : 8);
}

/** Text cut to `width` characters, its end marked. */
export const clip = (text: string, width: number): string =>
  text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;

/** The average price of what has been filled, or null. */
export const averagePrice = (
  filledQuote: DecimalString,
  filledQuantity: DecimalString,
): DecimalString | null =>
  toNumber(filledQuantity) === 0
    ? null
    : decimal((toNumber(filledQuote) / toNumber(filledQuantity)).toPrecision(8));
