/** Elementary statistics of samples. Pure; what is undefined is NaN here, and null where it becomes a metric. */

/** By index: an iterator over lists of several kinds makes an object for every value, which is a good part of a trial's garbage. */
export function sum(values: ArrayLike<number>): number {
  const { length } = values;
  let total = 0;
  for (let index = 0; index < length; index += 1) total += values[index] ?? NaN;
  return total;
}

/** NaN of no values. */
export const mean = (values: readonly number[] | Float64Array | Uint8Array): number =>
  sum(values) / values.length;

/** The largest of any number of values; −Infinity of none. */
export const largest = (values: readonly number[]): number =>
  values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);

/** The smallest of any number of values; Infinity of none. */
export const smallest = (values: readonly number[]): number =>
  values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);

/** Sum of squared distances from the mean, in two passes. */
export function squares(values: readonly number[]): number {
  const centre = mean(values);
  return sum(values.map((value) => (value - centre) ** 2));
}

/** Standard deviation with n − 1 in the denominator; NaN of fewer than two values. */
export const sampleDeviation = (values: readonly number[]): number =>
  values.length < 2 ? Number.NaN : Math.sqrt(squares(values) / (values.length - 1));

/** Standard deviation with n in the denominator. */
export const populationDeviation = (values: readonly number[]): number =>
  Math.sqrt(squares(values) / values.length);

/**
 * The quantile at `share` (0 to 1), linear between the two values around it: Hyndman and Fan's seventh definition, the
 * default of R and NumPy. NaN of no values.
 */
export const quantile = (values: readonly number[], share: number): number =>
  sortedQuantile(new Float64Array(values).sort(), share);

/** {@link quantile} of values that are in ascending order already. */
export function sortedQuantile(sorted: readonly number[] | Float64Array, share: number): number {
  const place = share * (sorted.length - 1);
  const below = sorted[Math.floor(place)] ?? Number.NaN;
  const above = sorted[Math.ceil(place)] ?? Number.NaN;
  return below + (above - below) * (place - Math.floor(place));
}

/** NaN of no values. */
export const median = (values: readonly number[]): number => quantile(values, 0.5);

const moment = (values: readonly number[], power: number): number => {
  const centre = mean(values);
  return mean(values.map((value) => (value - centre) ** power));
};

/** Third standardised moment of the sample itself (no correction for its size); 0 of a normal distribution. */
export const skewness = (values: readonly number[]): number => moment(values, 3) / moment(values, 2) ** 1.5;

/** Fourth standardised moment of the sample itself (no correction for its size); 3 of a normal distribution. */
export const kurtosis = (values: readonly number[]): number => moment(values, 4) / moment(values, 2) ** 2;

/** Pearson's correlation of two equally long samples; NaN when one of them does not vary. */
export function correlation(first: readonly number[], second: readonly number[]): number {
  const [firstMean, secondMean] = [mean(first), mean(second)];
  const cross = sum(first.map((value, index) => (value - firstMean) * ((second[index] ?? 0) - secondMean)));
  return cross / Math.sqrt(squares(first) * squares(second));
}
