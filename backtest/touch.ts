import type { BarColumns } from '../domain/bar-columns';
import type { BacktestRules } from './rules';

/** Where an open position ends by itself; prices, infinitely far where there is none. */
export interface Levels {
  /** 1 for long, −1 for short. */
  readonly direction: 1 | -1;
  readonly stop: number;
  readonly target: number;
  readonly liquidation: number;
}

export type TouchReason = 'stop' | 'target' | 'liquidation';

/** Which level a bar reached first, and what the market stood at then. */
export interface Touch {
  readonly reason: TouchReason;
  readonly price: number;
  /** It reached both ends, and nothing tells which came first. */
  readonly isAmbiguous: boolean;
}

interface TouchInput {
  readonly levels: Levels;
  readonly bars: BarColumns;
  /** What liquidates: mark prices, or the bars themselves. */
  readonly mark: BarColumns;
  readonly index: number;
  readonly firstOfBoth: BacktestRules['firstOfBoth'];
}

/**
 * What a bar does to a position that was open at its open. A gap beyond a level fills at the open, whichever level it is;
 * inside the bar each level fills at its own price. Stop and liquidation lie on the same side: the nearer is reached first.
 * @returns undefined when the bar reaches nothing
 */
export function firstTouch({ levels, bars, mark, index, firstOfBoth }: TouchInput): Touch | undefined {
  const { direction, stop, target, liquidation } = levels;
  const open = bars.open[index] ?? NaN;
  const isPast = (price: number, level: number): boolean => direction * (price - level) <= 0;
  const isBeyondTarget = (price: number): boolean => direction * (price - target) >= 0;
  if (isPast(mark.open[index] ?? NaN, liquidation)) return sure('liquidation', open);
  if (isPast(open, stop)) return sure('stop', open);
  if (isBeyondTarget(open)) return sure('target', open);

  const worst = (direction > 0 ? bars.low : bars.high)[index] ?? NaN;
  const best = (direction > 0 ? bars.high : bars.low)[index] ?? NaN;
  const worstMark = (direction > 0 ? mark.low : mark.high)[index] ?? NaN;
  const bad = protective(levels, isPast(worst, stop), isPast(worstMark, liquidation));
  if (!isBeyondTarget(best)) return bad;
  if (bad === undefined) return sure('target', target);
  return firstOfBoth === 'stop'
    ? { ...bad, isAmbiguous: true }
    : { reason: 'target', price: target, isAmbiguous: true };
}

function protective(levels: Levels, stopped: boolean, liquidated: boolean): Touch | undefined {
  const { direction, stop, liquidation } = levels;
  const liquidatedFirst = liquidated && (!stopped || direction * (liquidation - stop) > 0);
  if (liquidatedFirst) return sure('liquidation', liquidation);
  return stopped ? sure('stop', stop) : undefined;
}

const sure = (reason: TouchReason, price: number): Touch => ({ reason, price, isAmbiguous: false });

/**
 * The same for a position that was entered inside this bar, by a limit that the price came down to (up, for a short). What
 * lies beyond the limit was reached after it; what lies before it may have been reached before the entry.
 */
export function touchSinceLimit(input: TouchInput): Touch | undefined {
  const { levels, bars, mark, index, firstOfBoth } = input;
  const { direction, stop, target, liquidation } = levels;
  const worst = (direction > 0 ? bars.low : bars.high)[index] ?? NaN;
  const best = (direction > 0 ? bars.high : bars.low)[index] ?? NaN;
  const worstMark = (direction > 0 ? mark.low : mark.high)[index] ?? NaN;
  const bad = protective(levels, direction * (worst - stop) <= 0, direction * (worstMark - liquidation) <= 0);
  if (direction * (best - target) < 0) return bad;
  if (firstOfBoth === 'target') return { reason: 'target', price: target, isAmbiguous: true };
  return bad === undefined ? undefined : { ...bad, isAmbiguous: true };
}
