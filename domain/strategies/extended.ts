import { barNeeds, observationNeeds, type SeriesSpecs } from '../strategy-columns';
import type { PreparedStrategy } from './prepare';

/**
 * The same strategy over a view that has more columns: for whoever decides together with it.
 * @param warmupBars bars that the other needs beyond what its columns need
 */
export function withColumns(
  strategy: PreparedStrategy,
  series: SeriesSpecs,
  warmupBars: number,
): PreparedStrategy {
  const indicators: SeriesSpecs = { ...strategy.indicators, ...series };
  const least = Math.max(strategy.warmupBars, warmupBars);
  const needs: PreparedStrategy['needs'] = (own) => barNeeds(indicators, own, least);
  const [own] = needs({ symbol: '', timeframe: '1m' });
  return {
    ...strategy,
    indicators,
    warmupBars: own?.bars ?? least,
    needs,
    observes: (symbol) => observationNeeds(indicators, symbol),
  };
}
