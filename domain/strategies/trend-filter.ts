import { z } from 'zod';
import type { Reason, SeriesSpec, StrategyView } from '../strategy';
import { priceText } from './bracket';

/** What an entry may ask of the trend. */
export const trendShape = {
  /** Enter only above the exponential average of this period; null for no filter. */
  trendPeriod: z.int().min(2).max(400).nullable().default(null),
};

interface TrendParameters {
  readonly trendPeriod: number | null;
}

type View = StrategyView<'trend'>;

/** The column that the close is held against. */
export const trendIndicators = ({
  trendPeriod,
}: TrendParameters): Readonly<Record<'trend', SeriesSpec | null>> => ({
  trend: trendPeriod === null ? null : { kind: 'ema', period: trendPeriod },
});

/** Whether the trend, where it is asked, lets an entry pass. An average that is not known yet does not. */
export const trendAllows = (view: View, { trendPeriod }: TrendParameters): boolean =>
  trendPeriod === null || view.close.at(0) > view.indicators.trend.at(0);

/** What the filter says; nothing where there is none. */
export function trendReasons(view: View, { trendPeriod }: TrendParameters): readonly Reason[] {
  if (trendPeriod === null) return [];
  const [close, ema] = [view.close.at(0), view.indicators.trend.at(0)];
  const passes = close > ema;
  const text = `The close ${priceText(close)} is ${passes ? 'above' : 'not above'} its EMA(${trendPeriod}) ${priceText(ema)}`;
  return [{ code: passes ? 'trend-up' : 'trend-not-up', text, values: { close, ema } }];
}
