import { timeframeMs } from '../../domain/bar';
import type { ClosedTrade } from '../../domain/performance/types';
import type { Reason } from '../../domain/strategy';
import type { BacktestInput } from '../backtest';
import { findMarket } from '../market-bars';
import { decisionDrift, type DecisionDrift, type DriftCause } from './drift-decisions';
import {
  costOf,
  isOpen,
  lineUp,
  type DriftCost,
  type ExtraTrade,
  type MatchedTrade,
  type MissingTrade,
} from './drift-trades';
import { runRecorded, type LaneRecord } from './recording';

/** A decision as the journal has it. */
export interface LiveDecision {
  readonly symbol: string;
  readonly barCloseMs: number;
  readonly outcome: 'hold' | 'enter' | 'exit' | 'trail' | 'refused' | 'skipped';
  readonly reasons: readonly Reason[];
  /** The close of the bar that was decided on, as it was then. */
  readonly close: number | null;
}

/** What was bought, or sold, of a position. */
export interface LiveLeg {
  /** Mean over the fills, fees not included. */
  readonly price: number;
  readonly quantity: number;
  /** In quote; a fee in a third asset is not counted. */
  readonly fee: number;
  /** Market time of the first fill and of the last. */
  readonly fromMs: number;
  readonly toMs: number;
}

/** A position as the journal has it. */
export interface LiveTrade {
  readonly symbol: string;
  /** Close of the bar on which it was decided. */
  readonly barCloseMs: number;
  /** Null when nothing was bought. */
  readonly entry: LiveLeg | null;
  /** Null while nothing is sold. */
  readonly exit: LiveLeg | null;
  readonly exitReason: string | null;
}

/** What a strategy did, on paper or with money. */
export interface LiveRun {
  readonly decisions: readonly LiveDecision[];
  readonly trades: readonly LiveTrade[];
}

/** A trade of the backtest, and the close of the bar that it was decided on. */
export interface TestTrade {
  readonly trade: ClosedTrade;
  readonly decidedMs: number;
}

export interface DriftReport {
  /** Closes of the first and the last bar that were decided on. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly decisions: {
    readonly compared: number;
    readonly same: number;
    readonly byCause: Readonly<Record<DriftCause, number>>;
    readonly differing: readonly DecisionDrift[];
  };
  readonly trades: readonly MatchedTrade[];
  /** Of the backtest alone, and of the journal alone. */
  readonly missing: readonly MissingTrade[];
  readonly extra: readonly ExtraTrade[];
  readonly cost: DriftCost;
  /** Of the closed trades on both sides, in quote. */
  readonly profit: { readonly live: number; readonly backtest: number };
}

/**
 * Drift between what a strategy did and what the backtester makes of the same bars: lines up decisions, entries and exits.
 * @param live all that was decided and traded by one run of a strategy
 * @param input the same strategy with the same parameters on the bars that it saw, its trading beginning with the first decision
 * @throws UserError when the backtest cannot be run
 */
export function driftOf(live: LiveRun, input: BacktestInput): DriftReport {
  const closes = live.decisions.map(({ barCloseMs }) => barCloseMs);
  const [fromMs, toMs] = [Math.min(...closes), Math.max(...closes)];
  const { result, lanes } = runRecorded(input);
  const tests = result.trades.flatMap((trade) => decidedTrade(trade, lanes));
  const symbols = input.runs.flatMap((run) => run.symbols);
  const drifts = symbols.map((symbol) => {
    const of = <T extends { readonly symbol: string }>(all: readonly T[]): readonly T[] =>
      all.filter((one) => one.symbol === symbol);
    const market = findMarket(input.markets, symbol);
    return decisionDrift({
      ...{ market, fromMs, toMs },
      decisions: of(live.decisions),
      liveTrades: of(live.trades),
      tests: tests.filter(({ trade }) => trade.symbol === symbol),
      signals: of(lanes).flatMap(({ signals }) => signals),
    });
  });
  const differing = drifts.flatMap((drift) => drift.differing).sort((a, b) => a.closeMs - b.closeMs);
  const compared = drifts.reduce((total, drift) => total + drift.compared, 0);
  const [first] = input.markets;
  const barMs = first === undefined ? 0 : timeframeMs(first.timeframe);
  const { matched, missing, extra } = lineUp(live, tests, barMs);
  return {
    ...{ fromMs, toMs, trades: matched, missing, extra },
    decisions: {
      ...{ compared, differing, same: compared - differing.length },
      byCause: countCauses(differing),
    },
    cost: costOf(matched),
    profit: {
      live: live.trades.reduce((total, trade) => total + profitOf(trade), 0),
      backtest: tests.reduce((total, { trade }) => total + (isOpen(trade) ? 0 : trade.profit), 0),
    },
  };
}

function decidedTrade(trade: ClosedTrade, lanes: readonly LaneRecord[]): readonly TestTrade[] {
  const signals = lanes.filter(({ symbol }) => symbol === trade.symbol).flatMap((lane) => lane.signals);
  const decided = signals.findLast(({ plan, closeMs }) => plan !== null && closeMs <= trade.openTimeMs);
  return decided === undefined ? [] : [{ trade, decidedMs: decided.closeMs }];
}

function profitOf({ entry, exit }: LiveTrade): number {
  if (entry === null || exit === null) return 0;
  return (exit.price - entry.price) * exit.quantity - exit.fee - entry.fee;
}

function countCauses(differing: readonly DecisionDrift[]): Readonly<Record<DriftCause, number>> {
  const of = (cause: DriftCause): number => differing.filter((one) => one.cause === cause).length;
  return {
    missing: of('missing'),
    skipped: of('skipped'),
    bars: of('bars'),
    held: of('held'),
    decision: of('decision'),
  };
}
