import type { Bar } from './bar';
import { compare, decimal, greaterThan, lessThan, multiply, subtract, type DecimalString } from './decimal';
import { roundLongStop, type Instrument } from './instrument';

/** An open long position, as far as its bars matter to it. Prices in quote units. */
export interface ManagedPosition {
  readonly entryPrice: DecimalString;
  /** The stop wished for now. */
  readonly stopPrice: DecimalString;
  readonly targetPrice: DecimalString;
  readonly trailDistance: DecimalString | null;
  /** Market time of the first fill. */
  readonly openedAtMs: number;
}

/**
 * - `none`: leave everything as it is
 * - `trail`: replace the resident stop by one at `stopPrice`, which is higher
 * - `exit`: sell now. `stop` means the trailing stop would lie at or above the last close, so that the exchange would
 *   refuse to let it rest
 */
export type ManagementAction =
  | { readonly kind: 'none' }
  | { readonly kind: 'trail'; readonly stopPrice: DecimalString }
  | { readonly kind: 'exit'; readonly reason: 'target' | 'time' | 'strategy' | 'stop' };

interface ManagementInput {
  readonly position: ManagedPosition;
  /** Closed since the last decision, oldest first. */
  readonly newBars: readonly Bar[];
  readonly strategyExit: boolean;
  /** Null for no time stop. */
  readonly maxHoldingMs: number | null;
  readonly instrument: Instrument;
}

/** How long a position may be held, in bars, when two have a say; null for as long as it likes. */
export const holdingLimit = (a: number | null, b: number | null): number | null =>
  a === null || b === null ? (a ?? b) : Math.min(a, b);

/** A rise of the stop smaller than this part of the trailing distance is not worth a replacement on the exchange. */
const MIN_TRAIL_STEP = decimal('0.1');

const NONE: ManagementAction = { kind: 'none' };

/**
 * What to do with an open long position after newly closed bars: exit at the target (a high at or above it), on the
 * strategy's word, or after its time; else let the stop follow the highest close. Bars that opened before the position
 * did don't count, as their extremes may lie before it. The time stop looks at the open of the newest bar, so it acts on
 * the first bar that lies wholly beyond the limit.
 */
export function managePosition(input: ManagementInput): ManagementAction {
  const { position, maxHoldingMs } = input;
  const bars = input.newBars.filter((bar) => bar.openTimeMs >= position.openedAtMs);
  if (bars.some((bar) => !lessThan(price(bar.high), position.targetPrice)))
    return { kind: 'exit', reason: 'target' };
  if (input.strategyExit) return { kind: 'exit', reason: 'strategy' };
  const newest = bars.at(-1);
  if (newest === undefined) return NONE;
  if (maxHoldingMs !== null && newest.openTimeMs - position.openedAtMs >= maxHoldingMs) {
    return { kind: 'exit', reason: 'time' };
  }
  return position.trailDistance === null
    ? NONE
    : trail(position.stopPrice, position.trailDistance, bars, newest, input.instrument);
}

function trail(
  stop: DecimalString,
  distance: DecimalString,
  bars: readonly Bar[],
  newest: Bar,
  instrument: Instrument,
): ManagementAction {
  const highestClose = price(Math.max(...bars.map((bar) => bar.close)));
  const candidate = roundLongStop(instrument, subtract(highestClose, distance));
  if (!greaterThan(candidate, stop)) return NONE;
  if (compare(candidate, price(newest.close)) >= 0) return { kind: 'exit', reason: 'stop' };
  const worthwhile = compare(subtract(candidate, stop), multiply(distance, MIN_TRAIL_STEP)) >= 0;
  return worthwhile ? { kind: 'trail', stopPrice: candidate } : NONE;
}

/** A price of a bar as the decimal that the exchange wrote: the shortest one which names this float. */
const price = (value: number): DecimalString => decimal(String(value));
