import { fitLine } from './statistics';

/** A measured quantity over time. */
export type Series = readonly (readonly [wallMs: number, value: number])[];

export interface Flatness {
  /** Change per hour, and its standard error. */
  readonly slopePerHour: number;
  readonly errorPerHour: number;
  readonly first: number;
  readonly last: number;
  readonly highest: number;
  readonly isFlat: boolean;
}

const HOUR_MS = 3_600_000;
/** What is left out at the beginning: caches fill, V8 finds its size. */
export const WARM_UP_SHARE = 0.3;
/** How many standard errors of the slope are given away to chance: memory that goes up and down is not growth. */
const DOUBT = 2;

/**
 * Whether a quantity has stopped growing: the slope of a straight line through its samples after the warm-up, less two
 * standard errors, is at most `limitPerHour`.
 * @throws RangeError when there are fewer than four samples
 */
export function flatness(series: Series, limitPerHour: number): Flatness {
  const settled = series.slice(Math.floor(series.length * WARM_UP_SHARE));
  const [start] = settled;
  if (start === undefined || series.length < 4)
    throw new RangeError(`Flatness needs four samples; there are ${series.length}.`);
  const { slope, slopeError } = fitLine(
    settled.map(([wallMs, value]) => [(wallMs - start[0]) / HOUR_MS, value]),
  );
  const values = settled.map(([, value]) => value);
  return {
    slopePerHour: slope,
    errorPerHour: slopeError,
    first: start[1],
    last: values.at(-1) ?? Number.NaN,
    highest: Math.max(...values),
    isFlat: slope - DOUBT * slopeError <= limitPerHour,
  };
}
