import { TradeSide } from '../../domain/performance/types';
import { RandomStream } from '../../domain/random';
import { mean, sampleDeviation, sum } from '../../domain/statistics';

/** A trade by its place in the bars. */
export interface PlacedTrade {
  /** Index of the bar at whose open it enters. */
  readonly entryBar: number;
  /** It leaves at the open of the bar `bars` later; at least 1. */
  readonly bars: number;
  readonly side: TradeSide;
}

/** How a result compares with luck. */
export interface PermutationTest {
  readonly observed: number;
  /** Over the random entries. */
  readonly mean: number;
  readonly deviation: number;
  /**
   * How often entries by chance did at least as well: (1 + number of such runs) / (1 + runs), which is never zero
   * (B. Phipson and G. Smyth, "Permutation P-values Should Never Be Zero", 2010).
   */
  readonly pValue: number;
}

/**
 * A permutation test of the entries: every trade keeps its side and its holding time and enters at a random bar instead.
 * Priced the same way, costs included, so that what is left is when the strategy entered, not how long it was in the
 * market or on which side. Random trades may overlap, as they are priced one by one.
 * @param price what a trade gains when it enters at that bar
 * @param barCount how many bars there are; each trade must fit into them
 * @param statistic of the profits; their sum when left out
 * @throws RangeError when a trade does not fit, or there is no run
 */
export function againstRandomEntries(options: {
  readonly trades: readonly PlacedTrade[];
  readonly price: (trade: PlacedTrade) => number;
  readonly barCount: number;
  readonly runs: number;
  readonly seed: number;
  readonly statistic?: (profits: readonly number[]) => number;
}): PermutationTest {
  const { trades, price, barCount, runs, seed, statistic = sum } = options;
  if (!Number.isInteger(runs) || runs < 1)
    throw new RangeError(`There must be at least one run, not ${runs}.`);
  for (const { entryBar, bars } of trades) {
    if (!(bars >= 1 && entryBar >= 0 && entryBar + bars < barCount))
      throw new RangeError(`A trade of ${bars} bars from bar ${entryBar} is not inside ${barCount} bars.`);
  }
  const random = new RandomStream(seed);
  const observed = statistic(trades.map(price));
  const chance = Array.from({ length: runs }, () =>
    statistic(
      trades.map((trade) =>
        price({ ...trade, entryBar: Math.floor(random.uniform() * (barCount - trade.bars)) }),
      ),
    ),
  );
  const asGood = chance.filter((value) => value >= observed).length;
  return {
    observed,
    mean: mean(chance),
    deviation: sampleDeviation(chance),
    pValue: (1 + asGood) / (1 + runs),
  };
}

/**
 * Prices trades as the simplest engine would: in at the open of a bar with the same stake every time, out at the open
 * `bars` later, a fee on both sides.
 * @param opens of consecutive bars
 * @param stake in quote currency
 * @param feeRate a fraction of what is bought and of what is sold
 */
export const priceByOpens =
  (opens: ArrayLike<number>, { stake, feeRate }: { readonly stake: number; readonly feeRate: number }) =>
  ({ entryBar, bars, side }: PlacedTrade): number => {
    const [entry, exit] = [opens[entryBar] ?? Number.NaN, opens[entryBar + bars] ?? Number.NaN];
    const quantity = stake / entry;
    const change = side === TradeSide.Long ? exit - entry : entry - exit;
    return quantity * change - feeRate * (stake + quantity * exit);
  };
