import fc from 'fast-check';
import { columnsOf, type BarColumns } from '../../../domain/bar-columns';
import { stream } from '../../../domain/indicators/registry';
import type { IndicatorSpec } from '../../../domain/indicators/spec';
import { random } from '../fixtures';

const MINUTE_MS = 60_000;

export interface MarketShape {
  readonly seed: number;
  readonly length: number;
  /** The first price; steps are in proportion to it. */
  readonly price?: number;
  /** Share of bars that do not move at all. */
  readonly stillShare?: number;
}

/** A seeded random walk with gaps, outside bars of equal moves, and stretches that do not move. */
export function market({ seed, length, price = 100, stillShare = 0 }: MarketShape): BarColumns {
  const next = random(seed);
  let close = price;
  let previous = { high: price, low: price };
  let stillFor = 0;
  return columnsOf(
    Array.from({ length }, (_, index) => {
      if (stillFor === 0 && next() < stillShare / 10) stillFor = 10;
      const isStill = stillFor > 0;
      if (isStill) stillFor -= 1;
      const open = isStill ? close : close * (1 + (next() - 0.5) * (next() < 0.05 ? 0.05 : 0.002));
      close = isStill ? open : Math.max(open * (1 + (next() - 0.5) * 0.02), price / 1_000);
      const reach = isStill ? 0 : price * 0.005;
      const isOutside = !isStill && next() < 0.05;
      const high = isOutside ? previous.high + 2 * reach : Math.max(open, close) + next() * reach;
      const low = isOutside ? previous.low - 2 * reach : Math.min(open, close) - next() * reach;
      previous = { high, low };
      const volume = isStill && index % 2 === 1 ? 0 : Math.floor(next() * 1_000);
      return {
        openTimeMs: index * MINUTE_MS,
        open,
        high: Math.max(high, open, close),
        low: Math.min(low, open, close),
        close,
        volume,
      };
    }),
  );
}

/** Markets of every shape, from a seed that fast-check can shrink. */
export const markets = (minLength: number, maxLength: number): fc.Arbitrary<BarColumns> =>
  fc
    .record({
      seed: fc.integer({ min: 0, max: 2 ** 31 }),
      length: fc.integer({ min: minLength, max: maxLength }),
      price: fc.constantFrom(1e-6, 0.3, 100, 1e5),
      stillShare: fc.constantFrom(0, 0.3, 1),
    })
    .map(market);

/** What the streaming form says at every bar, in the shape of the batch form's outputs. */
export function streamed(columns: BarColumns, spec: IndicatorSpec): readonly Float64Array[] {
  const indicator = stream(spec);
  const outputs = Array.from(indicator.values, () => new Float64Array(columns.length));
  const { open, high, low, close, volume, openTimeMs } = columns;
  for (let i = 0; i < columns.length; i += 1) {
    const values = indicator.next(
      open[i] ?? NaN,
      high[i] ?? NaN,
      low[i] ?? NaN,
      close[i] ?? NaN,
      volume[i] ?? NaN,
      openTimeMs[i] ?? NaN,
    );
    outputs.forEach((output, which) => {
      output[i] = values[which] ?? NaN;
    });
  }
  return outputs;
}

/**
 * The first index at which two series differ by more than `tolerance` times the greater of their values and `scale`;
 * undefined where both are undefined is no difference. -1 when there is none.
 */
export function firstDifference(
  actual: Float64Array,
  expected: ArrayLike<number>,
  tolerance: number,
  scale = 0,
): number {
  return actual.findIndex((value, index) => {
    const other = expected[index] ?? NaN;
    if (Number.isNaN(value) && Number.isNaN(other)) return false;
    const size = Math.max(Math.abs(value), Math.abs(other), scale);
    return !(Math.abs(value - other) <= tolerance * size);
  });
}
