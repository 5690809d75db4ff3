import { timeframeMs, type Bar } from '../domain/bar';
import {
  nothingObserved,
  NO_OBSERVATIONS,
  sameObserved,
  windowOf,
  type ObservationNeed,
  type ObservationsOf,
  type ObservedSeries,
} from '../domain/observations';
import type { BarSource } from '../domain/strategy-columns';
import { originsOf } from '../adapters/history/origins';
import type { ActivityDeps } from './deps';

/**
 * What was known beside the bars when the newest of them closed, of each source that a strategy looks at: as far back as its
 * first bar may look, and nothing that became known later.
 * @param bars those decided on, oldest first
 */
export async function readObservations(
  { history, exchange, market }: Pick<ActivityDeps, 'history' | 'exchange' | 'market'>,
  { session, barCloseMs }: { readonly session: string; readonly barCloseMs: number },
  own: BarSource,
  needs: readonly ObservationNeed[],
  bars: readonly Bar[],
): Promise<ObservationsOf> {
  const [first] = bars;
  if (needs.length === 0 || first === undefined) return nothingObserved;
  const firstCloseMs = first.openTimeMs + timeframeMs(own.timeframe);
  const venue = market === 'real' ? exchange.venue : null;
  const read = async ({ kind, subject, maxAgeMs }: ObservationNeed): Promise<ObservedSeries> => ({
    ...{ kind, subject },
    observations: await history.observations({
      ...{ kind, subject, origins: originsOf(kind, { session, venue }) },
      ...windowOf({ maxAgeMs }, firstCloseMs, barCloseMs),
    }),
  });
  const known = await Promise.all(needs.map(read));
  return (source) => known.find((one) => sameObserved(one, source))?.observations ?? NO_OBSERVATIONS;
}
