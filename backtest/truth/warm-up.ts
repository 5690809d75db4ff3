import { timeframeMs } from '../../domain/bar';
import { barsBetween, type BarColumns } from '../../domain/bar-columns';
import { UserError } from '../../domain/errors';
import { decideOnWindow, decisionOf } from '../../domain/strategies/decide';
import { isObserved, type ObservationsOf } from '../../domain/observations';
import type { PreparedStrategy } from '../../domain/strategies/prepare';
import { PositionSide, SignalKind, type Decision } from '../../domain/strategy';
import {
  createIndicatorCache,
  sameSource,
  seriesColumns,
  type BarsOf,
  type BarSource,
  type Compute,
} from '../../domain/strategy-columns';
import { MovingView, type Column } from '../../domain/strategy-view';
import type { BacktestInput, StrategyRun } from '../backtest';
import { barsOfMarkets, findMarket } from '../market-bars';
import { observationsOf } from '../observed';
import { evenly } from './look-ahead';

/** How much history a series needs until it does not matter where the history began. */
export interface SeriesWarmUp {
  readonly strategy: string;
  readonly symbol: string;
  readonly series: string;
  /** Bars of its source that the strategy asks for before it decides, the newest included. */
  readonly declaredBars: number;
  /** Bars, the newest included, from which on it differs by less than 1 % and 0.01 %; null when it does not get there. */
  readonly within1Percent: number | null;
  readonly within001Percent: number | null;
  /** The most bars that were tried. */
  readonly triedBars: number;
  /** The largest difference with as many bars as declared, as a share of the value; null when it is not defined then. */
  readonly differenceAtDeclared: number | null;
  readonly suffices: boolean;
}

/** Decisions over a part of the history beside those over all of it. */
export interface DecisionsWithHistory {
  readonly strategy: string;
  readonly symbol: string;
  /** Bars of the history, as a multiple of those declared. */
  readonly times: number;
  readonly bars: number;
  readonly compared: number;
  readonly differing: number;
  /** The first that differs. */
  readonly first: {
    readonly closeMs: number;
    readonly position: PositionSide | null;
    readonly whole: Decision;
    readonly shortened: Decision;
  } | null;
}

export interface WarmUpReport {
  readonly series: readonly SeriesWarmUp[];
  readonly decisions: readonly DecisionsWithHistory[];
  readonly passed: boolean;
}

/** From so many places histories begin. */
const BEGINNINGS = 8;
const DECISIONS = 200;
const MULTIPLES = [1, 2, 4] as const;
const FINE = 0.0001;
const COARSE = 0.01;

/**
 * Recursive analysis: a smoothing remembers its first bar for ever, a sum most of all, and live trading begins somewhere
 * else than a backtest does. Computes every series over histories that begin later and says after how many bars it is the
 * same; and decides on windows of 1, 2 and 4 times the declared bars, as live trading does, and on everything.
 *
 * A difference is a share of the value or, near zero, of the series' mean size.
 * @param decisions so many are compared, half of them where the whole history gives a signal
 * @throws UserError when there are not twice as many bars as a strategy needs
 */
export function warmUp(input: BacktestInput, decisions = DECISIONS): WarmUpReport {
  const barsOf = barsOfMarkets(input.markets);
  const compute = input.compute ?? createIndicatorCache();
  const observed = observationsOf(input.observations);
  const parts = input.runs.flatMap((run) =>
    run.symbols.map((symbol) => {
      const { timeframe } = findMarket(input.markets, symbol);
      const lane: Lane = { run, own: { symbol, timeframe }, barsOf, compute, observed };
      checkLength(lane);
      return { series: seriesOf(lane), decisions: decisionsOf(lane, decisions) };
    }),
  );
  const series = parts.flatMap((part) => part.series);
  const compared = parts.flatMap((part) => part.decisions);
  const passed =
    series.every(({ suffices }) => suffices) && compared.every(({ differing }) => differing === 0);
  return { series, decisions: compared, passed };
}

interface Lane {
  readonly run: StrategyRun;
  readonly own: BarSource;
  readonly barsOf: BarsOf;
  readonly compute: Compute;
  readonly observed: ObservationsOf;
}

function checkLength({ run, own, barsOf }: Lane): void {
  for (const need of run.strategy.needs(own)) {
    const bars = barsOf(need).length;
    if (bars < 2 * need.bars)
      throw new UserError(
        `${run.name} needs ${need.bars} bars of ${need.symbol} ${need.timeframe}; to see whether they suffice there must be twice as many, not ${bars}.`,
        'Take a longer range (--from, --to), or finer bars.',
      );
  }
}

