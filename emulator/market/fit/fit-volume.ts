import { mean } from '../../../domain/statistics';
import type { BarColumns } from '../bar-feed';
import type { FitAsset } from './fit-data';
import { cholesky } from '../cholesky';
import { hourOfWeek } from '../simulator-model';
import type { SimulatorParameters } from '../simulator-parameters';
import { correlation, logReturns } from './statistics';

/** Minutes on each side that estimate the regime at a minute, which itself is left out. */
const REGIME_WINDOW = 15;
const MEAN_ABSOLUTE = Math.sqrt(2 / Math.PI);
const MAX_MOVE = 6;
/** Lags whose autocorrelations separate the persistent disturbance from the passing one. */
const SHORT_LAG = 1;
const LONG_LAG = 30;

interface Hours {
  readonly volatilityByHour: readonly number[];
  readonly volumeByHour: readonly number[];
}

/** Ordinary least squares of `targets` on `rows` through the normal equations. */
function leastSquares(rows: readonly (readonly number[])[], targets: readonly number[]): number[] {
  const size = rows[0]?.length ?? 0;
  const dimensions = Array.from({ length: size }, (_, index) => index);
  const matrix = dimensions.map((i) =>
    dimensions.map((j) => mean(rows.map((row) => (row[i] ?? 0) * (row[j] ?? 0)))),
  );
  const lower = cholesky(matrix);
  const forward: number[] = [];
  for (const i of dimensions) {
    let value = mean(rows.map((row, index) => (row[i] ?? 0) * (targets[index] ?? 0)));
    for (let k = 0; k < i; k++) value -= (lower[i]?.[k] ?? 0) * (forward[k] ?? 0);
    forward.push(value / (lower[i]?.[i] ?? 1));
  }
  const solution = [...forward];
  for (const i of [...dimensions].reverse()) {
    let value = forward[i] ?? 0;
    for (let k = i + 1; k < size; k++) value -= (lower[k]?.[i] ?? 0) * (solution[k] ?? 0);
    solution[i] = value / (lower[i]?.[i] ?? 1);
  }
  return solution;
}

/** Regression of one asset's log volume on its regime and move: `[level, regimeExponent, perDeviation]` and residuals. */
function regress({ series, lotsPerOne }: FitAsset<BarColumns>, hours: Hours) {
  const returns = logReturns(series.close);
  const scaled = returns.map((value, index) => {
    const hour = hourOfWeek(series.openTimeMs[index + 1] ?? 0);
    return Math.abs(value) / (hours.volatilityByHour[hour] ?? 1);
  });
  const overall = Math.sqrt(mean(scaled.map((value) => value * value)));
  const rows: number[][] = [];
  const targets: number[] = [];
  for (let index = REGIME_WINDOW; index + REGIME_WINDOW < scaled.length; index++) {
    const around = scaled.subarray(index - REGIME_WINDOW, index + REGIME_WINDOW + 1);
    const here = scaled[index] ?? 0;
    const local = (mean(around) * around.length - here) / (around.length - 1) / MEAN_ABSOLUTE;
    const deviation = Math.max(local, overall / 100);
    rows.push([1, Math.log(deviation / overall), Math.min(MAX_MOVE, here / deviation)]);
    const lots = Math.max(1, series.volumeLots[index + 1] ?? 1);
    const hour = hourOfWeek(series.openTimeMs[index + 1] ?? 0);
    targets.push(Math.log(lots / lotsPerOne) - (hours.volumeByHour[hour] ?? 0));
  }
  const coefficients = leastSquares(rows, targets);
  const residuals = Float64Array.from(targets, (target, index) => {
    const row = rows[index] ?? [];
    return target - row.reduce((sum, value, k) => sum + value * (coefficients[k] ?? 0), 0);
  });
  return { coefficients, residuals };
}

/** The volume parameters shared by all assets (means over the two), and each one's level. */
export function fitVolume(
  assets: readonly [FitAsset<BarColumns>, FitAsset<BarColumns>],
  hours: Hours,
): { readonly shared: SimulatorParameters['volume']; readonly levels: readonly number[] } {
  const fits = assets.map((asset) => regress(asset, hours));
  const [first, second] = fits.map(({ residuals }) => residuals);
  const variance = mean(fits.map(({ residuals }) => mean(residuals.map((value) => value * value))));
  const lagged = (lag: number): number =>
    mean(fits.map(({ residuals }) => correlation(residuals, residuals, lag)));
  const persistence = (lagged(LONG_LAG) / lagged(SHORT_LAG)) ** (1 / (LONG_LAG - SHORT_LAG));
  const persistentShare = lagged(SHORT_LAG) / persistence ** SHORT_LAG;
  const coefficient = (index: number): number =>
    mean(fits.map(({ coefficients }) => coefficients[index] ?? 0));
  return {
    shared: {
      regimeExponent: coefficient(1),
      perDeviation: coefficient(2),
      persistence,
      persistentDeviation: Math.sqrt(variance * persistentShare),
      passingDeviation: Math.sqrt(variance * (1 - persistentShare)),
      commonShare: first && second ? correlation(first, second) : 0,
    },
    levels: fits.map(({ coefficients }) => coefficients[0] ?? 0),
  };
}
