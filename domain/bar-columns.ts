import type { Bar } from './bar';

/**
 * Bars as columns: the newest last, every array `length` long, prices in quote and volumes in base units. Whoever holds
 * them only reads.
 */
export interface BarColumns {
  readonly length: number;
  readonly openTimeMs: Float64Array;
  readonly open: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
  readonly volume: Float64Array;
}

/** The columns of a list of bars, oldest first. */
export function columnsOf(bars: readonly Bar[]): BarColumns {
  const column = (name: keyof Bar): Float64Array => Float64Array.from(bars, (bar) => bar[name]);
  return {
    length: bars.length,
    openTimeMs: column('openTimeMs'),
    open: column('open'),
    high: column('high'),
    low: column('low'),
    close: column('close'),
    volume: column('volume'),
  };
}

/** The bar at an index. @throws RangeError when there is none */
export function barAt(columns: BarColumns, index: number): Bar {
  const valueOf = (name: keyof Bar): number => {
    const value = columns[name][index];
    if (value === undefined) throw new RangeError(`There is no bar ${index} of ${columns.length}.`);
    return value;
  };
  return {
    openTimeMs: valueOf('openTimeMs'),
    open: valueOf('open'),
    high: valueOf('high'),
    low: valueOf('low'),
    close: valueOf('close'),
    volume: valueOf('volume'),
  };
}

/**
 * The bars from `from` up to but not including `to`, as views of the same memory. Bounds beyond the ends are cut off;
 * negative ones count from the end, as with `subarray`.
 */
export function sliceColumns(columns: BarColumns, from: number, to: number = columns.length): BarColumns {
  const cut = (name: keyof Bar): Float64Array => columns[name].subarray(from, to);
  const close = cut('close');
  return {
    length: close.length,
    openTimeMs: cut('openTimeMs'),
    open: cut('open'),
    high: cut('high'),
    low: cut('low'),
    close,
    volume: cut('volume'),
  };
}

/** The bars that open from `fromMs` up to but not including `toMs`, as views of the same memory. */
export function barsBetween(columns: BarColumns, fromMs: number, toMs: number): BarColumns {
  const first = firstAtOrAfter(columns.openTimeMs, fromMs);
  return sliceColumns(columns, first, Math.max(first, firstAtOrAfter(columns.openTimeMs, toMs)));
}

/** The first of ascending times that is not before `fromMs`; their count when there is none. */
export function firstAtOrAfter(times: Float64Array, fromMs: number): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? Infinity) < fromMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
