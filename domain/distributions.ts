/** Distribution functions that tests of significance need, each checked against SciPy in its test. */

const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];
const LANCZOS_G = 7;
const MAX_TERMS = 500;
/** A fraction whose last factor differs from 1 by no more than two roundings has converged. */
const PRECISION = 2 * Number.EPSILON;
const TINY = 1e-300;

/** ln Γ(x) for x > 0 (Lanczos' approximation with g = 7 and nine terms). */
function logGamma(x: number): number {
  const shifted = x - 1;
  const series = LANCZOS.reduce(
    (total, term, index) => total + (index === 0 ? term : term / (shifted + index)),
    0,
  );
  const base = shifted + LANCZOS_G + 0.5;
  return 0.5 * Math.log(2 * Math.PI) + (shifted + 0.5) * Math.log(base) - base + Math.log(series);
}

/** Standard normal distribution function, to full precision in both tails. */
export function normalCdf(x: number): number {
  const upper = 0.5 * upperGammaHalf((x * x) / 2);
  return x > 0 ? 1 - upper : upper;
}

/** Q(1/2, x) = erfc(√x): a series for small x, Lentz's continued fraction for the rest (Abramowitz and Stegun 6.5). */
function upperGammaHalf(x: number): number {
  if (x === 0) return 1;
  const front = Math.exp(-x + 0.5 * Math.log(x) - logGamma(0.5));
  if (x < 1.5) {
    let term = 2;
    let total = term;
    for (let n = 1; n < MAX_TERMS && Math.abs(term) > PRECISION * total; n += 1) {
      term *= x / (0.5 + n);
      total += term;
    }
    return 1 - front * total;
  }
  let b = x + 0.5;
  let c = 1 / TINY;
  let d = 1 / b;
  let fraction = d;
  for (let n = 1; n < MAX_TERMS; n += 1) {
    const a = -n * (n - 0.5);
    b += 2;
    d = 1 / nonZero(a * d + b);
    c = nonZero(b + a / c);
    fraction *= c * d;
    if (Math.abs(c * d - 1) < PRECISION) break;
  }
  return front * fraction;
}

const nonZero = (value: number): number => (Math.abs(value) < TINY ? TINY : value);

/**
 * The standard normal quantile: bisection of {@link normalCdf}, which cannot miss. ±Infinity at 0 and 1.
 * @param share from 0 to 1
 */
export function normalQuantile(share: number): number {
  if (share <= 0) return Number.NEGATIVE_INFINITY;
  if (share >= 1) return Number.POSITIVE_INFINITY;
  if (share > 0.5) return -normalQuantile(1 - share);
  let low = -40;
  let high = 0;
  for (let halving = 0; halving < 64; halving += 1) {
    const middle = (low + high) / 2;
    if (normalCdf(middle) < share) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** How likely a t statistic is to be at least as far from zero, either way (Student's distribution). */
export const studentTwoSided = (t: number, degrees: number): number =>
  incompleteBeta(degrees / (degrees + t * t), degrees / 2, 0.5);

/** Regularised incomplete beta function by its continued fraction (Abramowitz and Stegun 26.5.8). */
function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log(1 - x));
  let c = 1;
  let d = 1 / nonZero(1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  for (let m = 1; m < MAX_TERMS; m += 1) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / nonZero(1 + even * d);
    c = nonZero(1 + even / c);
    fraction *= c * d;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / nonZero(1 + odd * d);
    c = nonZero(1 + odd / c);
    fraction *= c * d;
    if (Math.abs(c * d - 1) < PRECISION) break;
  }
  return (front * fraction) / a;
}
