import { hash32, RandomStream } from '../../domain/random';
import { mixture, type Axis, type Density, type Place } from './parzen';
import { randomSearch } from './plain-search';
import {
  checkSpace,
  choiceAt,
  scaleOf,
  type Choice,
  type Parameter,
  type Space,
  type Suggest,
  type Told,
} from './space';

/** How the search divides and draws; the defaults are those of Optuna. */
export interface TpeOptions {
  readonly seed: number;
  /** So many trials are drawn at random before anything is learnt. */
  readonly startupTrials?: number;
  /** Of so many drawn candidates the best is taken. */
  readonly candidates?: number;
}

const STARTUP_TRIALS = 10;
const CANDIDATES = 24;
/** The best tenth is good, at most so many. */
const GOOD_SHARE = 0.1;
const MOST_GOOD = 25;

/**
 * Tree-structured Parzen estimator: divides what was told into a good and a bad part, and proposes the point which is the
 * most likely among the good beside how likely it is among the bad (J. Bergstra, R. Bardenet, Y. Bengio and B. Kégl,
 * "Algorithms for Hyper-Parameter Optimization", NIPS 2011; all parameters together, as S. Falkner, A. Klein and F.
 * Hutter do, "BOHB", ICML 2018). Failed trials are bad.
 */
export function tpeSearch(space: Space, options: TpeOptions): Suggest {
  const { seed, startupTrials = STARTUP_TRIALS, candidates = CANDIDATES } = options;
  const parameters = Object.entries(checkSpace(space)).map(([name, parameter]) => ({
    name,
    ...lineOf(parameter),
  }));
  const axes = parameters.map(({ axis }) => axis);
  const placesOf = (trials: readonly Told[]): readonly Place[] =>
    trials.map(({ point }) => parameters.map(({ name, toPlace }) => toPlace(point[name])));
  const atRandom = randomSearch(space, seed);
  const learn = (told: readonly Told[]): Learnt => {
    const { good, bad } = divide(told);
    return {
      from: told,
      size: told.length,
      liked: mixture(placesOf(good), axes),
      disliked: mixture(placesOf(bad), axes),
    };
  };
  let learnt: Learnt | undefined;
  return (trial, told) => {
    if (told.length < startupTrials) return atRandom(trial, told);
    // Many points are asked for before anything else is told.
    if (learnt?.from !== told || learnt.size !== told.length) learnt = learn(told);
    const { liked, disliked } = learnt;
    const found = best(liked, disliked, candidates, new RandomStream(hash32(seed, trial)));
    return Object.fromEntries(
      parameters.map(({ name, fromPlace }, index) => [name, fromPlace(found[index] ?? 0)]),
    );
  };
}

/** What a list of trials has taught. */
interface Learnt {
  readonly from: readonly Told[];
  readonly size: number;
  readonly liked: Density;
  readonly disliked: Density;
}

/** A parameter as a coordinate. */
interface Line {
  readonly axis: Axis;
  /** What is not of the space is put in its middle. */
  readonly toPlace: (value: Choice | undefined) => number;
  readonly fromPlace: (place: number) => Choice;
}

function lineOf(parameter: Parameter): Line {
  if (parameter.kind === 'categorical') {
    const { choices } = parameter;
    return {
      axis: { choices: choices.length },
      toPlace: (value) => choices.findIndex((choice) => choice === value),
      fromPlace: (place) => choiceAt(parameter, place),
    };
  }
  const { low, high, toScale, fromScale } = scaleOf(parameter);
  return {
    axis: { low, high },
    toPlace: (value) =>
      Math.min(high, Math.max(low, typeof value === 'number' ? toScale(value) : (low + high) / 2)),
    fromPlace: fromScale,
  };
}

function divide(told: readonly Told[]): { readonly good: readonly Told[]; readonly bad: readonly Told[] } {
  const worth = ({ score }: Told): number =>
    score === null || Number.isNaN(score) ? Number.NEGATIVE_INFINITY : score;
  const ranked = told.toSorted((a, b) => (worth(a) === worth(b) ? 0 : worth(b) - worth(a)));
  const defined = ranked.filter((trial) => worth(trial) > Number.NEGATIVE_INFINITY).length;
  const count = Math.min(Math.ceil(GOOD_SHARE * told.length), MOST_GOOD, defined);
  return { good: ranked.slice(0, count), bad: ranked.slice(count) };
}

function best(liked: Density, disliked: Density, candidates: number, random: RandomStream): Place {
  let found = liked.draw(random);
  let highest = liked.logAt(found) - disliked.logAt(found);
  for (let drawn = 1; drawn < candidates; drawn += 1) {
    const place = liked.draw(random);
    const worth = liked.logAt(place) - disliked.logAt(place);
    if (worth > highest) {
      highest = worth;
      found = place;
    }
  }
  return found;
}
