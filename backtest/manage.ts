import type { BarColumns } from '../domain/bar-columns';
import { ExitReason } from '../domain/position';
import { priceUnits, type Scale } from './scale';

/** A position at the close of a bar: the numbers of `ManagedPosition`. */
export interface HeldAtClose {
  readonly direction: 1 | -1;
  readonly openedAtMs: number;
  readonly stopTicks: number;
  /** The target as a price; null where a resting order takes care of it. */
  readonly target: number | null;
  /** In units of price; 0 for a fixed stop. */
  readonly trailUnits: number;
  readonly maxHoldingMs: number;
}

export type CloseAction =
  | { readonly kind: 'none' }
  | { readonly kind: 'trail'; readonly stopTicks: number }
  | { readonly kind: 'exit'; readonly reason: 'target' | 'time' | 'strategy' | 'stop' };

const NONE: CloseAction = { kind: 'none' };
/** The stop follows in steps of at least one part in this many of its distance, as `managePosition` has it. */
const TRAIL_STEPS = 10;

/**
 * `managePosition` of the domain in integers, for the bar at `index` and either side; a differential test holds it to that. The
 * order is the same: target, the strategy's word, time, trail.
 */
export function manageAtClose(
  held: HeldAtClose,
  bars: BarColumns,
  index: number,
  strategyExit: boolean,
  scale: Scale,
): CloseAction {
  const openTimeMs = bars.openTimeMs[index] ?? NaN;
  const counts = openTimeMs >= held.openedAtMs;
  if (counts && held.target !== null && held.direction * (bestOf(bars, index, held) - held.target) >= 0)
    return { kind: 'exit', reason: ExitReason.Target };
  if (strategyExit) return { kind: 'exit', reason: ExitReason.Strategy };
  if (!counts) return NONE;
  if (openTimeMs - held.openedAtMs >= held.maxHoldingMs) return { kind: 'exit', reason: ExitReason.Time };
  return held.trailUnits > 0 ? trail(held, priceUnits(bars.close[index] ?? NaN), scale) : NONE;
}

const bestOf = ({ high, low }: BarColumns, index: number, { direction }: HeldAtClose): number =>
  (direction > 0 ? high : low)[index] ?? NaN;

function trail(held: HeldAtClose, closeUnits: number, scale: Scale): CloseAction {
  const { direction, stopTicks, trailUnits } = held;
  const wished = closeUnits - direction * trailUnits;
  // Rounded towards the market, so that it triggers earlier.
  const candidate = direction > 0 ? scale.unitsUp(wished) : -scale.unitsUp(-wished);
  if (direction * (candidate - stopTicks) <= 0) return NONE;
  if (direction * (scale.units(candidate) - closeUnits) >= 0)
    return { kind: 'exit', reason: ExitReason.Stop };
  const rise = scale.units(Math.abs(candidate - stopTicks));
  return rise * TRAIL_STEPS >= trailUnits ? { kind: 'trail', stopTicks: candidate } : NONE;
}
