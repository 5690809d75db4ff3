import {
  knownBetween,
  NO_OBSERVATIONS,
  sameObserved,
  type ObservationsOf,
  type ObservedKind,
  type ObservedSeries,
} from '../domain/observations';
import type { BacktestInput } from './backtest';

/** The observations of a source; what has not been observed is not there to be seen. */
export const observationsOf =
  (all: readonly ObservedSeries[] = []): ObservationsOf =>
  (source) =>
    all.find((one) => sameObserved(one, source))?.observations ?? NO_OBSERVATIONS;

/** What had become known by a time. */
export const observedUntil = (series: ObservedSeries, timeMs: number): ObservedSeries => ({
  ...series,
  observations: knownBetween(series.observations, { sinceMs: -Infinity, untilMs: timeMs }),
});

/** The same test with these kinds hidden from its strategies, as if nothing of them had ever been known. */
export const withoutObserved = (input: BacktestInput, hidden: readonly ObservedKind[]): BacktestInput => ({
  ...input,
  observations: (input.observations ?? []).filter(({ kind }) => !hidden.includes(kind)),
});
