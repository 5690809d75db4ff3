/** The arithmetic of measurements. Pure; every function refuses an empty sample rather than invent a number. */

/**
 * The p-th percentile by nearest rank: the smallest sample that at least `p` per cent of the samples do not exceed. It
 * is always a value that was measured; of few samples the 99th is the largest.
 * @param p from above 0 to 100
 * @throws RangeError when there are no samples, one is not finite, or p is out of range
 */
export function percentile(samples: readonly number[], p: number): number {
  if (!(p > 0 && p <= 100)) throw new RangeError(`A percentile is above 0 and at most 100, not ${p}.`);
  const sorted = checked(samples).toSorted((a, b) => a - b);
  const rank = Math.ceil((p / 100) * sorted.length);
  return sorted[rank - 1] ?? Number.NaN;
}

/** The middle sample, or the mean of the two in the middle. @throws RangeError as {@link percentile}. */
export function median(samples: readonly number[]): number {
  const sorted = checked(samples).toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** @throws RangeError when the baseline is not above zero: a ratio to nothing says nothing. */
export function ratio(value: number, baseline: number): number {
  if (!(baseline > 0)) throw new RangeError(`A baseline must be above zero, not ${baseline}.`);
  return value / baseline;
}

/** Two things measured in turn, in the order of measurement. */
export interface Paired {
  readonly subject: readonly number[];
  readonly baseline: readonly number[];
}

/**
 * Measures two things in turn, so that whatever else the machine does meets both alike: A B B A A B B A … The order
 * within a pair alternates, or the second would always find the caches as the first has left them.
 * @param measure one run; resolves to its figure
 * @param pairs how many of each are kept
 * @param warmUp pairs made first and thrown away
 */
export async function interleave(options: {
  readonly subject: () => Promise<number>;
  readonly baseline: () => Promise<number>;
  readonly pairs: number;
  readonly warmUp: number;
}): Promise<Paired> {
  const subject: number[] = [];
  const baseline: number[] = [];
  for (let pair = -options.warmUp; pair < options.pairs; pair += 1) {
    const subjectFirst = pair % 2 === 0;
    if (subjectFirst) subject.push(await options.subject());
    baseline.push(await options.baseline());
    if (!subjectFirst) subject.push(await options.subject());
  }
  return { subject: subject.slice(options.warmUp), baseline: baseline.slice(options.warmUp) };
}

export interface Line {
  /** Change of y per unit of x. */
  readonly slope: number;
  readonly intercept: number;
  /** Standard error of the slope: how far chance alone moves it. Infinite for two points. */
  readonly slopeError: number;
}

/**
 * The straight line of least squares through points (x, y).
 * @throws RangeError for fewer than two points, or when all have one x
 */
export function fitLine(points: readonly (readonly [x: number, y: number])[]): Line {
  const count = points.length;
  if (count < 2) throw new RangeError(`A line needs two points; there are ${count}.`);
  const meanX = mean(points.map(([x]) => x));
  const meanY = mean(points.map(([, y]) => y));
  const spread = sum(points.map(([x]) => (x - meanX) ** 2));
  if (!(spread > 0)) throw new RangeError('All points have the same x.');
  const slope = sum(points.map(([x, y]) => (x - meanX) * (y - meanY))) / spread;
  const intercept = meanY - slope * meanX;
  const residual = sum(points.map(([x, y]) => (y - intercept - slope * x) ** 2));
  const slopeError =
    count === 2 ? Number.POSITIVE_INFINITY : Math.sqrt(Math.max(0, residual) / (count - 2) / spread);
  return { slope, intercept, slopeError };
}

export const mean = (samples: readonly number[]): number => sum(checked(samples)) / samples.length;

const sum = (samples: readonly number[]): number => samples.reduce((total, sample) => total + sample, 0);

function checked(samples: readonly number[]): readonly number[] {
  if (samples.length === 0) throw new RangeError('There are no samples.');
  if (!samples.every(Number.isFinite)) throw new RangeError('A sample is not a finite number.');
  return samples;
}
