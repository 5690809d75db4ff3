/** Statistics of two markets that may belong together. Pure functions of numbers; where they come from is not asked. */

/** How sure a test wants to be: the chance of finding a relation where there is none. */
export const Significance = { One: 0.01, Five: 0.05, Ten: 0.1 } as const;
export type Significance = (typeof Significance)[keyof typeof Significance];

/** The line through two series and what is left of the first beside it. */
export interface Spread {
  readonly intercept: number;
  /** Units of the second against one of the first; of logarithms, per cent against per cent. */
  readonly hedgeRatio: number;
  /** `first − intercept − hedgeRatio × second`, oldest first; their mean is 0. */
  readonly residuals: Float64Array;
  /** The newest residual in standard errors of the regression (n − 2 in the denominator); 0 where there is no spread. */
  readonly zScore: number;
}

export interface Cointegration extends Spread {
  /** Augmented Dickey-Fuller statistic of the residuals: the further below 0, the surer they come back. */
  readonly statistic: number;
  /** Bars in which half of a distance from the mean is gone; infinite where nothing draws it back. */
  readonly halfLifeBars: number;
}

/**
 * Residuals smaller than this part of the first series' variance are rounding errors of one market seen twice; where
 * statsmodels gives up, too (1 − R² of 100 √ε).
 */
export const COLLINEAR = 100 * Math.sqrt(Number.EPSILON);

/**
 * Engle and Granger's test (1987): least squares of the first on the second, and an augmented Dickey-Fuller test of what is
 * left, without a constant, as the residuals have their mean at 0 already.
 * @param lags of lagged changes in the test
 * @returns NaN for a statistic that cannot be had: too few values, or a spread that does not move
 */
export function engleGranger(first: Float64Array, second: Float64Array, lags: number): Cointegration {
  const spread = spreadOf(first, second);
  const { residuals } = spread;
  return { ...spread, statistic: dickeyFuller(residuals, lags), halfLifeBars: halfLife(residuals) };
}

function spreadOf(first: Float64Array, second: Float64Array): Spread {
  const { length } = first;
  const [meanY, meanX] = [meanOf(first), meanOf(second)];
  let xx = 0;
  let xy = 0;
  let yy = 0;
  for (let at = 0; at < length; at += 1) {
    const x = (second[at] ?? NaN) - meanX;
    const y = (first[at] ?? NaN) - meanY;
    xx += x * x;
    xy += x * y;
    yy += y * y;
  }
  const hedgeRatio = xx > 0 ? xy / xx : 0;
  const intercept = meanY - hedgeRatio * meanX;
  const residuals = first.map((y, at) => y - meanY - hedgeRatio * ((second[at] ?? NaN) - meanX));
  const squares = residuals.reduce((sum, value) => sum + value * value, 0);
  const zScore =
    squares <= COLLINEAR * yy ? 0 : (residuals[length - 1] ?? NaN) / Math.sqrt(squares / (length - 2));
  return { intercept, hedgeRatio, residuals, zScore };
}

const meanOf = (values: Float64Array): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * The t-statistic of g in `change(t) = g × value(t − 1) + Σ d(i) × change(t − i)` with i from 1 to `lags`, by least squares
 * (Said and Dickey 1984; no constant). The triangle of Cholesky over the products of all columns, what is explained being the
 * last, holds it: its last row ends with what g explains and what nothing does.
 */
export function dickeyFuller(values: Float64Array, lags: number): number {
  const columns = lags + 2;
  const row = new Float64Array(columns);
  const products = new Float64Array(columns * columns);
  const change = (at: number): number => (values[at] ?? NaN) - (values[at - 1] ?? NaN);
  for (let at = lags + 1; at < values.length; at += 1) {
    for (let lag = 1; lag <= lags; lag += 1) row[lag - 1] = change(at - lag);
    row[lags] = values[at - 1] ?? NaN;
    row[lags + 1] = change(at);
    for (let i = 0; i < columns; i += 1)
      for (let j = 0; j <= i; j += 1) {
        const place = i * columns + j;
        products[place] = (products[place] ?? NaN) + (row[i] ?? NaN) * (row[j] ?? NaN);
      }
  }
  const triangle = cholesky(products, columns);
  const rows = values.length - 1 - lags;
  const explained = triangle[columns * columns - 2] ?? NaN;
  const left = triangle[columns * columns - 1] ?? NaN;
  return left > 0 ? (explained * Math.sqrt(rows - (columns - 1))) / left : NaN;
}

/** The lower triangle whose product with its transpose is the matrix, row by row; NaN where there is none. */
function cholesky(matrix: Float64Array, size: number): Float64Array {
  const triangle = new Float64Array(size * size);
  for (let i = 0; i < size; i += 1)
    for (let j = 0; j <= i; j += 1) {
      let rest = matrix[i * size + j] ?? NaN;
      for (let k = 0; k < j; k += 1)
        rest -= (triangle[i * size + k] ?? NaN) * (triangle[j * size + k] ?? NaN);
      triangle[i * size + j] = i === j ? Math.sqrt(rest) : rest / (triangle[j * size + j] ?? NaN);
    }
  return triangle;
}

/**
 * `−ln 2 / ln(1 + g)` with g from `change(t) = c + g × value(t − 1)`, the half-life of an autoregression of first order. 0 for
 * one that overshoots at every step.
 */
export function halfLife(values: Float64Array): number {
  const before = values.subarray(0, -1);
  const after = values.subarray(1);
  const [meanBefore, meanAfter] = [meanOf(before), meanOf(after)];
  let squares = 0;
  let products = 0;
  for (let at = 0; at < before.length; at += 1) {
    const x = (before[at] ?? NaN) - meanBefore;
    squares += x * x;
    products += x * ((after[at] ?? NaN) - meanAfter);
  }
  const kept = products / squares;
  if (!(kept < 1)) return Infinity;
  return kept <= 0 ? 0 : -Math.LN2 / Math.log(kept);
}

/**
 * MacKinnon, "Critical Values for Cointegration Tests" (2010), table 2: two series, a constant; b0 + b1 / T + b2 / T². The last
 * figure at 0.01 is found as −22.527 as well; this is statsmodels', the stricter one (by 0.0002 at 240 bars).
 */
const RESPONSE_SURFACES: Readonly<Record<Significance, readonly [number, number, number]>> = {
  [Significance.One]: [-3.89644, -10.9519, -33.527],
  [Significance.Five]: [-3.33613, -6.1101, -6.823],
  [Significance.Ten]: [-3.04445, -4.2412, -2.72],
};

/** The statistic of {@link engleGranger} over `length` bars must be below this. */
export function criticalValue(significance: Significance, length: number): number {
  const [limit, first, second] = RESPONSE_SURFACES[significance];
  // One bar less, as Stata and statsmodels count: the test is one of changes.
  const steps = length - 1;
  return limit + first / steps + second / (steps * steps);
}
