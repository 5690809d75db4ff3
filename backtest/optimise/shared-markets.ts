import type { BarColumns } from '../../domain/bar-columns';
import type { FinerData, MarketData } from '../market';

/** Markets whose columns are in memory that threads share; recorded books are not, and are copied to every thread. */
export const shareMarkets = (markets: readonly MarketData[]): readonly MarketData[] =>
  markets.map((market) => ({
    ...market,
    bars: sharedBars(market.bars),
    ...(market.mark && { mark: sharedBars(market.mark) }),
    ...(market.finer && { finer: sharedFiner(market.finer) }),
    ...(market.funding && {
      funding: { timeMs: sharedColumn(market.funding.timeMs), rate: sharedColumn(market.funding.rate) },
    }),
  }));

const sharedFiner = ({ timeframe, bars, mark }: FinerData): FinerData => ({
  timeframe,
  bars: sharedBars(bars),
  ...(mark && { mark: sharedBars(mark) }),
});

const sharedBars = (bars: BarColumns): BarColumns => ({
  length: bars.length,
  openTimeMs: sharedColumn(bars.openTimeMs),
  open: sharedColumn(bars.open),
  high: sharedColumn(bars.high),
  low: sharedColumn(bars.low),
  close: sharedColumn(bars.close),
  volume: sharedColumn(bars.volume),
});

/** The same values in memory that threads share: the column itself when it is there already. */
export function sharedColumn(values: Float64Array): Float64Array {
  if (values.buffer instanceof SharedArrayBuffer) return values;
  const shared = new Float64Array(new SharedArrayBuffer(values.byteLength));
  shared.set(values);
  return shared;
}
