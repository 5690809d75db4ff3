import type { Reason, StrategyView } from '../strategy';
import { priceText } from './bracket';

interface TrendParameters {
  readonly trendPeriod: number | null;
}

/** What the filter "only above the exponential average of `trendPeriod` bars" says; nothing where there is no filter. */
export function trendFilter(
  view: StrategyView<'trend'>,
  { trendPeriod }: TrendParameters,
): readonly Reason[] {
  if (trendPeriod === null) return [];
  const [close, ema] = [view.close.at(0), view.indicators.trend.at(0)];
  const passes = close > ema;
  const text = `The close ${priceText(close)} is ${passes ? 'above' : 'not above'} its EMA(${trendPeriod}) ${priceText(ema)}`;
  return [{ code: passes ? 'trend-up' : 'trend-not-up', text, values: { close, ema } }];
}
