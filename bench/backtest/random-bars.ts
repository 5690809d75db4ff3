import type { BarColumns } from '../../domain/bar-columns';
import { RandomStream } from '../../domain/random';

/**
 * Bars of a seeded random walk on a tick of 0.01 around 30,000: each bar opens where the last one closed and moves in four steps
 * of `stepDeviation` of the price.
 */
export function randomBars(options: {
  readonly seed: number;
  readonly length: number;
  readonly barMs: number;
  readonly startMs: number;
  readonly stepDeviation: number;
}): BarColumns {
  const { seed, length, barMs, startMs, stepDeviation } = options;
  const random = new RandomStream(seed);
  const column = (): Float64Array => new Float64Array(length);
  const [openTimeMs, open, high, low, close, volume] = [
    ...[column(), column(), column()],
    ...[column(), column(), column()],
  ] as [Float64Array, Float64Array, Float64Array, Float64Array, Float64Array, Float64Array];
  let ticks = 3_000_000;
  for (let index = 0; index < length; index += 1) {
    openTimeMs[index] = startMs + index * barMs;
    open[index] = ticks / 100;
    let [highest, lowest] = [ticks, ticks];
    for (let step = 0; step < 4; step += 1) {
      ticks = Math.max(100, Math.round(ticks * (1 + stepDeviation * random.normal())));
      highest = Math.max(highest, ticks);
      lowest = Math.min(lowest, ticks);
    }
    high[index] = highest / 100;
    low[index] = lowest / 100;
    close[index] = ticks / 100;
    volume[index] = 10;
  }
  return { length, openTimeMs, open, high, low, close, volume };
}
