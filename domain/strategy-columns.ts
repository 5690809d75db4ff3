import { timeframeMs, type Timeframe } from './bar';
import { firstAtOrAfter, type BarColumns } from './bar-columns';
import { UserError } from './errors';
import { compute, lookback, outputsOf, settlingBars } from './indicators/registry';
import { specKey, type IndicatorSpec } from './indicators/spec';
import { spreadScore } from './indicators/spread';
import {
  checkObserved,
  isObserved,
  nothingObserved,
  observedColumn,
  observedSource,
  sameObserved,
  type ObservationNeed,
  type ObservationsOf,
} from './observations';
import { pairedCloses } from './paired-closes';
import type { SeriesOf, SeriesSpec, SpreadOf } from './strategy';
import type { Column } from './strategy-view';
import { newestClosed, viewFrom } from './timeframes';

/** Bars of a symbol and timeframe. */
export interface BarSource {
  readonly symbol: string;
  readonly timeframe: Timeframe;
}

/** How many bars of a source a decision needs. */
export interface BarNeed extends BarSource {
  readonly bars: number;
}

/** @throws UserError when there are no such bars. */
export type BarsOf = (source: BarSource) => BarColumns;

/** What a strategy names its series, and where they come from; null for one that it does not use. */
export type SeriesSpecs = Readonly<Record<string, SeriesSpec | null>>;

const NOTHING: Column = { values: new Float64Array(0), newest: null };

const seriesOf = (spec: IndicatorSpec | SeriesOf): SeriesOf => ('of' in spec ? spec : { of: spec });

/** Where bars come from; what is absent is as in the bars decided on. */
interface Elsewhere {
  readonly symbol?: string | undefined;
  readonly timeframe?: Timeframe | undefined;
}

const isSpread = (spec: SeriesSpec): spec is SpreadOf => 'spreadOf' in spec;

const sourceOf = ({ symbol, timeframe }: Elsewhere, own: BarSource): BarSource => ({
  symbol: symbol ?? own.symbol,
  timeframe: timeframe ?? own.timeframe,
});

export const sameSource = (a: BarSource, b: BarSource): boolean =>
  a.symbol === b.symbol && a.timeframe === b.timeframe;

/**
 * Every source that these series come from, and how many bars of it settle what is computed of it. The bars decided on come
 * first, with at least `ownBars`.
 */
export function barNeeds(specs: SeriesSpecs, own: BarSource, ownBars: number): readonly BarNeed[] {
  const needs: BarNeed[] = [{ ...own, bars: ownBars }];
  for (const spec of Object.values(specs)) {
    if (spec === null || isObserved(spec)) continue;
    needs.push(...needsOf(spec, own));
  }
  return mergeNeeds([needs]);
}

/** Each source once, with as many bars as the one who needs most of them; in the order in which they come first. */
export function mergeNeeds(lists: readonly (readonly BarNeed[])[]): readonly BarNeed[] {
  const merged: BarNeed[] = [];
  for (const need of lists.flat()) {
    const known = merged.findIndex((other) => sameSource(other, need));
    const other = merged[known];
    if (other === undefined) merged.push(need);
    else merged[known] = { ...other, bars: Math.max(other.bars, need.bars) };
  }
  return merged;
}

function needsOf(spec: IndicatorSpec | SeriesOf | SpreadOf, own: BarSource): readonly BarNeed[] {
  if (isSpread(spec)) {
    const bars = LOOKED_AT + spec.period - 1;
    return spreadSources(spec, own).map((source) => ({ ...source, bars }));
  }
  const series = seriesOf(spec);
  const source = sourceOf(series, own);
  return [{ ...source, bars: settledBars(series.of, source.timeframe) }];
}

const spreadSources = ({ spreadOf: [first, second], timeframe }: SpreadOf, own: BarSource) =>
  [sourceOf({ symbol: first, timeframe }, own), sourceOf({ symbol: second, timeframe }, own)] as const;

/**
 * Every source of observations that these series come from, and how old what is looked at may be.
 * @throws UserError for an output that there is not, or without an age
 */
export function observationNeeds(specs: SeriesSpecs, symbol: string): readonly ObservationNeed[] {
  const needs: ObservationNeed[] = [];
  for (const spec of Object.values(specs)) {
    if (spec === null || !isObserved(spec)) continue;
    checkObserved(spec);
    const source = observedSource(spec, symbol);
    const known = needs.findIndex((need) => sameObserved(need, source));
    const maxAgeMs = Math.max(spec.maxAgeMs, needs[known]?.maxAgeMs ?? 0);
    if (known === -1) needs.push({ ...source, maxAgeMs });
    else needs[known] = { ...source, maxAgeMs };
  }
  return needs;
}

