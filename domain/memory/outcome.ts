import { timeframeMs } from '../bar';
import { divide, isPositive, multiply, toNumber, type DecimalString } from '../decimal';
import { percent, span } from '../display';
import { PositionState, type ExitReason, type PositionView } from '../position';

/** What became of a trade. Money in quote units, times and spans in market milliseconds. */
export interface TradeOutcome {
  readonly exitReason: ExitReason;
  readonly realisedPnl: DecimalString;
  readonly quote: string;
  /** Realised result over what was risked on what was bought, fees included; null when no risk was granted. */
  readonly rMultiple: number | null;
  readonly entryPrice: DecimalString;
  /** Mean price of what was sold; null when nothing was. */
  readonly exitPrice: DecimalString | null;
  readonly holdingMs: number;
  readonly outcomeAtMs: number;
  /**
   * The lowest and the highest price while it was held, as a fraction of the entry price: of the bars that lie wholly inside, and of the
   * entry and the exit. Null when there is no such bar, or one is missing.
   */
  readonly worstExcursion: number | null;
  readonly bestExcursion: number | null;
}

/** What is known of a span of bars. */
export interface Extremes {
  readonly bars: number;
  readonly low: number;
  readonly high: number;
}

/**
 * The outcome of a closed trade; null of a position that is live, or that never bought anything.
 * @param extremes of the bars of {@link barsInside}; null when none is known
 * @param riskQuote what its grant would lose at the stop
 */
export function outcomeOf(
  position: PositionView,
  { extremes, riskQuote }: { readonly extremes: Extremes | null; readonly riskQuote: DecimalString | null },
): TradeOutcome | null {
  const { ledger, openedAtMs, closedAtMs, state, exitReason, instrument, quantity } = position;
  const entryPrice = ledger.averageEntry;
  if (state !== PositionState.Closed || exitReason === null) return null;
  if (entryPrice === null || openedAtMs === null || closedAtMs === null) return null;
  const exitPrice = isPositive(ledger.soldQuantity) ? divide(ledger.soldQuote, ledger.soldQuantity) : null;
  const risked = riskQuote === null ? null : divide(multiply(riskQuote, ledger.boughtQuantity), quantity);
  return {
    ...{ exitReason, quote: instrument.quote, entryPrice, exitPrice },
    realisedPnl: ledger.realisedPnl,
    rMultiple:
      risked === null || !isPositive(risked) ? null : toNumber(ledger.realisedPnl) / toNumber(risked),
    holdingMs: Math.max(0, closedAtMs - openedAtMs),
    outcomeAtMs: closedAtMs,
    ...excursions(barsInside(position).count, { entryPrice, exitPrice }, extremes),
  };
}

/** When the first bar opens that lies wholly inside a trade's life, and how many such bars there are; none while it is live. */
export function barsInside({
  timeframe,
  openedAtMs,
  closedAtMs,
}: Pick<PositionView, 'timeframe' | 'openedAtMs' | 'closedAtMs'>): {
  readonly firstOpenMs: number;
  readonly count: number;
} {
  if (openedAtMs === null || closedAtMs === null) return { firstOpenMs: 0, count: 0 };
  const lengthMs = timeframeMs(timeframe);
  const firstOpenMs = Math.ceil(openedAtMs / lengthMs) * lengthMs;
  return { firstOpenMs, count: Math.max(0, Math.floor((closedAtMs - firstOpenMs) / lengthMs)) };
}

function excursions(
  wanted: number,
  { entryPrice, exitPrice }: Pick<TradeOutcome, 'entryPrice' | 'exitPrice'>,
  extremes: Extremes | null,
): Pick<TradeOutcome, 'worstExcursion' | 'bestExcursion'> {
  if (extremes === null || wanted === 0 || extremes.bars < wanted)
    return { worstExcursion: null, bestExcursion: null };
  const entry = toNumber(entryPrice);
  const left = exitPrice === null ? entry : toNumber(exitPrice);
  return {
    worstExcursion: Math.min(extremes.low, entry, left) / entry - 1,
    bestExcursion: Math.max(extremes.high, entry, left) / entry - 1,
  };
}

/** `target: +20.00 USDT, 1.92 times its risk, held 3h 4m; the price went from -1.20 % to +4.00 % of the entry` */
export function outcomeText(outcome: TradeOutcome): string {
  const { exitReason, realisedPnl, quote, rMultiple, holdingMs } = outcome;
  const result = toNumber(realisedPnl);
  const multiple = rMultiple === null ? 'its risk is not known' : `${rMultiple.toFixed(2)} times its risk`;
  return `${exitReason}: ${result > 0 ? '+' : ''}${result.toFixed(2)} ${quote}, ${multiple}, held ${span(holdingMs)}; ${reachText(outcome)}`;
}

/** How far the price went while it was held. */
export const reachText = ({
  worstExcursion,
  bestExcursion,
}: Pick<TradeOutcome, 'worstExcursion' | 'bestExcursion'>): string =>
  worstExcursion === null || bestExcursion === null
    ? 'how far the price went meanwhile is not known'
    : `the price went from ${percent(worstExcursion)} to +${percent(bestExcursion)} of the entry`;
