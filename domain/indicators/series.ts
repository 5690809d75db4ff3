/** What kernels share: where a series begins, and outputs that are undefined until then. */

/** Index of the first value that is not NaN, or the length: a series made by another indicator begins with NaN. */
export function firstDefined(values: Float64Array): number {
  let index = 0;
  while (index < values.length && Number.isNaN(values[index])) index += 1;
  return index;
}

/** An output of this length, NaN up to but not including `first`. What follows is to be written. */
export const undefinedUntil = (first: number, length: number): Float64Array =>
  new Float64Array(length).fill(NaN, 0, Math.min(Math.max(first, 0), length));

/**
 * The simple mean of `period` values from `from` on, by their distances from the first: of equal values it is that value
 * exactly.
 */
export function meanOf(values: Float64Array, from: number, period: number): number {
  const pivot = values[from] ?? NaN;
  let total = 0;
  for (let i = from; i < from + period; i += 1) total += (values[i] ?? NaN) - pivot;
  return pivot + total / period;
}
