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
