import type { BarColumns } from '../../domain/bar-columns';
import { RandomStream } from '../../domain/random';

const MINUTE_MS = 60_000;
const SEED = 1;
/** Deviation of a minute's return. */
const STEP = 0.0005;

/** Minutes of a seeded random walk. */
export function syntheticBars(length: number): BarColumns {
  const draws = new RandomStream(SEED);
  const column = (): Float64Array => new Float64Array(length);
  const columns = {
    length,
    openTimeMs: column(),
    open: column(),
    high: column(),
    low: column(),
    close: column(),
    volume: column(),
  };
  let price = 50_000;
  for (let i = 0; i < length; i += 1) {
    const open = price;
    price *= Math.exp(STEP * draws.normal());
    columns.openTimeMs[i] = i * MINUTE_MS;
    columns.open[i] = open;
    columns.high[i] = Math.max(open, price) * (1 + STEP * draws.exponential());
    columns.low[i] = Math.min(open, price) * (1 - STEP * draws.exponential());
    columns.close[i] = price;
    columns.volume[i] = draws.exponential() * 10;
  }
  return columns;
}
