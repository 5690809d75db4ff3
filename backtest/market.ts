import { timeframeMs, type Timeframe } from '../domain/bar';
import type { BarColumns } from '../domain/bar-columns';
import type { Instrument } from '../domain/instrument';
import type { PerpetualTerms } from './rules';

export { firstAtOrAfter } from '../domain/bar-columns';

/** Levels of one side of a book, best first: price and quantity in turn, `[p0, q0, p1, q1, …]`. */
export type Ladder = Float64Array;

/** Snapshots of a recorded book, oldest first. */
export interface Depth {
  readonly timeMs: Float64Array;
  readonly bids: readonly Ladder[];
  readonly asks: readonly Ladder[];
}

/** Funding as it was paid: longs pay a positive rate to shorts, on the notional at that moment. Oldest first. */
export interface FundingRates {
  readonly timeMs: Float64Array;
  readonly rate: Float64Array;
}

/** Bars of a finer timeframe. */
export interface FinerData {
  readonly timeframe: Timeframe;
  readonly bars: BarColumns;
  /** Mark prices, a bar for each of these `bars`; absent where they are not known as finely. */
  readonly mark?: BarColumns;
}

/** What is known of one symbol. Only `instrument`, `timeframe` and `bars` are needed; what is absent is not simulated. */
export interface MarketData {
  readonly instrument: Instrument;
  readonly timeframe: Timeframe;
  readonly bars: BarColumns;
  /** Bars of a finer timeframe: they tell what came first inside a bar, and delays end at their opens. */
  readonly finer?: FinerData;
  /** Set for a perpetual future; absent for spot, which is neither leveraged nor sold short. */
  readonly perpetual?: PerpetualTerms;
  readonly funding?: FundingRates;
  /** Mark prices, a bar for each of `bars`: they liquidate, the last prices do not, nor those of finer bars. */
  readonly mark?: BarColumns;
  readonly depth?: Depth;
}

/** When the bar at `index` closes. */
export const closeTimeMs = ({ bars, timeframe }: MarketData, index: number): number =>
  (bars.openTimeMs[index] ?? NaN) + timeframeMs(timeframe);