/** A bar is looked at together with the one before it. */
const LOOKED_AT = 2;

/** What sums up from the start never settles: only its changes mean anything, and its strategy says how far back it looks. */
function settledBars(of: SeriesOf['of'], timeframe: Timeframe): number {
  if (typeof of === 'string') return LOOKED_AT;
  const settling = settlingBars(of, timeframeMs(timeframe));
  return LOOKED_AT + (Number.isFinite(settling) ? settling : lookback(of));
}

/**
 * The index of the first own bar at whose close every source has as many closed bars as are needed; their count when there is none.
 * @throws what `barsOf` does
 */
export function firstDecision(needs: readonly BarNeed[], own: BarSource, barsOf: BarsOf): number {
  const { openTimeMs } = barsOf(own);
  const firsts = needs.map((need) => {
    const openMs = barsOf(need).openTimeMs[need.bars - 1] ?? Infinity;
    return firstAtOrAfter(openTimeMs, openMs + timeframeMs(need.timeframe) - timeframeMs(own.timeframe));
  });
  return Math.max(0, ...firsts);
}

/** Computes an indicator over whole columns, one array for each of its outputs. */
export type Compute = (bars: BarColumns, spec: IndicatorSpec) => readonly Float64Array[];

/** Computes each indicator of the same bars once, for as long as somebody holds the bars. */
export function createIndicatorCache(): Compute {
  const known = new WeakMap<BarColumns, Map<string, readonly Float64Array[]>>();
  return (bars, spec) => {
    const results = known.get(bars) ?? new Map<string, readonly Float64Array[]>();
    known.set(bars, results);
    const key = specKey(spec);
    const outputs = results.get(key) ?? compute(bars, spec);
    results.set(key, outputs);
    return outputs;
  };
}

/**
 * The columns of a strategy's series over the bars decided on.
 * @param observationsOf what is known beside the bars; it may hold what becomes known later, which is not looked at
 * @throws what `barsOf` does
 */
export function seriesColumns(
  specs: SeriesSpecs,
  own: BarSource,
  barsOf: BarsOf,
  compute: Compute,
  observationsOf: ObservationsOf = nothingObserved,
): Readonly<Record<string, Column>> {
  const column = (spec: SeriesSpec | null): Column => {
    if (spec === null) return NOTHING;
    if (isObserved(spec)) {
      const known = observationsOf(observedSource(spec, own.symbol));
      return { values: observedColumn(spec, barsOf(own), timeframeMs(own.timeframe), known), newest: null };
    }
    if (isSpread(spec)) return spreadColumn(spec, own, barsOf);
    const series = seriesOf(spec);
    const source = sourceOf(series, own);
    const bars = barsOf(source);
    const { of } = series;
    const values = typeof of === 'string' ? bars[of] : outputOf(compute(bars, of), of, series.output);
    if (sameSource(source, own)) return { values, newest: null };
    const base = { timeframe: own.timeframe, bars: barsOf(own) };
    return { values, newest: viewFrom(base, { timeframe: source.timeframe, bars }).closed };
  };
  return Object.fromEntries(Object.entries(specs).map(([name, spec]) => [name, column(spec)]));
}

/** @throws what `barsOf` does */
function spreadColumn(spec: SpreadOf, own: BarSource, barsOf: BarsOf): Column {
  const [first, second] = spreadSources(spec, own);
  const closes = pairedCloses(barsOf(first), barsOf(second));
  const base = { timeframe: own.timeframe, bars: barsOf(own) };
  return {
    values: spreadScore(closes.first, closes.second, spec.period),
    newest: newestClosed(base, first.timeframe, closes.openTimeMs),
  };
}

function outputOf(
  outputs: readonly Float64Array[],
  spec: IndicatorSpec,
  name: string | undefined,
): Float64Array {
  const names = outputsOf(spec);
  const values = outputs[name === undefined ? 0 : names.indexOf(name)];
  if (values !== undefined) return values;
  throw new UserError(
    `The indicator "${spec.kind}" has no output "${name ?? ''}".`,
    `It has ${names.join(', ')}.`,
  );
}
