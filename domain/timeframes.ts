import { openTimeOf, timeframeMs, type Timeframe } from './bar';
import type { BarColumns } from './bar-columns';
import { UserError } from './errors';

/** Bars of one timeframe. */
export interface Series {
  readonly timeframe: Timeframe;
  readonly bars: BarColumns;
}

/**
 * Another series as it is known while one walks along a base series: at base bar `i` the bars `0` to `closed[i]` of
 * `bars` have closed, and nothing else may be looked at. `closed[i]` is −1 while none has.
 */
export interface SeriesView extends Series {
  readonly closed: Int32Array;
}

/** True when bars of `base` can be put together to bars of `target`. */
export const canResample = (base: Timeframe, target: Timeframe): boolean =>
  timeframeMs(target) % timeframeMs(base) === 0;

/**
 * Puts bars together to a coarser timeframe: first open, highest high, lowest low, last close, sum of volumes. Boundaries
 * are UTC, weeks begin on Monday. Missing base bars are not invented: a bar is made of what there is, and there is none
 * where there is nothing. Only whole bars come out: one that had begun before the data does is left out, and so is the
 * last one unless the data reaches its close.
 *
 * @throws UserError when the timeframe is not a multiple of the base's
 */
export function resample(base: Series, target: Timeframe): Series {
  if (target === base.timeframe) return base;
  if (!canResample(base.timeframe, target)) {
    throw new UserError(
      `Bars of ${base.timeframe} cannot be put together to bars of ${target}.`,
      `Choose a timeframe that is a multiple of ${base.timeframe}.`,
    );
  }
  const { first, end, count } = wholeBars(base, target);
  const bars = allocate(count);
  let at = -1;
  let openTimeMs = NaN;
  for (let index = first; index < end; index += 1) {
    const opens = openTimeOf(base.bars.openTimeMs[index] ?? NaN, target);
    if (opens !== openTimeMs) {
      openTimeMs = opens;
      at += 1;
      begin(bars, at, openTimeMs, base.bars, index);
    } else extend(bars, at, base.bars, index);
  }
  return { timeframe: target, bars };
}

/**
 * How a base series sees another one, of a coarser timeframe or of another symbol: a bar is visible from the base bar at
 * whose close it has closed. Both series are sorted by time.
 */
export const viewFrom = (base: Series, other: Series): SeriesView => ({
  ...other,
  closed: newestClosed(base, other.timeframe, other.bars.openTimeMs),
});

/** For every base bar the index of the newest bar of the other series, given by its open times, that has closed; −1 for none. */
export function newestClosed(base: Series, timeframe: Timeframe, openTimeMs: Float64Array): Int32Array {
  const closed = new Int32Array(base.bars.length);
  const baseLength = timeframeMs(base.timeframe);
  const otherLength = timeframeMs(timeframe);
  let newest = -1;
  for (let index = 0; index < base.bars.length; index += 1) {
    const nowMs = (base.bars.openTimeMs[index] ?? NaN) + baseLength;
    // Past the end this compares with NaN, which ends the loop.
    while ((openTimeMs[newest + 1] ?? NaN) + otherLength <= nowMs) newest += 1;
    closed[index] = newest;
  }
  return closed;
}

/** A coarser timeframe of the base series itself, as it becomes known bar by bar. @throws UserError as `resample` does */
export const higherTimeframe = (base: Series, target: Timeframe): SeriesView =>
  viewFrom(base, resample(base, target));

/** The base bars that make up whole bars of the target: from `first` to before `end`. */
function wholeBars({ timeframe, bars }: Series, target: Timeframe) {
  const { length, openTimeMs } = bars;
  const bucket = (index: number): number => openTimeOf(openTimeMs[index] ?? NaN, target);
  let first = 0;
  const firstOpen = openTimeMs[0] ?? NaN;
  if (bucket(0) !== firstOpen) while (first < length && bucket(first) < firstOpen) first += 1;
  let end = length;
  const last = bucket(length - 1);
  const knownToMs = (openTimeMs[length - 1] ?? NaN) + timeframeMs(timeframe);
  if (last + timeframeMs(target) > knownToMs) while (end > first && bucket(end - 1) === last) end -= 1;
  let count = 0;
  for (let index = first, opens = NaN; index < end; index += 1) {
    const next = bucket(index);
    if (next !== opens) count += 1;
    opens = next;
  }
  return { first, end, count };
}

function allocate(length: number): BarColumns {
  const column = (): Float64Array => new Float64Array(length);
  return {
    length,
    ...{ openTimeMs: column(), open: column(), high: column() },
    ...{ low: column(), close: column(), volume: column() },
  };
}

function begin(bars: BarColumns, at: number, openTimeMs: number, base: BarColumns, index: number): void {
  bars.openTimeMs[at] = openTimeMs;
  bars.open[at] = base.open[index] ?? NaN;
  bars.high[at] = base.high[index] ?? NaN;
  bars.low[at] = base.low[index] ?? NaN;
  bars.close[at] = base.close[index] ?? NaN;
  bars.volume[at] = base.volume[index] ?? NaN;
}

function extend(bars: BarColumns, at: number, base: BarColumns, index: number): void {
  bars.high[at] = Math.max(bars.high[at] ?? NaN, base.high[index] ?? NaN);
  bars.low[at] = Math.min(bars.low[at] ?? NaN, base.low[index] ?? NaN);
  bars.close[at] = base.close[index] ?? NaN;
  bars.volume[at] = (bars.volume[at] ?? NaN) + (base.volume[index] ?? NaN);
}
