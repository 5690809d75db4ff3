import { defined } from '../defined';
import type { Metrics } from '../types';

/** Puts a tool's name before its metrics, and null for what has no finite value. */
export const prefixed = (tool: string, values: Readonly<Record<string, number | null>>): Metrics =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      `${tool}.${name}`,
      value === null ? null : defined(value),
    ]),
  );

/** To so many decimals, as Python's `round` does it but for exact ties. */
export const rounded = (value: number, digits: number): number => Number(value.toFixed(digits));

/** To a whole number, exact ties to the even one, as Python's `round` does it. */
export function roundedEven(value: number): number {
  const below = Math.floor(value);
  return value - below === 0.5 ? below + (below % 2) : Math.round(value);
}
