import type { RandomStream } from '../../domain/random';

export type Choice = string | number | boolean | null;

/** Whole numbers from `low` to `high`, both included, `step` (1) apart. */
export interface IntParameter {
  readonly kind: 'int';
  readonly low: number;
  readonly high: number;
  readonly step?: number;
}

/** Numbers from `low` to `high`. */
export interface FloatParameter {
  readonly kind: 'float';
  readonly low: number;
  readonly high: number;
}

/** Numbers from `low` (above zero) to `high`, of which the order of magnitude matters. */
export interface LogFloatParameter {
  readonly kind: 'logFloat';
  readonly low: number;
  readonly high: number;
}

/** One of some choices without an order. */
export interface CategoricalParameter {
  readonly kind: 'categorical';
  readonly choices: readonly Choice[];
}

export type NumericParameter = IntParameter | FloatParameter | LogFloatParameter;
export type Parameter = NumericParameter | CategoricalParameter;

/** What may be varied, by name. */
export type Space = Readonly<Record<string, Parameter>>;

/** One value for every parameter of a space. */
export type Point = Readonly<Record<string, Choice>>;

/** A point that was tried. The higher the score, the better; null when the trial failed or its score is not defined. */
export interface Told {
  readonly point: Point;
  readonly score: number | null;
}

/**
 * Proposes the point of a trial from what has been told so far: the whole interface of an optimiser. It is a function of
 * the trial's number and of what was told, and of nothing else, so that a sweep which is killed goes on where it was
 * from its record, and many trials can be asked for at once.
 * @param trial 0, 1, 2, …
 * @returns undefined when there is nothing left to try
 */
export type Suggest = (trial: number, told: readonly Told[]) => Point | undefined;

/**
 * Checks a space.
 * @throws RangeError naming the parameter and what is wrong
 */
export function checkSpace(space: Space): Space {
  const names = Object.entries(space);
  if (names.length === 0) throw new RangeError('There is no parameter to vary.');
  for (const [name, parameter] of names) {
    const problem = problemOf(parameter);
    if (problem !== undefined) throw new RangeError(`Parameter ${name}: ${problem}.`);
  }
  return space;
}

function problemOf(parameter: Parameter): string | undefined {
  if (parameter.kind === 'categorical') {
    const { choices } = parameter;
    if (choices.length === 0) return 'it has no choices';
    return new Set(choices).size < choices.length ? 'a choice is there twice' : undefined;
  }
  const { low, high, kind } = parameter;
  if (!Number.isFinite(low) || !Number.isFinite(high) || low > high)
    return `from ${low} to ${high} is no range`;
  if (kind === 'logFloat' && low <= 0) return `a logarithm needs a range above zero, not from ${low}`;
  if (kind === 'int') {
    const { step = 1 } = parameter;
    if (![low, high, step].every(Number.isInteger) || step < 1)
      return 'its ends and its step must be whole numbers';
  }
  return undefined;
}

/**
 * The line on which a numeric parameter is searched: as it is, logarithmic, or steps numbered from zero, of which each
 * has one unit of room.
 */
export interface Scale {
  readonly low: number;
  readonly high: number;
  readonly toScale: (value: number) => number;
  /** Inside the parameter's range whatever comes in. */
  readonly fromScale: (place: number) => number;
}

export function scaleOf(parameter: NumericParameter): Scale {
  const { low, high } = parameter;
  const clamp = (value: number): number => Math.min(high, Math.max(low, value));
  if (parameter.kind === 'float') return { low, high, toScale: (value) => value, fromScale: clamp };
  if (parameter.kind === 'logFloat')
    return {
      low: Math.log(low),
      high: Math.log(high),
      toScale: Math.log,
      fromScale: (place) => clamp(Math.exp(place)),
    };
  const { step = 1 } = parameter;
  const last = Math.floor((high - low) / step);
  return {
    low: -0.5,
    high: last + 0.5,
    toScale: (value) => (value - low) / step,
    fromScale: (place) => low + step * Math.min(last, Math.max(0, Math.round(place))),
  };
}

/** A value of which each is as likely: uniform on the parameter's scale. */
export function drawUniform(parameter: Parameter, random: RandomStream): Choice {
  const share = random.uniform();
  if (parameter.kind === 'categorical')
    return choiceAt(parameter, Math.floor(share * parameter.choices.length));
  const { low, high, fromScale } = scaleOf(parameter);
  return fromScale(low + share * (high - low));
}

/** @throws RangeError when there is no such choice */
export function choiceAt({ choices }: CategoricalParameter, index: number): Choice {
  const choice = choices[index];
  if (choice === undefined) throw new RangeError(`There is no choice ${index} of ${choices.length}.`);
  return choice;
}

/** A point with one value per parameter, made by `value`. */
export const pointOf = (space: Space, value: (parameter: Parameter, name: string) => Choice): Point =>
  Object.fromEntries(Object.entries(space).map(([name, parameter]) => [name, value(parameter, name)]));