function seriesOf(lane: Lane): readonly SeriesWarmUp[] {
  const { run, own, barsOf } = lane;
  const { strategy } = run;
  const names = Object.entries(strategy.indicators).flatMap(([name, spec]) => (spec === null ? [] : [name]));
  if (names.length === 0) return [];
  const bars = barsOf(own);
  const whole = columnsOver(lane, barsOf);
  const tried = Math.min(Math.floor(bars.length / 2), 2 * warmUpInOwnBars(lane) + TRIED_MORE);
  const places = Array.from({ length: bars.length - tried }, (_, index) => index);
  const beginnings = evenly(places.slice(Math.floor(places.length / 2)), BEGINNINGS);
  const tracks = new Map(names.map((name) => [name, new Track()]));
  for (const beginning of beginnings) {
    const fromMs = bars.openTimeMs[beginning] ?? 0;
    const cut = laterBars(barsOf, fromMs);
    const shortened = columnsOver(lane, cut);
    for (const [name, track] of tracks) {
      const [reference, column] = [whole[name], shortened[name]];
      if (reference === undefined || column === undefined) continue;
      track.follow({ reference, column, beginning, bars: tried });
    }
  }
  return names.map((name) => seriesResult(lane, name, tracks.get(name) ?? new Track()));
}

const TRIED_MORE = 500;

/** The longest that any source takes, in bars decided on. */
const warmUpInOwnBars = ({ run, own }: Lane): number =>
  Math.max(
    ...run.strategy
      .needs(own)
      .map(({ bars, timeframe }) => Math.ceil((bars * timeframeMs(timeframe)) / timeframeMs(own.timeframe))),
  );

const columnsOver = (
  { run, own, compute, observed }: Lane,
  barsOf: BarsOf,
): Readonly<Record<string, Column>> => seriesColumns(run.strategy.indicators, own, barsOf, compute, observed);

/** The same sources, beginning at a time. Each is cut once. */
function laterBars(barsOf: BarsOf, fromMs: number): BarsOf {
  const cuts: { readonly source: BarSource; readonly bars: BarColumns }[] = [];
  return (source) => {
    const known = cuts.find((cut) => sameSource(cut.source, source));
    if (known !== undefined) return known.bars;
    const bars = barsBetween(barsOf(source), fromMs, Infinity);
    cuts.push({ source, bars });
    return bars;
  };
}

/** What is seen of a column at a bar, and how many bars of its source lie behind it, the newest included. */
function look({ values, newest }: Column, index: number): { readonly value: number; readonly bars: number } {
  const place = newest === null ? index : (newest[index] ?? -1);
  return { value: values[place] ?? Number.NaN, bars: place + 1 };
}

/** How far a series is from what it would be with all the history, by how many bars it has. */
class Track {
  /** The largest difference with so many bars. */
  private readonly worst: number[] = [];

  follow(parts: {
    readonly reference: Column;
    readonly column: Column;
    readonly beginning: number;
    readonly bars: number;
  }): void {
    const { reference, column, beginning, bars } = parts;
    const size = meanSize(reference, beginning, bars);
    for (let index = 0; index < bars; index += 1) {
      const { value: whole } = look(reference, beginning + index);
      const { value, bars: behind } = look(column, index);
      this.worst[behind] = Math.max(this.worst[behind] ?? 0, relative(whole, value, size));
    }
  }

  get triedBars(): number {
    return this.worst.length - 1;
  }

  /** Bars from which on no difference is as large as this; null when the last one tried is. */
  within(limit: number): number | null {
    const last = this.worst.findLastIndex((difference) => !(difference < limit));
    return last === this.worst.length - 1 ? null : Math.max(1, last + 1);
  }

  /** The largest difference with so many bars or more. */
  from(bars: number): number {
    return this.worst.slice(bars).reduce((most, next) => Math.max(most, next), 0);
  }
}

function meanSize(column: Column, from: number, bars: number): number {
  let [total, count] = [0, 0];
  for (let index = from; index < from + bars; index += 1) {
    const { value } = look(column, index);
    if (!Number.isFinite(value)) continue;
    total += Math.abs(value);
    count += 1;
  }
  return count === 0 ? 0 : total / count;
}

function relative(whole: number, value: number, size: number): number {
  if (Object.is(whole, value) || whole === value) return 0;
  const difference = Math.abs(value - whole) / Math.max(Math.abs(whole), size);
  return Number.isNaN(difference) ? Infinity : difference;
}

function seriesResult({ run, own }: Lane, series: string, track: Track): SeriesWarmUp {
  const { strategy, name } = run;
  const declaredBars = declaredFor(strategy, own, series);
  // A strategy looks at the newest bar and the one before it.
  const least = Math.max(1, declaredBars - 1);
  const difference = track.from(least);
  return {
    ...{ strategy: name, symbol: own.symbol, series, declaredBars },
    within1Percent: track.within(COARSE),
    within001Percent: track.within(FINE),
    triedBars: track.triedBars,
    differenceAtDeclared: Number.isFinite(difference) ? difference : null,
    suffices: difference < FINE,
  };
}

