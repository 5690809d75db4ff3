import { sortedQuantile } from '../../domain/statistics';
import { RandomStream } from '../../domain/random';

/** Makes another sample of the same length out of one. */
export type Resample = <T>(values: readonly T[], random: RandomStream) => readonly T[];

/** The same values in an order in which each is as likely as any other (Fisher and Yates). */
export const shuffled: Resample = (values, random) => {
  const result = [...values];
  for (let last = result.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random.uniform() * (last + 1));
    const [a, b] = [result[last], result[other]];
    if (a !== undefined && b !== undefined) [result[last], result[other]] = [b, a];
  }
  return result;
};

/**
 * The stationary bootstrap: blocks that begin anywhere and have geometric lengths around `meanBlock`, wrapped around the
 * end, so that what belongs together in time mostly stays together (D. Politis and J. Romano, "The Stationary
 * Bootstrap", JASA 1994). A mean block of 1 is the ordinary bootstrap.
 */
export const stationaryBootstrap =
  (meanBlock: number): Resample =>
  (values, random) => {
    const count = values.length;
    let place = 0;
    return values.map((value, index) => {
      const isNew = index === 0 || random.uniform() < 1 / meanBlock;
      place = isNew ? Math.floor(random.uniform() * count) : (place + 1) % count;
      return values[place] ?? value;
    });
  };

/** The cube root of the number of values: the order at which the best block grows (Politis and White 2004). */
export const blockFor = (count: number): number => Math.max(1, Math.round(Math.cbrt(count)));

/** What a statistic is over many samples. */
export interface Interval {
  /** Of the sample as it is; null when it is not defined there. */
  readonly observed: number | null;
  /** Of the samples in which it is defined; null when there is none. */
  readonly low: number | null;
  readonly median: number | null;
  readonly high: number | null;
  /** Share of the samples in which it is defined. */
  readonly definedShare: number;
}

/**
 * Statistics of a sample with percentile intervals from resampling: between `low` and `high` lies the `confidence` share
 * of the samples in the middle. The same seed gives the same intervals.
 * @param runs how many samples are drawn, at least one
 * @throws RangeError when `runs` or `confidence` makes no sense
 */
export function intervals<T, Name extends string>(options: {
  readonly values: readonly T[];
  readonly statistics: (values: readonly T[]) => Readonly<Record<Name, number | null>>;
  /** A {@link Resample}, or one that knows what the values are. */
  readonly resample: (values: readonly T[], random: RandomStream) => readonly T[];
  readonly runs: number;
  readonly seed: number;
  readonly confidence: number;
}): Readonly<Record<Name, Interval>> {
  const { values, statistics, resample, runs, seed, confidence } = options;
  if (!Number.isInteger(runs) || runs < 1)
    throw new RangeError(`There must be at least one run, not ${runs}.`);
  if (!(confidence > 0 && confidence < 1))
    throw new RangeError(`A confidence is between 0 and 1, not ${confidence}.`);
  const random = new RandomStream(seed);
  const observed = statistics(values);
  const names = Object.keys(observed) as Name[];
  const found = new Map<Name, number[]>(names.map((name) => [name, []]));
  for (let run = 0; run < runs; run += 1) {
    const drawn = statistics(resample(values, random));
    for (const name of names) {
      const value = drawn[name];
      if (value !== null) found.get(name)?.push(value);
    }
  }
  const tail = (1 - confidence) / 2;
  const entries = names.map((name): [Name, Interval] => {
    const sorted = (found.get(name) ?? []).sort((a, b) => a - b);
    const at = (share: number): number | null => (sorted.length === 0 ? null : sortedQuantile(sorted, share));
    return [
      name,
      {
        observed: observed[name],
        low: at(tail),
        median: at(0.5),
        high: at(1 - tail),
        definedShare: sorted.length / runs,
      },
    ];
  });
  return Object.fromEntries(entries) as Record<Name, Interval>;
}
