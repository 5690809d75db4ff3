import { gridSearch, randomSearch } from './plain-search';
import type { Point, Space, Suggest, Told } from './space';
import { tpeSearch } from './tpe';

export const SearchMethod = { Grid: 'grid', Random: 'random', Tpe: 'tpe' } as const;
export type SearchMethod = (typeof SearchMethod)[keyof typeof SearchMethod];

/**
 * What is searched, and how: plain data, so that a search can be stored and sent. Plan and scores alone decide which points are
 * tried, whoever tries them, at once or one after the other, and however often that was interrupted.
 */
export interface SearchPlan {
  readonly space: Space;
  readonly method: SearchMethod;
  /** The most points that are tried. A grid, or a space of few points, may have fewer. */
  readonly trials: number;
  /** A whole number; the grid has no use for it. */
  readonly seed: number;
  /**
   * So many points TPE proposes before the scores of any of them are known, and may be tried at the same time. Larger keeps
   * more processors busy, smaller lets it learn sooner. {@link BATCH} when left out.
   */
  readonly batch?: number;
  /** Places on each axis of a grid that is no whole number; 5 when left out. */
  readonly gridPoints?: number;
}

/** A point to be tried. */
export interface Asked {
  /** How many points were drawn before it, those that could not be tried included: where a search goes on after it. */
  readonly draw: number;
  readonly point: Point;
}

/** A point that was tried. */
export interface Tried extends Asked, Told {}

/** What came of a point, with what else there is to say about it. */
export interface Scored {
  /** The higher, the better; null when the trial failed, or what it is judged by is not defined. */
  readonly score: number | null;
}

export interface Trial<R extends Scored> extends Tried {
  /** 0, 1, 2, … */
  readonly number: number;
  readonly result: R;
}

export interface SearchResult<R extends Scored> {
  /** In the order in which they were proposed. */
  readonly trials: readonly Trial<R>[];
  /** The highest score, the first of equals; null when no trial has one. */
  readonly best: Trial<R> | null;
  /** Proposals that were forbidden, or tried already: they are no trials. */
  readonly passedOver: number;
}

export const BATCH = 16;
const UNLEARNT_BATCH = 512;
const GRID_POINTS = 5;
/** After so many proposals in a row that cannot be tried, TPE draws at random. */
const MOST_LEARNT_MISSES = 32;
/** After so many, there is nothing left to try. */
const MOST_MISSES = 2_000;

/** Proposes the next batch: nothing when the search has ended. Ask for it anew when all of it has been tried. */
export type Ask = (tried: readonly Tried[]) => Generator<Asked>;

/**
 * Proposes points that are allowed and new.
 * @param allows whether a point may be tried at all: what a strategy's schema refuses is no trial
 * @throws RangeError for a plan that is none
 */
export function createAsk(plan: SearchPlan, allows: (point: Point) => boolean): Ask {
  const { trials, batch = BATCH } = plan;
  // Who learns nothing waits for nobody: it proposes the same however many are proposed at once.
  const most = plan.method === SearchMethod.Tpe ? batch : Math.max(batch, UNLEARNT_BATCH);
  for (const [name, count] of Object.entries({ trials, batch }))
    if (!Number.isInteger(count) || count < 1)
      throw new RangeError(`${name} must be at least 1, not ${count}.`);
  const suggest = suggestOf(plan);
  const atRandom = randomSearch(plan.space, plan.seed);
  return function* ask(tried) {
    const known = new Set(tried.map(({ point }) => keyOf(point)));
    const wanted = Math.min(most, trials - tried.length);
    let draw = (tried.at(-1)?.draw ?? -1) + 1;
    for (let asked = 0, misses = 0; asked < wanted && misses < MOST_MISSES; draw += 1) {
      const isStuck = plan.method === SearchMethod.Tpe && misses >= MOST_LEARNT_MISSES;
      const point = (isStuck ? atRandom : suggest)(draw, tried);
      if (point === undefined) return;
      const key = keyOf(point);
      if (known.has(key) || !allows(point)) {
        // A grid knows its own end, and what is forbidden may be most of it.
        if (plan.method !== SearchMethod.Grid) misses += 1;
        continue;
      }
      known.add(key);
      asked += 1;
      misses = 0;
      yield { draw, point };
    }
  };
}

function suggestOf({ space, method, seed, gridPoints = GRID_POINTS }: SearchPlan): Suggest {
  switch (method) {
    case SearchMethod.Grid:
      return gridSearch(space, gridPoints);
    case SearchMethod.Random:
      return randomSearch(space, seed);
    case SearchMethod.Tpe:
      return tpeSearch(space, { seed });
  }
}

/** The same text for the same point. */
const keyOf = (point: Point): string => JSON.stringify(Object.values(point));

/** How many points of the plan's grid are allowed. */
export function gridSize(plan: SearchPlan, allows: (point: Point) => boolean): number {
  const grid = gridSearch(plan.space, plan.gridPoints ?? GRID_POINTS);
  let count = 0;
  for (let index = 0; index < grid.size; index += 1) {
    const point = grid(index, []);
    if (point !== undefined && allows(point)) count += 1;
  }
  return count;
}

/**
 * Searches in this thread, one point after the other.
 * @param options.allows see {@link createAsk}
 * @param options.evaluate tries a point; the same point must give the same result
 * @throws RangeError for a plan that is none, and whatever `evaluate` throws
 */
export function search<R extends Scored>(
  plan: SearchPlan,
  options: { readonly allows: (point: Point) => boolean; readonly evaluate: (point: Point) => R },
): SearchResult<R> {
  const ask = createAsk(plan, options.allows);
  const trials: Trial<R>[] = [];
  for (;;) {
    const asked = [...ask(trials)];
    if (asked.length === 0) return resultOf(trials);
    for (const one of asked) trials.push(trialOf(one, trials.length, options.evaluate(one.point)));
  }
}

/**
 * Searches with the points of a batch tried at the same time: the same trials as {@link search} makes, whoever tries them.
 * @param options.evaluate begins to try a point; called as soon as the point is known
 * @param options.onTrial hears of every trial as it ends, in any order
 */
export async function searchAtOnce<R extends Scored>(
  plan: SearchPlan,
  options: {
    readonly allows: (point: Point) => boolean;
    readonly evaluate: (point: Point) => Promise<R>;
    readonly onTrial?: (trial: Trial<R>) => void;
  },
): Promise<SearchResult<R>> {
  const ask = createAsk(plan, options.allows);
  const trials: Trial<R>[] = [];
  for (;;) {
    const running: Promise<Trial<R>>[] = [];
    for (const asked of ask(trials)) {
      const number = trials.length + running.length;
      const trial = options.evaluate(asked.point).then((result) => {
        const ended = trialOf(asked, number, result);
        options.onTrial?.(ended);
        return ended;
      });
      // One that fails while others are still proposed must not end the process.
      trial.catch(() => undefined);
      running.push(trial);
    }
    if (running.length === 0) return resultOf(trials);
    trials.push(...(await Promise.all(running)));
  }
}

const trialOf = <R extends Scored>(asked: Asked, number: number, result: R): Trial<R> => ({
  ...asked,
  number,
  score: result.score,
  result,
});

/** What a list of trials comes to. */
export function resultOf<R extends Scored>(trials: readonly Trial<R>[]): SearchResult<R> {
  let best: Trial<R> | null = null;
  for (const trial of trials)
    if (trial.score !== null && (best?.score ?? -Infinity) < trial.score) best = trial;
  return { trials, best, passedOver: (trials.at(-1)?.draw ?? -1) + 1 - trials.length };
}
