/**
 * Exact money. Every asset is counted in whole units of 1e-8, as `bigint`, so adding, locking and paying fees never
 * rounds by accident; the few divisions there are say which way they round.
 */
const UNIT_DECIMALS = 8;
export const ONE = 100_000_000n;

const PLAIN_DECIMAL = /^\d{1,20}(?:\.(\d*))?$/;

/**
 * Parses a plain non-negative decimal (`"0.01"`; no sign, no exponent) into units of 1e-8.
 * @returns undefined when the text is not such a decimal, `'too-precise'` when it has digits beyond the eighth place.
 */
export function parseUnits(text: string): bigint | 'too-precise' | undefined {
  const match = PLAIN_DECIMAL.exec(text);
  if (match === null) return undefined;
  const fraction = (match[1] ?? '').replace(/0+$/, '');
  if (fraction.length > UNIT_DECIMALS) return 'too-precise';
  const whole = text.split('.', 1)[0] ?? '0';
  return BigInt(whole) * ONE + BigInt(fraction.padEnd(UNIT_DECIMALS, '0'));
}

/** As `parseUnits`, for configuration: throws an error that names the value. */
export function requireUnits(text: string, what: string): bigint {
  const units = parseUnits(text);
  if (typeof units !== 'bigint') {
    throw new Error(`${what} is "${text}"; it must be a plain decimal with at most 8 decimal places`);
  }
  return units;
}

/** Units as a decimal string with eight places, the way Binance writes amounts. */
export function formatUnits(units: bigint): string {
  const sign = units < 0n ? '-' : '';
  const digits = (units < 0n ? -units : units).toString().padStart(UNIT_DECIMALS + 1, '0');
  return `${sign}${digits.slice(0, -UNIT_DECIMALS)}.${digits.slice(-UNIT_DECIMALS)}`;
}

export function maxUnits(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
