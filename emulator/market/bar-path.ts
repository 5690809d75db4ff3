import { hash32, RandomStream } from '../../domain/random';
import type { IntegerBar } from './source';

/**
 * What happens inside a recorded minute is not recorded, so it is invented, once and the same for everybody: a path of
 * sixty one-second prices that starts at the open, visits both extremes, ends at the close and never leaves the bar;
 * and trades that add up to the bar's volume, lot for lot. It is seeded by symbol and open time alone.
 */

export const MINUTE_MS = 60_000;
export const STEP_MS = 1_000;
export const STEPS_PER_BAR = MINUTE_MS / STEP_MS;

export interface BarPath {
  /** Last traded price at each second, in ticks. */
  readonly pricesTicks: readonly number[];
  /** Which side was the aggressor at each second. */
  readonly sides: readonly ('buy' | 'sell')[];
  /** Lots traded at each second; zero means no trade. */
  readonly volumesLots: readonly number[];
}

interface Anchor {
  readonly step: number;
  readonly priceTicks: number;
}

/** Open, first extreme, second extreme, close. */
type Anchors = readonly [Anchor, Anchor, Anchor, Anchor];

const LAST_STEP = STEPS_PER_BAR - 1;
/** Share of bars that visit their extremes in the less likely order, so that the order cannot be traded on. */
const UNLIKELY_ORDER_SHARE = 0.2;
/** Deviation of one second's noise as a fraction of the bar's range. */
const NOISE_PER_RANGE = 0.05;

/** A rising bar most likely dips first and a falling one most likely rises first; a doji visits the nearer extreme first. */
function visitsLowFirst(bar: IntegerBar, random: RandomStream): boolean {
  const likely = bar.close === bar.open ? bar.open - bar.low <= bar.high - bar.open : bar.close > bar.open;
  return random.uniform() < UNLIKELY_ORDER_SHARE ? !likely : likely;
}

function placeAnchors(bar: IntegerBar, random: RandomStream): Anchors {
  const lowFirst = visitsLowFirst(bar, random);
  const half = LAST_STEP / 2;
  // One extreme in each half keeps them apart without a second draw; neither coincides with the open or the close.
  const first = 1 + Math.floor(random.uniform() * (half - 1));
  const second = Math.ceil(half) + Math.floor(random.uniform() * (half - 1));
  return [
    { step: 0, priceTicks: bar.open },
    { step: first, priceTicks: lowFirst ? bar.low : bar.high },
    { step: second, priceTicks: lowFirst ? bar.high : bar.low },
    { step: LAST_STEP, priceTicks: bar.close },
  ];
}

/** Walks from anchor to anchor, pulled ever harder towards the next one (a discrete Brownian bridge), inside the bar. */
function walk(bar: IntegerBar, anchors: Anchors, random: RandomStream): number[] {
  const noise = (bar.high - bar.low) * NOISE_PER_RANGE;
  const prices: number[] = [];
  for (const target of anchors) {
    while (prices.length < target.step) {
      const price = prices[prices.length - 1] ?? target.priceTicks;
      const remaining = target.step - prices.length + 1;
      const next = price + (target.priceTicks - price) / remaining + noise * random.normal();
      prices.push(Math.min(bar.high, Math.max(bar.low, Math.round(next))));
    }
    prices.push(target.priceTicks);
  }
  return prices;
}

/**
 * Splits the bar's volume over the seconds: exponential weights, and one lot each for the close, the extremes and the
 * open, in that order while there are lots, because a price that was recorded was traded.
 */
function spreadVolume(bar: IntegerBar, anchors: Anchors, random: RandomStream): number[] {
  const volumes = new Array<number>(STEPS_PER_BAR).fill(0);
  let unassigned = bar.volumeLots;
  const [open, first, second, close] = anchors;
  for (const { step } of [close, first, second, open]) {
    const lots = Math.min(1, unassigned);
    volumes[step] = lots;
    unassigned -= lots;
  }
  const weights = volumes.map(() => random.exponential());
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let weightSoFar = 0;
  let assigned = 0;
  return volumes.map((lots, step) => {
    weightSoFar += weights[step] ?? 0;
    const target =
      step === LAST_STEP ? unassigned : Math.min(unassigned, Math.floor((unassigned * weightSoFar) / total));
    const share = target - assigned;
    assigned = target;
    return lots + share;
  });
}

/** Rising prices were bought, falling ones sold; an unchanged price was either. */
function aggressors(prices: readonly number[], random: RandomStream): ('buy' | 'sell')[] {
  return prices.map((price, step) => {
    const change = price - (prices[step - 1] ?? price);
    if (change === 0) return random.uniform() < 0.5 ? 'buy' : 'sell';
    return change > 0 ? 'buy' : 'sell';
  });
}

/** The invented inside of one bar: a pure function of the symbol and the bar. */
export function planPath(symbol: string, bar: IntegerBar): BarPath {
  const random = new RandomStream(hash32('path', symbol, bar.openTimeMs));
  const anchors = placeAnchors(bar, random);
  const pricesTicks = walk(bar, anchors, random);
  const volumesLots = spreadVolume(bar, anchors, random);
  return { pricesTicks, volumesLots, sides: aggressors(pricesTicks, random) };
}