/** Bars that the strategy asks for of the source that a series comes from. */
function declaredFor(strategy: PreparedStrategy, own: BarSource, series: string): number {
  const spec = strategy.indicators[series];
  if (spec === null || spec === undefined || isObserved(spec)) return 1;
  const elsewhere = 'of' in spec ? spec : {};
  const source: BarSource = { ...own, ...definedOf(elsewhere) };
  return strategy.needs(own).find((need) => sameSource(need, source))?.bars ?? 1;
}

const definedOf = ({ symbol, timeframe }: Partial<BarSource>): Partial<BarSource> => ({
  ...(symbol !== undefined && { symbol }),
  ...(timeframe !== undefined && { timeframe }),
});

function decisionsOf(lane: Lane, count: number): readonly DecisionsWithHistory[] {
  const { run, own, barsOf } = lane;
  const { strategy } = run;
  const bars = barsOf(own);
  const view = new MovingView(own.symbol, own.timeframe, bars, columnsOver(lane, barsOf));
  const decide = (index: number, position: PositionSide | null): Decision => {
    view.position = position;
    view.moveTo(index);
    const signal = strategy.onBar(view);
    return decisionOf(signal, strategy.explain(signal, view));
  };
  // The whole history must be longer than the windows, or it is the same.
  const first = Math.floor(bars.length / 2);
  const places = Array.from({ length: bars.length - first }, (_, index) => first + index);
  const isSignal = (index: number): boolean =>
    POSITIONS.some((position) => decide(index, position).kind !== SignalKind.Hold);
  const chosen = new Set([...evenly(places.filter(isSignal), count / 2), ...evenly(places, count / 2)]);
  return MULTIPLES.flatMap((times) => {
    const longest = Math.max(...strategy.needs(own).map((need) => need.bars * times));
    if (longest > bars.length) return [];
    return [
      compareDecisions(
        lane,
        times,
        [...chosen].sort((a, b) => a - b),
        decide,
      ),
    ];
  });
}

const POSITIONS = [null, PositionSide.Long] as const;

function compareDecisions(
  lane: Lane,
  times: number,
  places: readonly number[],
  decide: (index: number, position: PositionSide | null) => Decision,
): DecisionsWithHistory {
  const { run, own, barsOf, observed } = lane;
  const { strategy, name } = run;
  const needs = strategy.needs(own);
  let [compared, differing] = [0, 0];
  let first: DecisionsWithHistory['first'] = null;
  for (const place of places) {
    const closeMs = (barsOf(own).openTimeMs[place] ?? 0) + timeframeMs(own.timeframe);
    const window = windowAt(barsOf, needs, closeMs, times);
    for (const position of POSITIONS) {
      const whole = decide(place, position);
      const shortened = decideOnWindow(strategy, own, window, position, observed);
      compared += 1;
      if (sameDecision(whole, shortened)) continue;
      differing += 1;
      first ??= { closeMs, position, whole, shortened };
    }
  }
  const bars = (needs[0]?.bars ?? 0) * times;
  return { strategy: name, symbol: own.symbol, times, bars, compared, differing, first };
}

/** So many times the bars that are needed of each source, as they had closed by a time. */
function windowAt(
  barsOf: BarsOf,
  needs: ReturnType<PreparedStrategy['needs']>,
  closeMs: number,
  times: number,
): BarsOf {
  const windows = needs.map((need) => {
    const closed = barsBetween(barsOf(need), -Infinity, closeMs - timeframeMs(need.timeframe) + 1);
    return { need, bars: lastBars(closed, need.bars * times) };
  });
  return (source) => {
    const window = windows.find(({ need }) => sameSource(need, source));
    if (window === undefined) throw new Error(`${source.symbol} ${source.timeframe} was not asked for.`);
    return window.bars;
  };
}

const lastBars = (bars: BarColumns, count: number): BarColumns =>
  barsBetween(bars, bars.openTimeMs[Math.max(0, bars.length - count)] ?? Infinity, Infinity);

/** The same kind, and prices that differ by less than 0.01 % of the price. */
function sameDecision(a: Decision, b: Decision): boolean {
  if (a.kind !== SignalKind.Enter || b.kind !== SignalKind.Enter) return a.kind === b.kind;
  const near = (x: number | null, y: number | null): boolean =>
    x === null || y === null ? x === y : Math.abs(x - y) < FINE * a.referencePrice;
  return (
    a.side === b.side &&
    near(a.stopPrice, b.stopPrice) &&
    near(a.targetPrice, b.targetPrice) &&
    near(a.trailDistance, b.trailDistance)
  );
}
