import type { BarColumns } from '../../domain/bar-columns';
import { compute as computeAnew } from '../../domain/indicators/registry';
import { specKey } from '../../domain/indicators/spec';
import type { Compute } from '../../domain/strategy-columns';
import { sharedColumn } from './shared-markets';

/** What an indicator came to over columns that other threads have too, in memory that they can read. */
export interface SharedResult {
  readonly key: string;
  readonly outputs: readonly Float64Array[];
}

/** Results of indicators, kept for the trials that follow, and how often that was of use. */
export interface IndicatorCache {
  readonly compute: Compute;
  /** Says that these bars are the first of others: what is computed of those, cut off, is what would be of these. */
  readonly isPrefix: (prefix: BarColumns, whole: BarColumns) => void;
  /** What was computed since the last call, of bars that everybody has. */
  readonly fresh: () => readonly SharedResult[];
  /** Takes over what another cache of the same bars has computed. */
  readonly adopt: (results: readonly SharedResult[]) => void;
  readonly counts: { readonly hits: number; readonly misses: number; readonly bytes: number };
}

/**
 * Computes each indicator of the same bars once, as long as there is room; what was not asked for the longest goes first.
 * Indicators look back only, so bars that are the beginning of others share their results. What is kept is in shared memory: other
 * threads read it without a copy, and no collection of garbage, which would take a core from them, is begun for its sake.
 * @param maxBytes room for results; 0 keeps none
 * @param everybodys bars that other threads have in the same order
 */
export function createBoundedCache(maxBytes: number, everybodys: readonly BarColumns[] = []): IndicatorCache {
  const wholes = new WeakMap<BarColumns, BarColumns>();
  const names = new WeakMap(everybodys.map((bars, index): [BarColumns, string] => [bars, `all ${index}`]));
  const isEverybodys = new WeakSet(everybodys);
  /** In the order of use, the longest ago first. */
  const known = new Map<string, readonly Float64Array[]>();
  const counts = { hits: 0, misses: 0, bytes: 0 };
  let named = 0;
  let fresh: SharedResult[] = [];

  const nameOf = (columns: BarColumns): string => {
    const name = names.get(columns) ?? `own ${(named += 1)}`;
    names.set(columns, name);
    return name;
  };

  const keep = (key: string, outputs: readonly Float64Array[]): void => {
    known.set(key, outputs);
    counts.bytes += bytesOf(outputs);
    for (const [oldest, results] of known) {
      if (counts.bytes <= maxBytes) break;
      known.delete(oldest);
      counts.bytes -= bytesOf(results);
    }
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
    const computed = computeAnew(columns, spec);
    if (maxBytes === 0) return computed;
    const outputs = computed.map(sharedColumn);
    keep(key, outputs);
    if (isEverybodys.has(columns)) fresh.push({ key, outputs });
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
    fresh: () => {
      const results = fresh;
      fresh = [];
      return results;
    },
    adopt: (results) => {
      for (const { key, outputs } of results) if (!known.has(key)) keep(key, outputs);
    },
  };
}

const bytesOf = (outputs: readonly Float64Array[]): number =>
  outputs.reduce((total, output) => total + output.byteLength, 0);
