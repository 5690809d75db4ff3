import { Timeframe, timeframeMs } from '../bar';
import { columnsOf, type BarColumns } from '../bar-columns';
import {
  observationColumns,
  type Observation,
  type ObservationsOf,
  type ObservedKind,
} from '../observations';
import { SignalKind, type Decision, type PositionSide, type Strategy } from '../strategy';
import { createIndicatorCache, firstDecision, seriesColumns, type BarSource } from '../strategy-columns';
import { MovingView } from '../strategy-view';
import { resample } from '../timeframes';
import { decisionOf } from './decide';
import { erase } from './prepare';

/** What the tests of a user's strategies are written with: `import { … } from 'ballast/strategy/testing'`. */

/** 2024-01-01, a Monday: bars of every timeframe open then. */
const START_MS = 1_704_067_200_000;

/** Bars with these closes. Each opens at the close before it and goes no further than the two; its volume is 1. */
export function barsFromCloses(closes: readonly number[], timeframe: Timeframe = Timeframe.H1): BarColumns {
  return columnsOf(
    closes.map((close, index) => {
      const open = closes[index - 1] ?? close;
      const openTimeMs = START_MS + index * timeframeMs(timeframe);
      return { openTimeMs, open, high: Math.max(open, close), low: Math.min(open, close), close, volume: 1 };
    }),
  );
}

/** A decision, and the bar that it was made on. */
export type DatedDecision = Decision & {
  /** Of the bars that were given. */
  readonly index: number;
};

/**
 * What a strategy decides on each bar from the first on which it has warmed up, in a market in which every entry is filled at once and
 * nothing but its own exits ends a position. Coarser timeframes that it looks at are put together from the bars.
 * @throws UserError for parameters that its schema refuses, and bars that are not there
 */
export function decisionsOn<P extends Readonly<Record<string, unknown>>, I extends string>(
  strategy: Strategy<P, I>,
  bars: BarColumns,
  options: {
    readonly parameters?: Readonly<Record<string, unknown>>;
    readonly timeframe?: Timeframe;
    readonly symbol?: string;
    /** What is known of each kind, whatever it is about; nothing of a kind that is absent. */
    readonly observed?: Partial<Readonly<Record<ObservedKind, readonly Observation[]>>>;
  } = {},
): readonly DatedDecision[] {
  const { parameters = {}, timeframe = Timeframe.H1, symbol = 'BTC/USDT', observed = {} } = options;
  const prepared = erase(strategy).parse(parameters);
  const own: BarSource = { symbol, timeframe };
  const barsOf = (source: BarSource): BarColumns => resample({ timeframe, bars }, source.timeframe).bars;
  const observationsOf: ObservationsOf = ({ kind }) => observationColumns(kind, observed[kind] ?? []);
  const columns = seriesColumns(prepared.indicators, own, barsOf, createIndicatorCache(), observationsOf);
  const view = new MovingView(symbol, timeframe, bars, columns);
  const decisions: DatedDecision[] = [];
  let position: PositionSide | null = null;
  for (let index = firstDecision(prepared.needs(own), own, barsOf); index < bars.length; index += 1) {
    view.position = position;
    view.moveTo(index);
    const signal = prepared.onBar(view);
    const decision = decisionOf(signal, prepared.explain(signal, view));
    decisions.push({ ...decision, index });
    if (decision.kind === SignalKind.Enter) position = decision.side;
    if (decision.kind === SignalKind.Exit) position = null;
  }
  return decisions;
}
