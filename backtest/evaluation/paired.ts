import { sharpe, volatility } from '../../domain/performance/returns';
import type { RandomStream } from '../../domain/random';
import { mean } from '../../domain/statistics';
import { blockFor, intervals, stationaryBootstrap, type Interval } from '../truth/resampling';

/** Daily returns of two arms over the same days, for one seed. */
export interface PairedReturns {
  readonly seed: number;
  /** Fractions, a value for each day, oldest first. */
  readonly base: readonly number[];
  readonly arm: readonly number[];
}

export interface PairedSampling {
  /** How many samples are drawn. */
  readonly runs: number;
  readonly seed: number;
  /** Between 0 and 1, like 0.95. */
  readonly confidence: number;
  /** The days of every seed are the same days of one market; else each seed has a market of its own. */
  readonly sharedDays: boolean;
}

/** Differences of these metrics are shown beside {@link growth}, in this order. */
export const COMPARED_METRICS = ['totalReturn', 'sharpe', 'maxDrawdown', 'volatility'] as const;
export type ComparedMetric = (typeof COMPARED_METRICS)[number];

/**
 * What an arm makes of the days less what the base makes of them, on average over seeds.
 *
 * - `growth`: by how much more the arm's money has grown, exp(mean over seeds of Σ ln((1 + arm) / (1 + base))) − 1. It is what is
 *   judged: paired day by day, so that what the market did to both cancels
 * - the others: the arm's metric less the base's
 */
export type Differences = Readonly<Record<'growth' | ComparedMetric, Interval>>;

/**
 * Differences with percentile intervals, paired twice: both arms live through the same days in every sample, and each seed is held
 * against its own base. Days are drawn in blocks (the stationary bootstrap, mean length the cube root of their number) and seeds one by
 * one, with replacement both; seeds of one market share the days that are drawn, since what happened on them is no new evidence.
 * @throws RangeError when there is no seed, or the arms of one are not of the same length
 */
export function pairedDifferences(pairs: readonly PairedReturns[], sampling: PairedSampling): Differences {
  if (pairs.length === 0) throw new RangeError('There is no seed to compare.');
  const [first] = pairs;
  for (const { seed, base, arm } of pairs) {
    const length = sampling.sharedDays ? first?.base.length : base.length;
    if (base.length !== arm.length || base.length !== length)
      throw new RangeError(`The days of seed ${seed} do not match: ${base.length} and ${arm.length}.`);
  }
  return intervals({
    values: pairs,
    statistics: differencesOf,
    resample: sampling.sharedDays ? drawShared : drawApart,
    ...sampling,
  });
}

/** True when an arm did on every day, to the last bit, what the base did. */
export const isUnchanged = (pairs: readonly PairedReturns[]): boolean =>
  pairs.every(({ base, arm }) => base.every((value, day) => Object.is(value, arm[day])));

function differencesOf(
  pairs: readonly PairedReturns[],
): Readonly<Record<'growth' | ComparedMetric, number | null>> {
  const each = pairs.map(({ base, arm }) => ({
    growth: growthOf(arm) - growthOf(base),
    of: { base: metricsOf(base), arm: metricsOf(arm) },
  }));
  const difference = (name: ComparedMetric): number | null => {
    const all = each.map(({ of }) => less(of.arm[name], of.base[name]));
    const known = all.filter((value) => value !== null);
    return known.length === all.length ? mean(known) : null;
  };
  const growth = Math.expm1(mean(each.map((one) => one.growth)));
  return {
    growth: Number.isFinite(growth) ? growth : null,
    totalReturn: difference('totalReturn'),
    sharpe: difference('sharpe'),
    maxDrawdown: difference('maxDrawdown'),
    volatility: difference('volatility'),
  };
}

/** Only what is compared: it is computed for every sample. */
function metricsOf(returns: readonly number[]): Readonly<Record<ComparedMetric, number | null>> {
  let [equity, peak, maxDrawdown] = [1, 1, 0];
  for (const value of returns) {
    equity *= 1 + value;
    peak = Math.max(peak, equity);
    maxDrawdown = Math.max(maxDrawdown, 1 - equity / peak);
  }
  return {
    totalReturn: equity - 1,
    sharpe: sharpe(returns),
    maxDrawdown,
    volatility: volatility(returns),
  };
}

const less = (a: number | null, b: number | null): number | null => (a === null || b === null ? null : a - b);

/** Logarithmic. */
const growthOf = (returns: readonly number[]): number =>
  returns.reduce((total, value) => total + Math.log1p(value), 0);

type Draw = (pairs: readonly PairedReturns[], random: RandomStream) => readonly PairedReturns[];

/** Some of the seeds, all of them on the same drawn days. */
const drawShared: Draw = (pairs, random) => {
  const days = daysOf(pairs[0], random);
  return drawn(pairs, random).map((pair) => onDays(pair, days));
};

/** Some of the seeds, each on days of its own. */
const drawApart: Draw = (pairs, random) =>
  drawn(pairs, random).map((pair) => onDays(pair, daysOf(pair, random)));

const drawn = stationaryBootstrap(1);

function daysOf(pair: PairedReturns | undefined, random: RandomStream): readonly number[] {
  const days = (pair?.base ?? []).map((_value, day) => day);
  return stationaryBootstrap(blockFor(days.length))(days, random);
}

const onDays = ({ seed, base, arm }: PairedReturns, days: readonly number[]): PairedReturns => ({
  seed,
  base: days.map((day) => base[day] ?? Number.NaN),
  arm: days.map((day) => arm[day] ?? Number.NaN),
});
