/** Nearest-rank percentile: the smallest value that at least `percent` of all do not exceed. Null of nothing. */
export function percentile(values: readonly number[], percent: number): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  const rank = Math.max(1, Math.ceil((percent / 100) * sorted.length));
  return sorted[rank - 1] ?? null;
}

export const maximum = (values: readonly number[]): number | null => percentile(values, 100);

/** A span of wall time, UTC milliseconds. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

export const lengthOf = (spans: readonly Span[]): number =>
  spans.reduce((sum, { fromMs, toMs }) => sum + Math.max(0, toMs - fromMs), 0);

/** The same time without overlaps, earliest first. */
export function union(spans: readonly Span[]): readonly Span[] {
  const joined: { fromMs: number; toMs: number }[] = [];
  for (const { fromMs, toMs } of [...spans].sort((a, b) => a.fromMs - b.fromMs)) {
    const last = joined.at(-1);
    if (last !== undefined && fromMs <= last.toMs) last.toMs = Math.max(last.toMs, toMs);
    else joined.push({ fromMs, toMs });
  }
  return joined;
}

/** What is left of `spans` without `excluded`. */
export function without(spans: readonly Span[], excluded: readonly Span[]): readonly Span[] {
  const holes = union(excluded);
  return union(spans).flatMap((span) => {
    const rest: Span[] = [];
    let { fromMs } = span;
    for (const hole of holes) {
      if (hole.toMs <= fromMs || hole.fromMs >= span.toMs) continue;
      if (hole.fromMs > fromMs) rest.push({ fromMs, toMs: hole.fromMs });
      fromMs = Math.max(fromMs, hole.toMs);
    }
    if (fromMs < span.toMs) rest.push({ fromMs, toMs: span.toMs });
    return rest;
  });
}
