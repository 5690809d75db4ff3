import type { BarColumns } from '../../domain/bar-columns';
import { RandomStream } from '../../domain/random';
import { randomBars } from '../backtest/random-bars';

/** So few that every engine goes through them in a moment. */
const LENGTH = 10_000;
const SEED = 7;
/** One bar in so many begins with a gap, of this part of the price on average. */
const GAP_EVERY = 8;
const GAP = 0.02;

/**
 * Bars on which the rules of filling matter, which on quiet ones they hardly do: bars that reach both stop and target, and gaps
 * through either. A gap shifts everything after it.
 */
export function wildBars(startMs: number, barMs: number): BarColumns {
  const bars = randomBars({ seed: SEED, length: LENGTH, barMs, startMs, stepDeviation: 0.006 });
  const random = new RandomStream(SEED);
  let factor = 1;
  for (let index = 0; index < LENGTH; index += 1) {
    if (random.uniform() * GAP_EVERY < 1) factor *= Math.exp(GAP * random.normal());
    for (const column of [bars.open, bars.high, bars.low, bars.close])
      column[index] = Math.max(1, Math.round((column[index] ?? NaN) * factor * 100)) / 100;
  }
  return bars;
}
