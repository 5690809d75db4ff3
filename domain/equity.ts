import { compare, divide, isPositive, maximum, subtract, toNumber, type DecimalString } from './decimal';

/** Equity in quote units, marked to market, with the two marks that losses are measured from. */
export interface EquityState {
  readonly equity: DecimalString;
  readonly equityAtDayStart: DecimalString;
  readonly peakEquity: DecimalString;
  /** Midnight UTC, in market time, of the day that `equityAtDayStart` belongs to. */
  readonly dayStartMs: number;
}

const DAY_MS = 86_400_000;

/**
 * The state after a new mark. The first mark of a session (`previous` is null) starts the day and is the first peak. At
 * the roll of the UTC day the start is the larger of the last mark of the old day and the first of the new one, so that
 * a loss over midnight counts towards the new day. Market time that runs backwards never rolls a day back.
 */
export function markEquity(
  previous: EquityState | null,
  equity: DecimalString,
  marketTimeMs: number,
): EquityState {
  const dayStartMs = Math.floor(marketTimeMs / DAY_MS) * DAY_MS;
  if (previous === null) return { equity, equityAtDayStart: equity, peakEquity: equity, dayStartMs };
  const peakEquity = maximum(previous.peakEquity, equity);
  if (dayStartMs <= previous.dayStartMs) return { ...previous, equity, peakEquity };
  return { equity, equityAtDayStart: maximum(previous.equity, equity), peakEquity, dayStartMs };
}

/** How far equity is below its peak, as a fraction of the peak; never negative. */
export const drawdownFraction = (state: Pick<EquityState, 'equity' | 'peakEquity'>): number =>
  lossFraction(state.peakEquity, state.equity);

/** How far equity is below the start of its day, as a fraction of that start; never negative (a gain is 0). */
export const dailyLossFraction = (state: Pick<EquityState, 'equity' | 'equityAtDayStart'>): number =>
  lossFraction(state.equityAtDayStart, state.equity);

function lossFraction(from: DecimalString, to: DecimalString): number {
  if (!isPositive(from) || compare(to, from) >= 0) return 0;
  return toNumber(divide(subtract(from, to), from));
}
