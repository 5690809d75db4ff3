import { median, quantile } from '../../domain/statistics';
import type { Tried } from './search';
import { scaleOf, type Choice, type Parameter, type Point, type Space } from './space';

/** One axis of a map: the parameter, and what each of its columns or rows stands for. */
export interface MapAxis {
  readonly name: string;
  /** Lowest first; choices in their own order. */
  readonly labels: readonly string[];
}

/** What was found where two parameters have about these values, whatever the others had. */
export interface MapCell {
  /** Trials in the cell itself. */
  readonly trials: number;
  /** The mean score of the trials in the cell and in the cells that touch it; null when none of them has one. */
  readonly mean: number | null;
  /** The best score in the cell itself. */
  readonly best: number | null;
}

/** The objective over two parameters. */
export interface StabilityMap {
  readonly x: MapAxis;
  readonly y: MapAxis;
  /** A row for each label of `y`, in it a cell for each of `x`. */
  readonly rows: readonly (readonly MapCell[])[];
  /** Where the best trial is. */
  readonly best: { readonly x: number; readonly y: number } | null;
}

/** Whether the best trial stands among others that are nearly as good. */
export interface Plateau {
  /**
   * (median of the neighbours' scores − lower quartile of all) / (best score − lower quartile of all): 1 where the neighbours are as
   * good as the best, 0 where they are no better than bad trials. The quartile, because a search that learns tries mostly what
   * is good. Null when too few neighbours were tried, or all are alike.
   */
  readonly score: number | null;
  readonly verdict: PlateauVerdict;
  /** Trials near the best one, itself not counted. */
  readonly neighbours: number;
  /** How far a neighbour is away on any axis, as a share of its range; on whole numbers the next value is near too. */
  readonly radius: number;
}

export const PlateauVerdict = {
  Plateau: 'plateau',
  Slope: 'slope',
  Spike: 'spike',
  Unknown: 'unknown',
} as const;
export type PlateauVerdict = (typeof PlateauVerdict)[keyof typeof PlateauVerdict];

const MOST_CELLS = 12;
/** Neighbours are looked for within the first of these in which there are enough. */
const RADII = [0.1, 0.2, 0.3] as const;
const ENOUGH = 4;
const PLATEAU_FROM = 0.7;
const SLOPE_FROM = 0.4;

/**
 * A map for every pair of parameters that vary.
 * @param best the trial that is marked
 */
export function stabilityMaps(
  space: Space,
  trials: readonly Tried[],
  best: Tried | null,
  mostCells: number = MOST_CELLS,
): readonly StabilityMap[] {
  const axes = Object.entries(space)
    .map(([name, parameter]) => axisOf(name, parameter, mostCells))
    .filter(({ labels }) => labels.length > 1);
  return axes.flatMap((x, index) => axes.slice(index + 1).map((y) => mapOf(x, y, trials, best)));
}

interface Axis extends MapAxis {
  /** Choices have no neighbours. */
  readonly isOrdered: boolean;
  cellOf(point: Point): number;
}

function axisOf(name: string, parameter: Parameter, mostCells: number): Axis {
  if (parameter.kind === 'categorical') {
    const { choices } = parameter;
    return {
      ...{ name, labels: choices.map(String), isOrdered: false },
      cellOf: (point) => choices.findIndex((choice) => choice === point[name]),
    };
  }
  const { low, high, fromScale } = scaleOf(parameter);
  const values = parameter.kind === 'int' ? Math.round(high - low) : low === high ? 1 : Infinity;
  const count = Math.min(values, mostCells);
  const middle = (index: number): number => fromScale(low + ((index + 0.5) * (high - low)) / count);
  return {
    ...{ name, isOrdered: true },
    labels: Array.from({ length: count }, (_, index) => String(Number(middle(index).toPrecision(3)))),
    cellOf: (point) => Math.min(count - 1, Math.floor(shareOf(parameter, point[name]) * count)),
  };
}

/** Where a value is between the ends of its range: 0 to 1, on its own scale. */
function shareOf(parameter: Exclude<Parameter, { kind: 'categorical' }>, value: Choice | undefined): number {
  const { low, high, toScale } = scaleOf(parameter);
  const place = typeof value === 'number' ? toScale(value) : low;
  return high > low ? Math.min(1, Math.max(0, (place - low) / (high - low))) : 0;
}

function mapOf(x: Axis, y: Axis, trials: readonly Tried[], best: Tried | null): StabilityMap {
  const cells = y.labels.map(() => x.labels.map(() => ({ trials: 0, scored: 0, sum: 0, best: -Infinity })));
  for (const { point, score } of trials) {
    const cell = cells[y.cellOf(point)]?.[x.cellOf(point)];
    if (cell === undefined) continue;
    cell.trials += 1;
    if (score === null) continue;
    cell.scored += 1;
    cell.sum += score;
    cell.best = Math.max(cell.best, score);
  }
  const mean = (row: number, column: number): number | null => {
    let [sum, scored] = [0, 0];
    for (const near of around(row, y.isOrdered))
      for (const beside of around(column, x.isOrdered)) {
        const cell = cells[near]?.[beside];
        sum += cell?.sum ?? 0;
        scored += cell?.scored ?? 0;
      }
    return scored === 0 ? null : sum / scored;
  };
  return {
    x: { name: x.name, labels: x.labels },
    y: { name: y.name, labels: y.labels },
    rows: cells.map((row, at) =>
      row.map((cell, column) => ({
        trials: cell.trials,
        mean: mean(at, column),
        best: cell.scored === 0 ? null : cell.best,
      })),
    ),
    best: best && { x: x.cellOf(best.point), y: y.cellOf(best.point) },
  };
}

const around = (index: number, isOrdered: boolean): readonly number[] =>
  isOrdered ? [index - 1, index, index + 1] : [index];

/**
 * Tells an isolated spike, which is luck more likely than not, from a plateau. Trials without a score count as the worst there is.
 */
export function plateauOf(space: Space, trials: readonly Tried[], best: Tried): Plateau {
  const scored = trials.flatMap(({ score }) => (score === null ? [] : [score]));
  const worst = Math.min(...scored);
  const worth = ({ score }: Tried): number => score ?? worst;
  const others = trials.filter(({ point }) => point !== best.point);
  const found = RADII.map((radius) => ({
    radius,
    near: others.filter(({ point }) => isNear(space, best.point, point, radius)),
  }));
  const { radius, near } = found.find((one) => one.near.length >= ENOUGH) ??
    found.at(-1) ?? { radius: 0, near: [] };
  const common = quantile(trials.map(worth), 0.25);
  const gain = worth(best) - common;
  const score = near.length < ENOUGH || !(gain > 0) ? null : (median(near.map(worth)) - common) / gain;
  return { score, verdict: verdictOf(score), neighbours: near.length, radius };
}

function verdictOf(score: number | null): PlateauVerdict {
  if (score === null) return PlateauVerdict.Unknown;
  if (score >= PLATEAU_FROM) return PlateauVerdict.Plateau;
  return score >= SLOPE_FROM ? PlateauVerdict.Slope : PlateauVerdict.Spike;
}

function isNear(space: Space, a: Point, b: Point, radius: number): boolean {
  return Object.entries(space).every(([name, parameter]) => {
    if (parameter.kind === 'categorical') return a[name] === b[name];
    const distance = Math.abs(shareOf(parameter, a[name]) - shareOf(parameter, b[name]));
    const { low, high } = scaleOf(parameter);
    const step = parameter.kind === 'int' ? 1 / (high - low) : 0;
    return distance <= Math.max(radius, step) + 1e-9;
  });
}
