import type { BarColumns } from '../domain/bar-columns';
import type { Execution } from './execution';

/** Bars to walk along, and what it costs to trade in them. */
export interface Tape {
  readonly bars: BarColumns;
  /** What liquidates: mark prices, or the bars themselves. */
  readonly mark: BarColumns;
  readonly execution: Execution;
  /** The length of a bar. */
  readonly barMs: number;
}

/** Counts of what a run met with, for the report. */
export interface Tally {
  /** Bars that reached both stop and target of a position, with nothing to tell which came first. */
  ambiguousBars: number;
  /** Entries that came to nothing, by the code of the reason. */
  readonly refusals: Record<string, number>;
}

/** Where in a tape something happens. */
export interface Place {
  readonly tape: Tape;
  readonly index: number;
  readonly timeMs: number;
}

/** The open of a bar. */
export const atOpen = (tape: Tape, index: number): Place => ({
  tape,
  index,
  timeMs: tape.bars.openTimeMs[index] ?? NaN,
});

/** Some moment inside a bar: its last millisecond, which is how exchanges write the close time of a bar. */
export const insideOf = (tape: Tape, index: number): Place => ({
  tape,
  index,
  timeMs: (tape.bars.openTimeMs[index] ?? NaN) + tape.barMs - 1,
});

/** The last sale is taken as possible: what is left must not be lost in the accounts. */
export const unbounded = (tape: Tape): Tape => ({
  ...tape,
  execution: {
    ticks: (place, isBuy, reference, lots) => tape.execution.ticks(place, isBuy, reference, lots),
    available: () => Infinity,
  },
});

/** The lower of two columns at each bar; a column with itself is itself. */
export const lowest = (a: Float64Array, b: Float64Array): Float64Array =>
  a === b ? a : a.map((value, index) => Math.min(value, b[index] ?? value));

export const highest = (a: Float64Array, b: Float64Array): Float64Array =>
  a === b ? a : a.map((value, index) => Math.max(value, b[index] ?? value));
