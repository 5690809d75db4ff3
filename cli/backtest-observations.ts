import type { MarketData } from '../backtest/market';
import { timeframeMs } from '../domain/bar';
import { barsBetween } from '../domain/bar-columns';
import {
  observedColumn,
  sameObserved,
  type ObservationColumns,
  type ObservationNeed,
  type ObservedSeries,
} from '../domain/observations';
import type { InputRequest } from './backtest-input';
import type { BarSources } from './backtest-source';
import { count, percent } from './format';

/** What there is of the observations that strategies look at, and what a reader must know about it. */
export async function loadObservations(
  source: Pick<BarSources, 'observations'>,
  request: Pick<InputRequest, 'runs' | 'symbols' | 'venue'>,
  markets: readonly MarketData[],
  fromMs: number,
): Promise<{ readonly observations: readonly ObservedSeries[]; readonly notes: readonly string[] }> {
  const needs = observedBy(request);
  const loaded = await Promise.all(
    needs.map(async (need) => ({ need, known: await source.observations(need, request.venue) })),
  );
  const observations = loaded.flatMap(({ need: { kind, subject }, known }): readonly ObservedSeries[] =>
    known === undefined ? [] : [{ kind, subject, observations: known }],
  );
  return { observations, notes: loaded.map(({ need, known }) => noteOf(need, known, markets, fromMs)) };
}

/** Every source that the strategies look at, for as long as any of them does. */
export function observedBy({
  runs,
  symbols,
}: Pick<InputRequest, 'runs' | 'symbols'>): readonly ObservationNeed[] {
  const all = runs.flatMap(({ strategy }) => symbols.flatMap((symbol) => strategy.observes(symbol)));
  const unique = all.filter((need, at) => all.findIndex((one) => sameObserved(one, need)) === at);
  return unique.map((need) => ({
    ...need,
    maxAgeMs: Math.max(...all.filter((one) => sameObserved(one, need)).map(({ maxAgeMs }) => maxAgeMs)),
  }));
}

function noteOf(
  { kind, subject, maxAgeMs }: ObservationNeed,
  known: ObservationColumns | undefined,
  markets: readonly MarketData[],
  fromMs: number,
): string {
  const what = `${kind} of ${subject}`;
  const [market] = markets;
  if (known === undefined || market === undefined)
    return `Nothing is known of ${what}: strategies that look at it go on as they do without.`;
  const { bars, timeframe } = market;
  const spec = { of: kind, output: 'ageMs', maxAgeMs } as const;
  const seen = observedColumn(spec, barsBetween(bars, fromMs, Infinity), timeframeMs(timeframe), known);
  const share = seen.filter((ageMs) => !Number.isNaN(ageMs)).length / seen.length;
  return `${count(known.length)} observations of ${what}, seen as they became known: something on ${percent(share)} of the bars.`;
}
