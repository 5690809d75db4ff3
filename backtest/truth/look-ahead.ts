import { timeframeMs } from '../../domain/bar';
import type { EntryPlan } from '../../domain/strategy';
import type { BacktestInput } from '../backtest';
import { marketUntil } from '../market-bars';
import { observedUntil } from '../observed';
import { laneKey, runRecorded, type LaneRecord, type RecordedRun, type RecordedSignal } from './recording';

/** A decision that is not the same when what came after it is not there. */
export interface SignalDifference {
  readonly strategy: string;
  readonly symbol: string;
  /** Close of the bar that was decided on (UTC milliseconds). */
  readonly closeMs: number;
  /** Where the shortened history ended. */
  readonly endMs: number;
  /** With everything that came after; null for a hold. */
  readonly whole: RecordedSignal | null;
  /** Without what came after `endMs`. */
  readonly shortened: RecordedSignal | null;
  /** Series whose newest value differs at this bar. */
  readonly series: readonly string[];
}

/** A series whose values change when what came after them is not there. */
export interface SeriesDifference {
  readonly strategy: string;
  readonly symbol: string;
  readonly series: string;
  /** The first bar at which it differs, and its values there. */
  readonly closeMs: number;
  readonly whole: number;
  readonly shortened: number;
  /** In so many of the shortened histories. */
  readonly histories: number;
  /** The furthest that a value which differs lies before the end of its history, in decisions: it looks that far ahead. */
  readonly reach: number;
}

export interface LookAheadReport {
  /** Decisions and signals (entries and exits) of the whole run. */
  readonly decisions: number;
  readonly signals: number;
  /** How many shortened histories were run, and how many of the signals are the last bar of one. */
  readonly histories: number;
  readonly signalsAtEnd: number;
  /** By time; each bar of a strategy and symbol once. */
  readonly differences: readonly SignalDifference[];
  readonly series: readonly SeriesDifference[];
  /** The first decision that differs between two runs over the very same bars: something is kept between them. */
  readonly unstable: SignalDifference | null;
  readonly passed: boolean;
}

export const HISTORIES = 100;

/**
 * Look-ahead analysis: runs a backtest on all bars, then on histories that end earlier, and compares every decision and every
 * value that a strategy was shown. Half of the histories end at a bar with a signal (all of them, where they are few), the
 * others are spread evenly. What differs can only come from what was cut off.
 *
 * It sees whatever reaches a strategy through its series and its bars, the engine's own faults included, and state that is
 * kept between runs. It cannot see knowledge of the future that is written into a strategy, or into a model that it carries.
 * @param histories how many shortened ones at most
 * @param onHistory told of each that is done
 * @throws UserError when the backtest itself cannot be run
 */
export function lookAhead(
  input: BacktestInput,
  histories = HISTORIES,
  onHistory: (done: number, total: number) => void = () => undefined,
): LookAheadReport {
  const whole = runRecorded(input);
  const again = runRecorded(input);
  const ends = endsOf(input, whole, histories);
  const found = new Differences(whole);
  for (const [index, endMs] of ends.entries()) {
    found.compare(runRecorded(inputUntil(input, endMs)), endMs);
    onHistory(index + 1, ends.length);
  }
  const signals = whole.lanes.flatMap((lane) => lane.signals);
  const atEnd = new Set(ends);
  const unstable = firstDifference(whole, again, Infinity) ?? null;
  const { differences, series } = found;
  return {
    decisions: whole.lanes.reduce((total, { closeMs }) => total + closeMs.length, 0),
    signals: signals.length,
    histories: ends.length,
    signalsAtEnd: signals.filter(({ closeMs }) => atEnd.has(closeMs)).length,
    ...{ differences, series, unstable },
    passed: differences.length === 0 && series.length === 0 && unstable === null,
  };
}

/** The same backtest as it would have been run at a time. */
const inputUntil = (input: BacktestInput, timeMs: number): BacktestInput => ({
  ...input,
  markets: input.markets.map((market) => marketUntil(market, timeMs)),
  ...(input.observations && {
    observations: input.observations.map((series) => observedUntil(series, timeMs)),
  }),
});

/** Where histories end: closes of bars with signals, and others evenly between. Each leaves every market at least a bar. */
function endsOf({ markets }: BacktestInput, { lanes }: RecordedRun, histories: number): readonly number[] {
  const firstMs = Math.max(
    ...markets.map(({ bars, timeframe }) => (bars.openTimeMs[0] ?? Infinity) + timeframeMs(timeframe)),
  );
  const times = (list: readonly number[]): readonly number[] =>
    [...new Set(list)].filter((timeMs) => timeMs >= firstMs).sort((a, b) => a - b);
  const signals = times(lanes.flatMap((lane) => lane.signals.map(({ closeMs }) => closeMs)));
  const atSignals = evenly(signals, Math.max(1, Math.ceil(histories / 2)));
  const others = times(lanes.flatMap(({ closeMs }) => closeMs));
  return times([...atSignals, ...evenly(others, Math.max(0, histories - atSignals.length))]);
}

/** At most `count` of a list, from its first to its last. */
export function evenly<T>(list: readonly T[], count: number): readonly T[] {
  if (list.length <= count) return list;
  const step = count > 1 ? (list.length - 1) / (count - 1) : 0;
  return Array.from({ length: count }, (_, index) => Math.round(index * step)).flatMap((place) =>
    list.slice(place, place + 1),
  );
}

