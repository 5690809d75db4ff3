import { hash32, RandomStream } from '../../domain/random';
import {
  checkSpace,
  drawUniform,
  pointOf,
  scaleOf,
  type Choice,
  type Parameter,
  type Space,
  type Suggest,
} from './space';

/** Random search: every trial is drawn anew, whatever was told. */
export function randomSearch(space: Space, seed: number): Suggest {
  checkSpace(space);
  return (trial) => {
    const random = new RandomStream(hash32(seed, trial));
    return pointOf(space, (parameter) => drawUniform(parameter, random));
  };
}

/**
 * Every combination, the last parameter varying fastest. Whole numbers are all taken, others at `points` places from
 * end to end, evenly on their scale.
 * @throws RangeError for a wrong space, or fewer than two points
 */
export function gridSearch(space: Space, points: number): Suggest & { readonly size: number } {
  if (!Number.isInteger(points) || points < 2)
    throw new RangeError(`A grid has two points or more, not ${points}.`);
  const axes = Object.entries(checkSpace(space)).map(([name, parameter]) => ({
    name,
    values: valuesOf(parameter, points),
  }));
  const size = axes.reduce((product, { values }) => product * values.length, 1);
  const suggest: Suggest = (trial) => {
    if (trial >= size) return undefined;
    let rest = trial;
    const chosen: [string, Choice][] = [];
    for (const { name, values } of axes.toReversed()) {
      chosen.unshift([name, values[rest % values.length] ?? null]);
      rest = Math.floor(rest / values.length);
    }
    return Object.fromEntries(chosen);
  };
  return Object.assign(suggest, { size });
}

function valuesOf(parameter: Parameter, points: number): readonly Choice[] {
  if (parameter.kind === 'categorical') return parameter.choices;
  const { low, high, fromScale } = scaleOf(parameter);
  if (parameter.kind === 'int')
    return Array.from({ length: Math.round(high - low) }, (_, index) => fromScale(index));
  if (low === high) return [fromScale(low)];
  return Array.from({ length: points }, (_, index) => fromScale(low + ((high - low) * index) / (points - 1)));
}
