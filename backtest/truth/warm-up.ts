import { timeframeMs } from '../../domain/bar';
import { barsBetween, type BarColumns } from '../../domain/bar-columns';
import { UserError } from '../../domain/errors';
import { isObserved } from '../../domain/observations';
import type { PreparedStrategy } from '../../domain/strategies/prepare';
import { createIndicatorCache, sameSource, type BarsOf, type BarSource } from '../../domain/strategy-columns';
import type { Column } from '../../domain/strategy-view';
import type { BacktestInput } from '../backtest';
import { barsOfMarkets, findMarket } from '../market-bars';
import { observationsOf } from '../observed';
import { evenly } from './look-ahead';
import { columnsOver, decisionsOf, FINE, type DecisionsWithHistory, type Lane } from './warm-up-decisions';

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

export interface WarmUpReport {
  readonly series: readonly SeriesWarmUp[];
  readonly decisions: readonly DecisionsWithHistory[];
  readonly passed: boolean;
}

/** From so many places histories begin. */
const BEGINNINGS = 8;
const DECISIONS = 200;
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
