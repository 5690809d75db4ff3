import { ObservedKind } from '../observations';

/**
 * What numbers of the market say about its mood, from −1, bearish, to 1, bullish. They tell how the crowd stands, not whether the crowd
 * is right.
 *
 * - Fear & Greed index `v` (0 to 100): (v − 50) / 50.
 * - Funding rate `f` per settlement: tanh((f − 0.0001) / 0.0005). One basis point is what longs pay by the interest part of the formula
 *   alone, when nobody leans to a side.
 * - Ratio `r` of accounts that are long to those that are short: (r − 1) / (r + 1), which is the share of longs less that of shorts.
 */
export type GaugeKind = Exclude<ObservedKind, typeof ObservedKind.Mood>;

const HOUR_MS = 3_600_000;
const NEUTRAL_FUNDING = 0.0001;
const FUNDING_SCALE = 0.0005;

interface GaugeRule {
  readonly opinionOf: (value: number) => number;
  /** An older observation is no opinion: by the time it is about. */
  readonly maxAgeMs: number;
}

export const GAUGE_RULES: Readonly<Record<GaugeKind, GaugeRule>> = {
  [ObservedKind.FearGreed]: { opinionOf: (value) => (value - 50) / 50, maxAgeMs: 48 * HOUR_MS },
  [ObservedKind.Funding]: {
    opinionOf: (rate) => Math.tanh((rate - NEUTRAL_FUNDING) / FUNDING_SCALE),
    maxAgeMs: 12 * HOUR_MS,
  },
  [ObservedKind.LongShort]: { opinionOf: (ratio) => (ratio - 1) / (ratio + 1), maxAgeMs: 2 * HOUR_MS },
};
