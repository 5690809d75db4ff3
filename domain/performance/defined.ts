/** A number when it is one: not a number and the infinities are `null`, which is what is not defined. */
export const defined = (value: number): number | null => (Number.isFinite(value) ? value : null);

/** A quotient, or `null` when the divisor is zero or one of the two is not known. */
export const divided = (dividend: number | null, divisor: number | null): number | null =>
  dividend === null || divisor === null || divisor === 0 ? null : defined(dividend / divisor);

/** One property of every item, or `null` when one lacks it. */
export function allOf<T>(
  items: readonly T[],
  property: (item: T) => number | undefined,
): readonly number[] | null {
  const values: number[] = [];
  for (const item of items) {
    const value = property(item);
    if (value === undefined) return null;
    values.push(value);
  }
  return values;
}
