import type { BarColumns } from '../../domain/bar-columns';
import { compute as computeAnew } from '../../domain/indicators/registry';
import { specKey } from '../../domain/indicators/spec';
import type { Compute } from '../../domain/strategy-columns';

/** Results of indicators, kept for the trials that follow, and how often that was of use. */
export interface IndicatorCache {
  readonly compute: Compute;
  /** Says that these bars are the first of others: what is computed of those, cut off, is what would be of these. */
  readonly isPrefix: (prefix: BarColumns, whole: BarColumns) => void;
  readonly counts: { readonly hits: number; readonly misses: number; readonly bytes: number };
}

/**
 * Computes each indicator of the same bars once, as long as there is room; what was not asked for the longest goes first.
 * Indicators look back only, so bars that are the beginning of others share their results.
 * @param maxBytes room for results; 0 keeps none
 */
export function createBoundedCache(maxBytes: number): IndicatorCache {
  const wholes = new WeakMap<BarColumns, BarColumns>();
  const bars = new WeakMap<BarColumns, number>();
  /** In the order of use, the longest ago first. */
  const known = new Map<string, readonly Float64Array[]>();
  const counts = { hits: 0, misses: 0, bytes: 0 };
  let named = 0;

  const nameOf = (columns: BarColumns): number => {
    const name = bars.get(columns) ?? (named += 1);
    bars.set(columns, name);
    return name;
  };

  const lookUp: Compute = (columns, spec) => {
    const key = `${nameOf(columns)} ${specKey(spec)}`;
    const kept = known.get(key);
    if (kept !== undefined) {
      counts.hits += 1;
      known.delete(key);
      known.set(key, kept);
      return kept;
    }
    counts.misses += 1;
    const outputs = computeAnew(columns, spec);
    known.set(key, outputs);
    counts.bytes += bytesOf(outputs);
    for (const [oldest, results] of known) {
      if (counts.bytes <= maxBytes) break;
      known.delete(oldest);
      counts.bytes -= bytesOf(results);
    }
    return outputs;
  };

  return {
    counts,
    isPrefix: (prefix, whole) => void wholes.set(prefix, whole),
    compute(columns, spec) {
      const whole = wholes.get(columns);
      if (whole === undefined) return lookUp(columns, spec);
      return lookUp(whole, spec).map((output) => output.subarray(0, columns.length));
    },
  };
}

const bytesOf = (outputs: readonly Float64Array[]): number =>
  outputs.reduce((total, output) => total + output.byteLength, 0);
