/**
 * When data counts as bad. Measured on recorded markets, where everything is real: docs/market.md tells how often each rule
 * speaks up there. Changing a number here changes those.
 */
export const QUALITY_LIMITS = {
  /** Newest bars that a decision leans on: damage blocks entries while it is among them. */
  windowBars: 100,
  /** Missing of those. */
  maxMissingBars: 5,
  /** Returns that a bar's own is held against, and how many of them there have to be. */
  returnWindowBars: 100,
  minReturns: 30,
  /** An outlier is so many robust deviations from the median, and no small move in itself. */
  outlierDeviations: 25,
  outlierMove: 0.02,
  /** A suspect price blocks entries at its own bar and those after it. */
  suspectBars: 3,
  /** Bars in a row without a trade, or without any movement: the feed has died. */
  maxDeadBars: 10,
  /** Relative difference of two venues' closes that cannot be arbitrage's absence. */
  maxDivergence: 0.02,
} as const;

/** Makes the median absolute deviation of a normal sample its standard deviation: 1 / Φ⁻¹(3/4). */
export const MAD_TO_DEVIATION = 1.482_602_218_505_602;