/** Collects what differs between a run and runs over a part of its bars. */
class Differences {
  private readonly bySignal = new Map<string, SignalDifference>();
  private readonly bySeries = new Map<string, SeriesDifference>();

  constructor(private readonly whole: RecordedRun) {}

  get differences(): readonly SignalDifference[] {
    return [...this.bySignal.values()].sort((a, b) => a.closeMs - b.closeMs);
  }

  get series(): readonly SeriesDifference[] {
    return [...this.bySeries.values()].sort((a, b) => a.closeMs - b.closeMs);
  }

  compare(shortened: RecordedRun, endMs: number): void {
    for (const lane of this.whole.lanes) {
      const key = laneKey(lane.strategy, lane.symbol);
      const other = laneOf(shortened, lane);
      for (const [series, difference] of seriesDifferences(lane, other, endMs)) {
        const known = this.bySeries.get(`${key} ${series}`);
        const first = known !== undefined && known.closeMs <= difference.closeMs ? known : difference;
        this.bySeries.set(`${key} ${series}`, {
          ...first,
          histories: (known?.histories ?? 0) + 1,
          reach: Math.max(known?.reach ?? 0, difference.reach),
        });
      }
      const difference = laneDifference(lane, other, endMs);
      // What comes after the first in a history follows from it: other things are held.
      if (difference !== undefined && !this.bySignal.has(`${key} ${difference.closeMs}`))
        this.bySignal.set(`${key} ${difference.closeMs}`, difference);
    }
  }
}

const laneOf = ({ lanes }: RecordedRun, { strategy, symbol }: LaneRecord): LaneRecord =>
  lanes.find((lane) => lane.strategy === strategy && lane.symbol === symbol) ?? {
    ...{ strategy, symbol },
    ...{ closeMs: [], seen: {}, signals: [] },
  };

function firstDifference(
  whole: RecordedRun,
  other: RecordedRun,
  endMs: number,
): SignalDifference | undefined {
  const all = whole.lanes.map((lane) => laneDifference(lane, laneOf(other, lane), endMs));
  return all.filter((one) => one !== undefined).sort((a, b) => a.closeMs - b.closeMs)[0];
}

/** The first decision up to `endMs` that is not the same. */
function laneDifference(lane: LaneRecord, other: LaneRecord, endMs: number): SignalDifference | undefined {
  const wholes = lane.signals.filter(({ closeMs }) => closeMs <= endMs);
  const length = Math.max(wholes.length, other.signals.length);
  for (let index = 0; index < length; index += 1) {
    const [whole, shortened] = [wholes[index], other.signals[index]];
    if (whole !== undefined && shortened !== undefined && sameSignal(whole, shortened)) continue;
    const closeMs = Math.min(whole?.closeMs ?? Infinity, shortened?.closeMs ?? Infinity);
    const at = (signal: RecordedSignal | undefined): RecordedSignal | null =>
      signal?.closeMs === closeMs ? signal : null;
    const { strategy, symbol } = lane;
    const series = Object.keys(lane.seen).filter(
      (name) => !Object.is(valueAt(lane, name, closeMs), valueAt(other, name, closeMs)),
    );
    return { strategy, symbol, closeMs, endMs, whole: at(whole), shortened: at(shortened), series };
  }
  return undefined;
}

const valueAt = ({ closeMs, seen }: LaneRecord, series: string, timeMs: number): number =>
  seen[series]?.[closeMs.indexOf(timeMs)] ?? Number.NaN;

const PRICES = ['referencePrice', 'stopPrice', 'targetPrice', 'trailDistance'] as const;

const samePlan = (a: EntryPlan | null, b: EntryPlan | null): boolean =>
  a === null || b === null
    ? a === b
    : a.side === b.side && PRICES.every((name) => Object.is(a[name], b[name]));

const sameSignal = (a: RecordedSignal, b: RecordedSignal): boolean =>
  a.closeMs === b.closeMs &&
  a.position === b.position &&
  a.kind === b.kind &&
  Object.is(a.limitPrice, b.limitPrice) &&
  samePlan(a.plan, b.plan);

/** For each series that differs anywhere, its first difference. The bars at which both decided are compared. */
function seriesDifferences(
  lane: LaneRecord,
  other: LaneRecord,
  endMs: number,
): readonly (readonly [string, SeriesDifference])[] {
  const { strategy, symbol } = lane;
  return Object.keys(lane.seen).flatMap((series) => {
    const at = firstDiffering(lane, other, series);
    if (at === undefined) return [];
    const last = lane.closeMs.findLastIndex((closeMs) => closeMs <= endMs);
    const { place, whole, shortened } = at;
    const closeMs = lane.closeMs[place] ?? Number.NaN;
    const reach = last - place + 1;
    return [[series, { strategy, symbol, series, closeMs, whole, shortened, histories: 1, reach }] as const];
  });
}

function firstDiffering(lane: LaneRecord, other: LaneRecord, series: string) {
  const [mine, theirs] = [lane.seen[series] ?? [], other.seen[series] ?? []];
  let [i, j] = [0, 0];
  while (i < lane.closeMs.length && j < other.closeMs.length) {
    const later = (lane.closeMs[i] ?? 0) - (other.closeMs[j] ?? 0);
    const [whole = Number.NaN, shortened = Number.NaN] = [mine[i], theirs[j]];
    if (later === 0 && !Object.is(whole, shortened)) return { place: i, whole, shortened };
    if (later <= 0) i += 1;
    if (later >= 0) j += 1;
  }
  return undefined;
}
