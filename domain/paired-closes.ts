import type { BarColumns } from './bar-columns';

/** Two symbols on one time line. */
export interface PairedCloses {
  readonly openTimeMs: Float64Array;
  /** Logarithms of the closes; NaN at a time at which the symbol has no bar. */
  readonly first: Float64Array;
  readonly second: Float64Array;
}

/** Every time at which one of the two has a bar, in order. */
export function pairedCloses(first: BarColumns, second: BarColumns): PairedCloses {
  const most = first.length + second.length;
  const paired = {
    openTimeMs: new Float64Array(most),
    first: new Float64Array(most).fill(NaN),
    second: new Float64Array(most).fill(NaN),
  };
  let [a, b, length] = [0, 0, 0];
  while (a < first.length || b < second.length) {
    const timeA = first.openTimeMs[a] ?? Infinity;
    const timeB = second.openTimeMs[b] ?? Infinity;
    paired.openTimeMs[length] = Math.min(timeA, timeB);
    if (timeA <= timeB) {
      paired.first[length] = Math.log(first.close[a] ?? NaN);
      a += 1;
    }
    if (timeB <= timeA) {
      paired.second[length] = Math.log(second.close[b] ?? NaN);
      b += 1;
    }
    length += 1;
  }
  return {
    openTimeMs: paired.openTimeMs.subarray(0, length),
    first: paired.first.subarray(0, length),
    second: paired.second.subarray(0, length),
  };
}
