import { firstAtOrAfter, type BarColumns } from './bar-columns';
import { UserError } from './errors';

/** What is observed beside the bars. */
export const ObservedKind = {
  FearGreed: 'fear-greed',
  Funding: 'funding',
  LongShort: 'long-short',
  Mood: 'mood',
} as const;
export type ObservedKind = (typeof ObservedKind)[keyof typeof ObservedKind];

/**
 * What an observation of each kind tells; the first is meant when nothing else is said.
 *
 * - `value`: the Fear & Greed index, from 0 (extreme fear) to 100 (extreme greed), of the whole market
 * - `rate`: the funding rate as a fraction, as longs paid it last
 * - `ratio`: accounts that are long for each that is short, of a perpetual
 * - `score`: the mood about an asset, from −1 (bearish) to 1 (bullish); `breaking`: 1 while it rests on a breaking story, else 0
 */
export const OBSERVED_OUTPUTS = {
  [ObservedKind.FearGreed]: ['value'],
  [ObservedKind.Funding]: ['rate'],
  [ObservedKind.LongShort]: ['ratio'],
  [ObservedKind.Mood]: ['score', 'breaking'],
} as const satisfies Readonly<Record<ObservedKind, readonly string[]>>;

/** How old an observation is at the close decided on, in milliseconds from the time it is about. Every kind has it. */
const AGE = 'ageMs';

/** Where observations come from: `CRYPTO` for the market as a whole, a perpetual for its funding, an asset for its mood. */
export interface ObservedSource {
  readonly kind: ObservedKind;
  readonly subject: string;
}

/** A column of observations that a strategy wants, of one kind. */
export interface ObservedOf<Kind extends ObservedKind> {
  readonly of: Kind;
  /** Absent: the first of `OBSERVED_OUTPUTS`. */
  readonly output?: (typeof OBSERVED_OUTPUTS)[Kind][number] | typeof AGE;
  /** What is older than this at the close of a bar, by the time it is about, is not seen any more. */
  readonly maxAgeMs: number;
  /** Unified symbol whose funding or mood is meant, e.g. `BTC/USDT`. Absent: the symbol decided on. */
  readonly symbol?: string;
}

export type ObservedSpec = { [Kind in ObservedKind]: ObservedOf<Kind> }[ObservedKind];

/** The observations that a decision may look at. */
export interface ObservationNeed extends ObservedSource {
  readonly maxAgeMs: number;
}

/**
 * Observations of one source in the order in which they became known. Two times each, in UTC milliseconds: what it is about
 * (`timeMs`: a day's midnight, the settlement, the newest story) and when it could first be known, which is never before.
 */
export interface ObservationColumns {
  readonly length: number;
  readonly knownMs: Float64Array;
  readonly timeMs: Float64Array;
  /** A column for each of the kind's outputs. */
  readonly outputs: Readonly<Record<string, Float64Array>>;
}

/** All that is known of a source. */
export interface ObservedSeries extends ObservedSource {
  readonly observations: ObservationColumns;
}

/** Gives the observations of a source; none where there are none. */
export type ObservationsOf = (source: ObservedSource) => ObservationColumns;

export interface Observation {
  readonly timeMs: number;
  readonly knownMs: number;
  /** In the order of the kind's outputs. */
  readonly values: readonly number[];
}

/** The subject of what is about the market as a whole. */
export const MARKET_SUBJECT = 'CRYPTO';

const MINUTE_MS = 60_000;

/**
 * How long after the time it is about an observation can be known, where nobody has written down when it was: a day's index is
 * published soon after its midnight, a rate within seconds of its settlement, a ratio minutes after its time, a mood when it has been told. Rather too late than
 * too early.
 */
export const PUBLISHED_AFTER_MS: Readonly<Record<ObservedKind, number>> = {
  [ObservedKind.FearGreed]: 60 * MINUTE_MS,
  [ObservedKind.Funding]: MINUTE_MS,
  [ObservedKind.LongShort]: 5 * MINUTE_MS,
  [ObservedKind.Mood]: 0,
};

export const NO_OBSERVATIONS: ObservationColumns = {
  length: 0,
  knownMs: new Float64Array(0),
  timeMs: new Float64Array(0),
  outputs: {},
};

export const nothingObserved: ObservationsOf = () => NO_OBSERVATIONS;

export const isObserved = (spec: object): spec is ObservedSpec =>
  'of' in spec && Object.values<unknown>(ObservedKind).includes(spec.of);

/** `BTC` of `BTC/USDT` and of `BTC/USDT:USDT`. */
export const assetOf = (symbol: string): string => symbol.split('/')[0] ?? symbol;

