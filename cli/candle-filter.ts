import type { Argv } from 'yargs';
import { HistoryKind, type SeriesInfo } from '../adapters/history/port';
import { Timeframe } from '../domain/bar';
import { PriceKind, type CandleSeriesKey } from '../domain/series';

/** Which of the stored candles a command is about; what is not given matches all. */
export interface CandleFilter {
  readonly venue?: string;
  readonly symbol?: string;
  readonly timeframe?: Timeframe;
  readonly price?: PriceKind;
}

export const candleFilterBuilder = (yargs: Argv): Argv<CandleFilter> =>
  yargs
    .option('venue', { type: 'string', requiresArg: true, describe: 'Only of this venue' })
    .option('symbol', { type: 'string', requiresArg: true, describe: 'Only of this symbol, like BTC/USDT' })
    .option('timeframe', {
      choices: Object.values(Timeframe),
      requiresArg: true,
      describe: 'Only these bars',
    })
    .option('price', {
      choices: Object.values(PriceKind),
      requiresArg: true,
      describe: 'Only bars of this price',
    });

/** Candles of any kind that a filter leaves. */
export function candleSeries(
  all: readonly SeriesInfo[],
  filter: CandleFilter,
): readonly (SeriesInfo & CandleSeriesKey)[] {
  const isWanted = <T>(wanted: T | undefined, value: T): boolean => wanted === undefined || wanted === value;
  return all.filter(
    (info): info is SeriesInfo & CandleSeriesKey =>
      info.kind === HistoryKind.Candles &&
      isWanted(filter.venue, info.venue) &&
      isWanted(filter.symbol, info.symbol) &&
      isWanted<string>(filter.timeframe, info.timeframe) &&
      isWanted(filter.price, info.price),
  );
}
