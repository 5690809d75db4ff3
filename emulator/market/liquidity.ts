import { uniformOf } from '../../domain/random';
import type { IntegerBar, Level } from './source';

/**
 * The synthetic book. Its shape follows two numbers that are known before the bar begins: how far a recent minute
 * moved and how much it traded, both exponentially averaged. The three constants below were read off the recorded L2
 * samples (docs/market.md shows the comparison).
 */
export interface Liquidity {
  /** Average high − low of recent minutes in ticks, at least 1. */
  readonly rangeTicks: number;
  /** Average traded volume of recent minutes in lots, at least 1. */
  readonly volumeLots: number;
}

/** Levels on each side. */
export const LADDER_LEVELS = 25;

const HALF_LIFE_MINUTES = 30;
const WEIGHT = 1 - 0.5 ** (1 / HALF_LIFE_MINUTES);

/** Bid–ask spread as a fraction of a minute's range. */
const SPREAD_PER_RANGE = 0.003;
/** Quantity at the touch, in minutes of volume. */
const TOUCH_MINUTES = 0.05;
/** Quantity per unit of distance: within one minute's range of the touch rests this many minutes of volume. */
const MINUTES_PER_RANGE = 1;
/** Distance of the first level behind the touch, as a fraction of a minute's range; later gaps widen linearly. */
const FIRST_GAP = 0.04;

/** The average after `bar`; without a previous one the bar itself is the estimate. */
export function updateLiquidity(previous: Liquidity | undefined, bar: IntegerBar): Liquidity {
  const range = Math.max(1, bar.high - bar.low);
  const volume = Math.max(1, bar.volumeLots);
  if (!previous) return { rangeTicks: range, volumeLots: volume };
  return {
    rangeTicks: previous.rangeTicks + WEIGHT * (range - previous.rangeTicks),
    volumeLots: previous.volumeLots + WEIGHT * (volume - previous.volumeLots),
  };
}

/** The bid–ask spread in ticks, at least 1. */
export const spreadTicks = (liquidity: Liquidity): number =>
  Math.max(1, Math.round(liquidity.rangeTicks * SPREAD_PER_RANGE));

/** Distance of level `index` from the touch, in units of a minute's range. */
const distance = (index: number): number => FIRST_GAP * index * (1 + index / LADDER_LEVELS);

/**
 * One side of the book, best first: the touch at `bestTicks`, then levels ever further apart. `direction` is −1 for
 * bids and +1 for asks. `seed` varies the quantities by ±50 %, the same for the same seed. Levels at or below zero
 * do not exist, so the bids of a very cheap asset may be fewer.
 */
export function ladder(bestTicks: number, direction: -1 | 1, liquidity: Liquidity, seed: number): Level[] {
  const levels: Level[] = [];
  let previous = bestTicks - direction;
  for (let index = 0; index < LADDER_LEVELS; index++) {
    const offset = Math.round(distance(index) * liquidity.rangeTicks);
    const wanted = bestTicks + direction * offset;
    const priceTicks =
      direction > 0 ? Math.max(wanted, previous + direction) : Math.min(wanted, previous + direction);
    if (priceTicks < 1) break;
    const minutes = index === 0 ? TOUCH_MINUTES : MINUTES_PER_RANGE * (distance(index) - distance(index - 1));
    const variation = 0.5 + uniformOf(seed, direction * (index + 1));
    levels.push({
      priceTicks,
      quantityLots: Math.max(1, Math.round(liquidity.volumeLots * minutes * variation)),
    });
    previous = priceTicks;
  }
  return levels;
}