/** Where a column comes from when `symbol` is decided on: funding of a spot pair is that of its perpetual. */
export function observedSource(spec: ObservedSpec, symbol: string): ObservedSource {
  const named = spec.symbol ?? symbol;
  switch (spec.of) {
    case ObservedKind.FearGreed:
      return { kind: spec.of, subject: MARKET_SUBJECT };
    case ObservedKind.Funding:
    case ObservedKind.LongShort:
      return {
        kind: spec.of,
        subject: named.includes(':') ? named : `${named}:${named.split('/')[1] ?? ''}`,
      };
    case ObservedKind.Mood:
      return { kind: spec.of, subject: assetOf(named) };
  }
}

export const sameObserved = (a: ObservedSource, b: ObservedSource): boolean =>
  a.kind === b.kind && a.subject === b.subject;

/** The observations in the order in which they became known; of those known at once, by the time they are about. */
export function observationColumns(
  kind: ObservedKind,
  observations: readonly Observation[],
): ObservationColumns {
  const sorted = [...observations].sort((a, b) => a.knownMs - b.knownMs || a.timeMs - b.timeMs);
  const column = (pick: (one: Observation) => number): Float64Array => Float64Array.from(sorted, pick);
  return {
    length: sorted.length,
    knownMs: column(({ knownMs }) => knownMs),
    timeMs: column(({ timeMs }) => timeMs),
    outputs: Object.fromEntries(
      OBSERVED_OUTPUTS[kind].map((name, at) => [name, column(({ values }) => values[at] ?? NaN)]),
    ),
  };
}

/** What became known after `sinceMs`, up to and including `untilMs`, as views of the same memory. */
export function knownBetween(
  { knownMs, timeMs, outputs }: ObservationColumns,
  { sinceMs, untilMs }: KnownRange,
): ObservationColumns {
  const [first, end] = [firstKnownAfter(knownMs, sinceMs), firstKnownAfter(knownMs, untilMs)];
  const cut = (column: Float64Array): Float64Array => column.subarray(first, Math.max(first, end));
  return {
    length: Math.max(0, end - first),
    knownMs: cut(knownMs),
    timeMs: cut(timeMs),
    outputs: Object.fromEntries(Object.entries(outputs).map(([name, column]) => [name, cut(column)])),
  };
}

/** Times are whole milliseconds. */
const firstKnownAfter = (knownMs: Float64Array, timeMs: number): number =>
  firstAtOrAfter(knownMs, Math.floor(timeMs) + 1);

/** A span of times at which something became known: after the first, up to and including the second. */
export interface KnownRange {
  readonly sinceMs: number;
  readonly untilMs: number;
}

/**
 * What bars from the one that closes at `firstCloseMs` to the one at `lastCloseMs` may look at: what became known before is
 * about a time before, and too old for all of them. In whole milliseconds.
 */
export const windowOf = (
  { maxAgeMs }: Pick<ObservationNeed, 'maxAgeMs'>,
  firstCloseMs: number,
  lastCloseMs: number,
): KnownRange => ({ sinceMs: Math.floor(firstCloseMs - maxAgeMs) - 1, untilMs: lastCloseMs });

/**
 * What was known at the close of every bar: the last observation that had become known by then; NaN where there was none, or
 * where it was too old. What becomes known later is never looked at.
 * @throws UserError when the kind has no such output, or no age is declared
 */
export function observedColumn(
  spec: ObservedSpec,
  { openTimeMs }: Pick<BarColumns, 'openTimeMs'>,
  barMs: number,
  { length, knownMs, timeMs, outputs }: ObservationColumns,
): Float64Array {
  const told = checkObserved(spec);
  const output = told === AGE ? null : (outputs[told] ?? null);
  const { maxAgeMs } = spec;
  const column = new Float64Array(openTimeMs.length);
  let newest = -1;
  for (let index = 0; index < openTimeMs.length; index += 1) {
    const closeMs = (openTimeMs[index] ?? NaN) + barMs;
    while (newest + 1 < length && (knownMs[newest + 1] ?? NaN) <= closeMs) newest += 1;
    const ageMs = closeMs - (timeMs[newest] ?? NaN);
    // Without an observation the age is NaN, which is no age that passes.
    const isSeen = ageMs <= maxAgeMs;
    column[index] = isSeen ? (output === null ? ageMs : (output[newest] ?? NaN)) : NaN;
  }
  return column;
}

/** The output that is meant. @throws UserError when the kind has no such output, or no age is declared */
export function checkObserved({ of, output, maxAgeMs }: ObservedSpec): string {
  if (!(maxAgeMs > 0))
    throw new UserError(
      `A series of "${of}" may be ${String(maxAgeMs)} ms old.`,
      'Declare with "maxAgeMs" how old it may be, in milliseconds above zero.',
    );
  const names: readonly string[] = OBSERVED_OUTPUTS[of];
  const told = output ?? names[0] ?? AGE;
  if (told === AGE || names.includes(told)) return told;
  throw new UserError(
    `A series of "${of}" has no output "${told}".`,
    `It has ${[...names, AGE].join(', ')}.`,
  );
}
