import { timeframeMs } from '../../domain/bar';
import { barsBetween, type BarColumns } from '../../domain/bar-columns';
import type { ObservationsOf } from '../../domain/observations';
import { decideOnWindow, decisionOf } from '../../domain/strategies/decide';
import type { PreparedStrategy } from '../../domain/strategies/prepare';
import { PositionSide, SignalKind, type Decision } from '../../domain/strategy';
import {
  sameSource,
  seriesColumns,
  type BarsOf,
  type BarSource,
  type Compute,
} from '../../domain/strategy-columns';
import { MovingView, type Column } from '../../domain/strategy-view';
import type { StrategyRun } from '../backtest';
import { evenly } from './look-ahead';

/** A strategy on one symbol, and what it may look at. */
export interface Lane {
  readonly run: StrategyRun;
  readonly own: BarSource;
  readonly barsOf: BarsOf;
  readonly compute: Compute;
  readonly observed: ObservationsOf;
}

/** Its series over all bars of these sources. */
export const columnsOver = (
  { run, own, compute, observed }: Lane,
  barsOf: BarsOf,
): Readonly<Record<string, Column>> => seriesColumns(run.strategy.indicators, own, barsOf, compute, observed);

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

const MULTIPLES = [1, 2, 4] as const;
/** Differences below this part do not matter. */
export const FINE = 0.0001;

/** Decides on windows of so many times the declared bars, and on everything, at `count` bars. */
export function decisionsOf(lane: Lane, count: number): readonly DecisionsWithHistory[] {
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
