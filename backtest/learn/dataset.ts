import type { FeatureSet } from '../../domain/learning/features';
import { PositionSide, SignalKind, type EntryPlan } from '../../domain/strategy';
import type { PreparedStrategy } from '../../domain/strategies/prepare';
import { MovingView } from '../../domain/strategy-view';
import { timeframeMs } from '../../domain/bar';
import { createIndicatorCache, seriesColumns, type BarSource } from '../../domain/strategy-columns';
import { NO_OBSERVATIONS, sameObserved, type ObservedSeries } from '../../domain/observations';
import type { MarketData } from '../market';
import { firstAtOrAfter } from '../market';
import { barsOfMarkets } from '../market-bars';
import type { FeatureMatrix } from './matrix';
import { PositionPath } from './position-path';

/** What is learnt from. */
export interface DatasetInput {
  /** Every market that is looked at; examples are made of those in `symbols`. */
  readonly markets: readonly MarketData[];
  readonly symbols: readonly string[];
  readonly observations?: readonly ObservedSeries[];
  readonly features: FeatureSet;
  /** Its entries are the examples; its exits and its longest holding time end them. It must look at the features' columns too. */
  readonly proposer: PreparedStrategy;
  /** Bars after which a trade that has not ended is sold. */
  readonly horizonBars: number;
  /** Paid on each side, of what is traded. */
  readonly feeFraction: number;
  /** Decisions at closes from this time on, and trades that have ended by that one: UTC milliseconds. */
  readonly fromMs: number;
  readonly toMs: number;
}

/** An entry that was proposed, and what would have come of it. */
export interface Example {
  /** At which the entry was decided on, in UTC milliseconds; nothing later was looked at. */
  readonly closeMs: number;
  /** By which the outcome was known. */
  readonly endMs: number;
  /** Net of fees, of what was put in. */
  readonly net: number;
  readonly features: Float64Array;
}

/** Examples in the order of their decisions. */
export interface Dataset {
  readonly matrix: FeatureMatrix;
  /** 1 where the trade brought more than it cost: the triple-barrier label. */
  readonly labels: Uint8Array;
  readonly net: Float64Array;
  readonly closeMs: Float64Array;
  readonly endMs: Float64Array;
  /** How much of its time each example has for itself, on average 1. */
  readonly weights: Float64Array;
}

/**
 * Examples by the triple-barrier method (M. López de Prado, "Advances in Financial Machine Learning", 2018, sections 3.2 and
 * 3.6): every entry that is proposed is followed to its stop, its target, its strategy's exit or its time, net of fees. Features
 * are those of the closed bars at the decision; an entry whose outcome lies beyond `toMs` is no example.
 * @throws UserError when a market that is looked at is missing
 */
export function buildDataset(input: DatasetInput): Dataset {
  const examples = input.symbols.flatMap((symbol) => examplesOf(input, symbol));
  examples.sort((a, b) => a.closeMs - b.closeMs);
  const column = (pick: (example: Example) => number): Float64Array => Float64Array.from(examples, pick);
  const closeMs = column((example) => example.closeMs);
  const endMs = column((example) => example.endMs);
  return {
    matrix: {
      rows: examples.length,
      names: input.features.names,
      columns: input.features.names.map((_, index) => column(({ features }) => features[index] ?? NaN)),
    },
    labels: Uint8Array.from(examples, ({ net }) => (net > 0 ? 1 : 0)),
    net: column(({ net }) => net),
    ...{ closeMs, endMs, weights: uniqueness(closeMs, endMs) },
  };
}

