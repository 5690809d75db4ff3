import { timeframeMs, type Timeframe } from '../domain/bar';
import { barsBetween, sliceColumns, type BarColumns } from '../domain/bar-columns';
import { UserError } from '../domain/errors';
import type { BarsOf } from '../domain/strategy-columns';
import { canResample, resample } from '../domain/timeframes';
import { firstAtOrAfter, type FinerData, type MarketData } from './market';

/**
 * The market of a symbol: the one of this timeframe, else its first.
 * @throws UserError when there is none of this symbol
 */
export function findMarket(
  markets: readonly MarketData[],
  symbol: string,
  timeframe?: Timeframe,
): MarketData {
  const mine = markets.filter(({ instrument }) => instrument.symbol === symbol);
  const market = mine.find((one) => one.timeframe === timeframe) ?? mine[0];
  if (market !== undefined) return market;
  const known = markets.map(({ instrument }) => instrument.symbol).join(', ');
  throw new UserError(`There is no data of ${symbol}.`, `There is of ${known}.`);
}

/**
 * The bars of a source as these markets have them: a market's own, its finer ones, or coarser ones put together from them,
 * once for the same bars.
 * @throws UserError (when asked) for a source that the markets do not have
 */
export const barsOfMarkets =
  (markets: readonly MarketData[]): BarsOf =>
  ({ symbol, timeframe }) => {
    const market = findMarket(markets, symbol, timeframe);
    if (timeframe === market.timeframe) return market.bars;
    if (timeframe === market.finer?.timeframe) return market.finer.bars;
    const base = canResample(market.timeframe, timeframe) ? market : market.finer;
    if (base !== undefined && canResample(base.timeframe, timeframe)) return coarser(base, timeframe);
    throw new UserError(
      `There are no ${timeframe} bars of ${symbol}, and its bars of ${market.timeframe} are too coarse to make them.`,
    );
  };

const resampled = new WeakMap<BarColumns, Map<Timeframe, BarColumns>>();

function coarser(
  base: { readonly bars: BarColumns; readonly timeframe: Timeframe },
  timeframe: Timeframe,
): BarColumns {
  const known = resampled.get(base.bars) ?? new Map<Timeframe, BarColumns>();
  resampled.set(base.bars, known);
  const bars = known.get(timeframe) ?? resample(base, timeframe).bars;
  known.set(timeframe, bars);
  return bars;
}

/** What was known of a market at a time: the bars that had closed by then, and nothing later of anything else. */
export function marketUntil(market: MarketData, timeMs: number): MarketData {
  const { bars, timeframe, finer, mark, funding, depth } = market;
  const closed = closedBy(bars, timeframe, timeMs);
  const known = (times: Float64Array): number => firstAtOrAfter(times, timeMs + 1);
  return {
    ...market,
    bars: closed,
    ...(finer && { finer: finerUntil(finer, timeMs) }),
    ...(mark && { mark: sliceColumns(mark, 0, closed.length) }),
    ...(funding && {
      funding: {
        timeMs: funding.timeMs.subarray(0, known(funding.timeMs)),
        rate: funding.rate.subarray(0, known(funding.timeMs)),
      },
    }),
    ...(depth && {
      depth: {
        timeMs: depth.timeMs.subarray(0, known(depth.timeMs)),
        bids: depth.bids.slice(0, known(depth.timeMs)),
        asks: depth.asks.slice(0, known(depth.timeMs)),
      },
    }),
  };
}

function finerUntil({ timeframe, bars, mark }: FinerData, timeMs: number): FinerData {
  const closed = closedBy(bars, timeframe, timeMs);
  return { timeframe, bars: closed, ...(mark && { mark: sliceColumns(mark, 0, closed.length) }) };
}

const closedBy = (bars: BarColumns, timeframe: Timeframe, timeMs: number): BarColumns =>
  barsBetween(bars, -Infinity, timeMs - timeframeMs(timeframe) + 1);
