/** What one pass of the emergency stop did, and what is left. */
export interface SweepResult {
  /** The halt epoch that the pass worked in: a later halt may have followed a resume. */
  readonly epoch: number;
  /** Somebody has resumed trading: the account is not HALTED, and nothing was done. */
  readonly superseded: boolean;
  readonly cancelledOrders: number;
  readonly exitOrders: number;
  /** Positions that were live when the pass began; none in one that did nothing. */
  readonly live: readonly string[];
  /** Positions that still hold something that could be sold, or have an order that may be live. */
  readonly unsettled: readonly string[];
  /** What nobody can sell, for the exchange is proven not to list its pair; absent in stops of before. */
  readonly stranded?: readonly StrandedHolding[];
  /** Orders of ours that the exchange still shows open. */
  readonly openOrders: number;
  /** Nothing is left, but for what is stranded or unexplained. */
  readonly flat: boolean;
  /**
   * Resting sells under an id of ours that the journal does not know and that a reconciliation has not explained in time, for
   * people; absent in stops of before. Their coins belong to no position, so nothing here may sell them: they go on resting.
   */
  readonly unexplained?: readonly string[];
  /** Such sells that a reconciliation may still explain. */
  readonly awaited?: readonly string[];
  /**
   * Wall milliseconds until the first order whose fate is open can be settled for good; null when there is none. Absent in
   * stops of before.
   */
  readonly settledAfterMs?: number | null;
}

/** A holding on a pair that is gone. */
export interface StrandedHolding {
  readonly positionId: string;
  /** Quantity, pair and last known price, for people. */
  readonly what: string;
}

export interface SweepInput {
  readonly account: string;
  /** A pause before it, in wall milliseconds: Temporal's own timers may come a second late. */
  readonly afterMs?: number;
}

export interface VerifyInput {
  readonly account: string;
  /** Looks twice, with so many wall milliseconds between. Absent in stops begun before it: those look twice themselves. */
  readonly againAfterMs?: number;
}
