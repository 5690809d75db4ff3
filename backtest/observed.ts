import {
  NO_OBSERVATIONS,
  sameObserved,
  type ObservationsOf,
  type ObservedSeries,
} from '../domain/observations';
import { firstAtOrAfter } from './market';

/** The observations of a source; what has not been observed is not there to be seen. */
export const observationsOf =
  (all: readonly ObservedSeries[] = []): ObservationsOf =>
  (source) =>
    all.find((one) => sameObserved(one, source))?.observations ?? NO_OBSERVATIONS;

/** What had become known by a time. */
export function observedUntil(series: ObservedSeries, timeMs: number): ObservedSeries {
  const { knownMs, timeMs: times, outputs } = series.observations;
  const length = firstAtOrAfter(knownMs, timeMs + 1);
  return {
    ...series,
    observations: {
      length,
      knownMs: knownMs.subarray(0, length),
      timeMs: times.subarray(0, length),
      outputs: Object.fromEntries(
        Object.entries(outputs).map(([name, values]) => [name, values.subarray(0, length)]),
      ),
    },
  };
}