function examplesOf(input: DatasetInput, symbol: string): Example[] {
  const { markets, proposer, features } = input;
  const market = markets.find(({ instrument }) => instrument.symbol === symbol);
  if (market === undefined) throw new Error(`There is no market ${symbol}.`);
  const { bars, timeframe } = market;
  const own: BarSource = { symbol, timeframe };
  const view = openView(input, own);
  const first = firstRow(input, own);
  const barMs = timeframeMs(timeframe);
  const examples: Example[] = [];
  for (let index = first; index < bars.length; index += 1) {
    const closeMs = (bars.openTimeMs[index] ?? NaN) + barMs;
    if (closeMs > input.toMs) break;
    view.position = null;
    view.moveTo(index);
    const signal = proposer.onBar(view);
    if (signal.kind !== SignalKind.Enter || signal.side !== PositionSide.Long) continue;
    const row = new Float64Array(features.names.length);
    features.read(view, row);
    const path = follow(input, market, view, signal, index + 1);
    const endMs = (bars.openTimeMs[path.index] ?? NaN) + barMs;
    if (path.held === 0 && endMs <= input.toMs)
      examples.push({ closeMs, endMs, net: path.net(), features: row });
  }
  return examples;
}

/** The position to its end, or to that of the data. */
function follow(
  { proposer, horizonBars, feeFraction }: DatasetInput,
  { bars, timeframe }: MarketData,
  view: MovingView,
  plan: EntryPlan,
  entryIndex: number,
): PositionPath {
  const path = new PositionPath(bars, plan, entryIndex, {
    ...{ timeframe, maxHoldingBars: horizonBars, feeFraction },
  });
  view.position = PositionSide.Long;
  while (path.advance() && path.held > 0) {
    view.moveTo(path.index);
    if (proposer.onBar(view).kind === SignalKind.Exit) path.leave(1, 'strategy');
  }
  return path;
}

/** A view of everything that the proposer looks at, which with learning are the features too. */
export function openView(
  { markets, proposer, observations = [] }: Pick<DatasetInput, 'markets' | 'proposer' | 'observations'>,
  own: BarSource,
): MovingView {
  const barsOf = barsOfMarkets(markets);
  const columns = seriesColumns(
    proposer.indicators,
    own,
    barsOf,
    createIndicatorCache(),
    (source) => observations.find((one) => sameObserved(one, source))?.observations ?? NO_OBSERVATIONS,
  );
  return new MovingView(own.symbol, own.timeframe, barsOf(own), columns);
}

/** The first bar at whose close everything has warmed up and examples are wanted. */
function firstRow({ markets, proposer, fromMs }: DatasetInput, own: BarSource): number {
  const barsOf = barsOfMarkets(markets);
  const barMs = timeframeMs(own.timeframe);
  const opens = barsOf(own).openTimeMs;
  const firsts = proposer.needs(own).map((need) => {
    const openMs = barsOf(need).openTimeMs[need.bars - 1] ?? Infinity;
    return firstAtOrAfter(opens, openMs + timeframeMs(need.timeframe) - barMs);
  });
  return Math.max(...firsts, firstAtOrAfter(opens, fromMs - barMs));
}

/**
 * Average uniqueness (López de Prado, chapter 4): outcomes that overlap in time are made of the same prices and count less. Over
 * the decisions between which an example lives, the mean of one over how many live; scaled to a mean of 1.
 * @param starts ascending
 */
export function uniqueness(starts: Float64Array, ends: Float64Array): Float64Array {
  const count = starts.length;
  // Over the example that begins at place i, this is how many live: begun by then and not ended before.
  const living = new Float64Array(count + 1);
  const until = ends.map((endMs) => firstAtOrAfter(starts, endMs));
  for (let index = 0; index < count; index += 1) {
    living[index] = (living[index] ?? 0) + 1;
    const end = Math.max(index + 1, until[index] ?? 0);
    living[end] = (living[end] ?? 0) - 1;
  }
  const shares = new Float64Array(count + 1);
  let alive = 0;
  for (let index = 0; index < count; index += 1) {
    alive += living[index] ?? 0;
    shares[index + 1] = (shares[index] ?? 0) + 1 / alive;
  }
  const weights = starts.map((_, index) => {
    const end = Math.max(index + 1, until[index] ?? 0);
    return ((shares[end] ?? 0) - (shares[index] ?? 0)) / (end - index);
  });
  const mean = weights.reduce((total, weight) => total + weight, 0) / count;
  return weights.map((weight) => weight / mean);
}
