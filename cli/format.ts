import { compare, decimal, fromNumber, toNumber, ZERO, type DecimalString } from '../domain/decimal';

/** How numbers and times look to people. Times are UTC, as markets are. */

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** `2025-06-03 14:05:09`, or a shorter form from the left. */
export const utcTime = (timeMs: number, form: 'full' | 'minutes' | 'clock' = 'full'): string => {
  const text = new Date(timeMs).toISOString().replace('T', ' ');
  if (form === 'clock') return text.slice(11, 19);
  return text.slice(0, form === 'minutes' ? 16 : 19);
};

/** A whole number with thousands separators: `1,033,226`. */
export const count = (whole: number): string => thousands(String(whole));

const thousands = (digits: string): string => digits.replace(/\B(?=(\d{3})+$)/g, ',');

/** Money with thousands separators and two digits: `10,250.31`. */
export function money(amount: DecimalString): string {
  const [whole = '0', part = '00'] = toNumber(amount).toFixed(2).split('.');
  return `${thousands(whole)}.${part}`;
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

/** `12.34 %` of a fraction. */
export const percent = (fraction: number, digits = 2): string => `${(fraction * 100).toFixed(digits)} %`;

/** A span in its two largest units: `3d 4h`, `12m 30s`, `8s`. */
export function span(durationMs: number): string {
  const rounded = Math.max(0, Math.round(durationMs / SECOND_MS) * SECOND_MS);
  if (rounded >= DAY_MS)
    return `${Math.floor(rounded / DAY_MS)}d ${Math.floor((rounded % DAY_MS) / HOUR_MS)}h`;
  if (rounded >= HOUR_MS)
    return `${Math.floor(rounded / HOUR_MS)}h ${Math.floor((rounded % HOUR_MS) / MINUTE_MS)}m`;
  if (rounded >= MINUTE_MS)
    return `${Math.floor(rounded / MINUTE_MS)}m ${Math.floor((rounded % MINUTE_MS) / SECOND_MS)}s`;
  return `${rounded / SECOND_MS}s`;
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
