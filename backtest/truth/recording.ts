import { timeframeMs } from '../../domain/bar';
import type { AnySignal, PreparedStrategy } from '../../domain/strategies/prepare';
import { SignalKind, type EntryPlan, type PositionSide, type StrategyView } from '../../domain/strategy';
import { runBacktest, type BacktestInput, type BacktestResult, type StrategyRun } from '../backtest';

/** A decision that asks for something. */
export interface RecordedSignal {
  /** When the bar closed that was decided on (UTC milliseconds). */
  readonly closeMs: number;
  /** What was held then. */
  readonly position: PositionSide | null;
  readonly kind: typeof SignalKind.Enter | typeof SignalKind.Exit;
  /** What an entry asks for; null for an exit. */
  readonly plan: EntryPlan | null;
  /** What it quotes; null for one at market. */
  readonly limitPrice: number | null;
}

/** What a strategy was shown and said on one symbol. */
export interface LaneRecord {
  readonly strategy: string;
  readonly symbol: string;
  /** Of every decision, in order. */
  readonly closeMs: number[];
  /** The newest value of each series that the strategy has named, at every decision. */
  readonly seen: Readonly<Record<string, number[]>>;
  /** Decisions that were no hold, in order. */
  readonly signals: RecordedSignal[];
}

export interface RecordedRun {
  readonly result: BacktestResult;
  readonly lanes: readonly LaneRecord[];
}

/** Runs a backtest and keeps what every strategy was shown, and what it said. */
export function runRecorded(input: BacktestInput): RecordedRun {
  const lanes = new Map<string, LaneRecord>();
  const runs = input.runs.map((run): StrategyRun => ({
    ...run,
    strategy: recorded(run.strategy, (symbol) => {
      const key = laneKey(run.name, symbol);
      const lane = lanes.get(key) ?? newLane(run, symbol);
      lanes.set(key, lane);
      return lane;
    }),
  }));
  const result = runBacktest({ ...input, runs });
  return { result, lanes: [...lanes.values()] };
}

export const laneKey = (strategy: string, symbol: string): string => `${strategy} on ${symbol}`;

function newLane({ name, strategy }: StrategyRun, symbol: string): LaneRecord {
  const used = Object.entries(strategy.indicators).filter(([, spec]) => spec !== null);
  const seen = Object.fromEntries(used.map(([series]): [string, number[]] => [series, []]));
  return { strategy: name, symbol, closeMs: [], seen, signals: [] };
}

function recorded(strategy: PreparedStrategy, laneOf: (symbol: string) => LaneRecord): PreparedStrategy {
  return {
    ...strategy,
    onBar(view) {
      const signal = strategy.onBar(view);
      record(laneOf(view.symbol), view, signal);
      return signal;
    },
  };
}

function record(lane: LaneRecord, view: StrategyView, signal: AnySignal): void {
  const closeMs = view.openTimeMs + timeframeMs(view.timeframe);
  lane.closeMs.push(closeMs);
  for (const [name, values] of Object.entries(lane.seen))
    values.push(view.indicators[name]?.at(0) ?? Number.NaN);
  if (signal.kind === SignalKind.Hold) return;
  const plan = signal.kind === SignalKind.Enter ? planOf(signal) : null;
  const { kind, limitPrice = null } = signal;
  lane.signals.push({ closeMs, position: view.position, kind, plan, limitPrice });
}

const planOf = ({ side, referencePrice, stopPrice, targetPrice, trailDistance }: EntryPlan): EntryPlan => ({
  side,
  referencePrice,
  stopPrice,
  targetPrice,
  trailDistance,
});

/** The same run with other strategies in the places of its own. */
export const withStrategies = (
  input: BacktestInput,
  strategyOf: (run: StrategyRun) => PreparedStrategy,
): BacktestInput => ({
  ...input,
  runs: input.runs.map((run) => ({ ...run, strategy: strategyOf(run) })),
});
