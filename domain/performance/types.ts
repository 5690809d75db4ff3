/** One round trip, from flat to flat, as every report and every metric sees it. Amounts are in quote currency. */
export interface ClosedTrade {
  readonly strategy: string;
  readonly symbol: string;
  readonly side: TradeSide;
  /** UTC milliseconds of the first fill. */
  readonly openTimeMs: number;
  /** UTC milliseconds of the last fill. */
  readonly closeTimeMs: number;
  /** Base units, above zero for both sides. */
  readonly quantity: number;
  /** Averages over the fills, fees not included. */
  readonly entryPrice: number;
  readonly exitPrice: number;
  /** Paid in all, both sides; a rebate makes it smaller. */
  readonly fees: number;
  /** Funding received, negative when paid. */
  readonly funding: number;
  /** What the account gained by it, net of fees and with funding. */
  readonly profit: number;
  /** Why it was closed: `stop`, `target`, `signal`, … */
  readonly exitReason: string;
  /** How many bars it was held. */
  readonly bars: number;
}

export const TradeSide = { Long: 'long', Short: 'short' } as const;
export type TradeSide = (typeof TradeSide)[keyof typeof TradeSide];

/** What an account was worth at a midnight (UTC), open positions marked to market, in quote currency. */
export interface EquityPoint {
  readonly timeMs: number;
  readonly equity: number;
}

/**
 * A closed trade of which little may be known: when it closed and what it gained is enough. Metrics which need more of
 * every trade are `null` when one trade lacks it.
 */
export type TradeRecord = Pick<ClosedTrade, 'closeTimeMs' | 'profit'> &
  Partial<ClosedTrade> & {
    /** Profit per money put in, when the list says so; else it is taken from quantity and entry price. */
    readonly profitRatio?: number;
  };

/** What metrics are taken of. */
export interface PerformanceInput {
  /** In any order. */
  readonly trades: readonly TradeRecord[];
  /** Marked to market, oldest first; see {@link EquityPoint}. */
  readonly equity: readonly EquityPoint[];
  readonly startingBalance: number;
  /** The period: UTC milliseconds. */
  readonly startMs: number;
  readonly endMs: number;
  /** What the starting balance would have become by buying at the start and holding, on the same midnights. */
  readonly buyAndHold?: readonly EquityPoint[];
  /** What cash earns in a year, as a fraction; 0 when left out. */
  readonly cashRate?: number;
}

/** Flat names to numbers; `null` is what is not defined for this input. docs/metrics.md lists every name. */
export type Metrics = Readonly<Record<string, number | null>>;
