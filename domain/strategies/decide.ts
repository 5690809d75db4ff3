import { nothingObserved, type ObservationsOf } from '../observations';
import { SignalKind, type Decision, type PositionSide, type Reason } from '../strategy';
import {
  createIndicatorCache,
  seriesColumns,
  type BarNeed,
  type BarsOf,
  type BarSource,
} from '../strategy-columns';
import { MovingView } from '../strategy-view';
import type { AnySignal, PreparedStrategy } from './prepare';
import { quotedPrice } from './quotes';

/**
 * Decides on the newest bar of `own`, as live trading does: over as many bars as the strategy needs, never over more, so that the
 * same market gives the same decision however much history there is. With fewer it holds.
 * @param barsOf the bars of each source that `strategy.needs(own)` names, oldest first, at most as many as it names, none of
 * them still open at the close that is decided on
 * @param observationsOf what was known of each source that `strategy.observes(own.symbol)` names
 */
export function decideOnWindow(
  strategy: PreparedStrategy,
  own: BarSource,
  barsOf: BarsOf,
  position: PositionSide | null,
  observationsOf: ObservationsOf = nothingObserved,
): Decision {
  const short = strategy.needs(own).find((need) => barsOf(need).length < need.bars);
  if (short !== undefined) return warmingUp(short, barsOf(short).length, own);
  const columns = seriesColumns(strategy.indicators, own, barsOf, createIndicatorCache(), observationsOf);
  const bars = barsOf(own);
  const view = new MovingView(own.symbol, own.timeframe, bars, columns);
  view.position = position;
  view.moveTo(bars.length - 1);
  const signal = strategy.onBar(view);
  quotedPrice(strategy, signal);
  return decisionOf(signal, strategy.explain(signal, view));
}

/** A signal and its reasons as one piece of data. */
export function decisionOf(signal: AnySignal, reasons: readonly Reason[]): Decision {
  if (signal.kind === SignalKind.Hold) return { kind: signal.kind, reasons };
  const quoted = signal.limitPrice === undefined ? {} : { limitPrice: signal.limitPrice };
  if (signal.kind === SignalKind.Exit) return { kind: signal.kind, reasons, ...quoted };
  const { kind, side, referencePrice, stopPrice, targetPrice, trailDistance } = signal;
  return { kind, reasons, side, referencePrice, stopPrice, targetPrice, trailDistance, ...quoted };
}

function warmingUp(need: BarNeed, bars: number, own: BarSource): Decision {
  const elsewhere = need.symbol !== own.symbol || need.timeframe !== own.timeframe;
  const of = elsewhere ? ` of ${need.symbol} ${need.timeframe}` : '';
  const text = `Warming up: ${bars} of ${need.bars} bars${of}`;
  return {
    kind: SignalKind.Hold,
    reasons: [{ code: 'warming-up', text, values: { bars, warmupBars: need.bars } }],
  };
}
