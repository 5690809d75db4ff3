import type { Timeframe } from '../domain/bar';
import type { DecimalString } from '../domain/decimal';
import type { ObservedSeries } from '../domain/observations';
import type { ClosedTrade, EquityPoint } from '../domain/performance/types';
import type { PreparedStrategy } from '../domain/strategies/prepare';
import type { Compute } from '../domain/strategy-columns';
import { Account, type SimulatedFill } from './account';
import type { Counsel } from './counsel';
import { runLanes } from './engine';
import type { MarketData } from './market';
import type { BacktestRules } from './rules';
import { moneyOf, quoteOf } from './scale';
import { checkInput, LaneBuilder } from './setup';

/** A strategy on its symbols. Each symbol is a position of its own; the money is shared with all others. */
export interface StrategyRun {
  /** What the trades are told under; differs between the runs of one backtest. */
  readonly name: string;
  readonly strategy: PreparedStrategy;
  readonly symbols: readonly string[];
  /** Of the bars that it decides on, where a symbol has markets of several. Absent: those of its first market. */
  readonly timeframe?: Timeframe;
  /** Null for no time stop but the strategy's own. */
  readonly maxHoldingBars: number | null;
}

export interface BacktestInput {
  /** One for each symbol, or one for each timeframe of it, the finest first. */
  readonly markets: readonly MarketData[];
  readonly runs: readonly StrategyRun[];
  readonly startingBalance: DecimalString;
  readonly rules: BacktestRules;
  /** What strategies may look at beside the bars. Absent, or without a source: nothing of it was ever known. */
  readonly observations?: readonly ObservedSeries[];
  /** Nothing is decided before a bar closes at this time (UTC milliseconds); the bars before it warm up. Absent: at once. */
  readonly tradeFromMs?: number;
  /** Test models on what they were trained on all the same. */
  readonly inSample?: boolean;
  /** Shared between the runs of a search, so that what they have in common is computed once. */
  readonly compute?: Compute;
  /** Asked about every entry before it is sized. Absent: nobody is. */
  readonly counsel?: Counsel;
  /** Told of every fill, in order. */
  readonly onFill?: (fill: SimulatedFill) => void;
}

export interface BacktestResult {
  readonly trades: readonly ClosedTrade[];
  /** At midnights (UTC), from that at or before the first bar to that at or after the last. */
  readonly daily: readonly EquityPoint[];
  /** At the close of every bar; empty unless the rules ask for it. */
  readonly equity: readonly EquityPoint[];
  /** Open of the first bar and close of the last. */
  readonly startMs: number;
  readonly endMs: number;
  readonly startingBalance: number;
  readonly finalEquity: number;
  /** Bars that reached both stop and target of a position, with nothing to tell which came first. */
  readonly ambiguousBars: number;
  /** Entries that came to nothing, by the code of the reason. */
  readonly refusals: Readonly<Record<string, number>>;
}

/**
 * Runs strategies over recorded bars, all on one account.
 * @throws UserError when something that they need is not there, or the rules do not fit each other
 */
export function runBacktest(input: BacktestInput): BacktestResult {
  checkInput(input);
  const account = new Account(moneyOf(input.startingBalance), input.onFill ?? null);
  const builder = new LaneBuilder(input, account);
  const lanes = input.runs.flatMap((run) => run.symbols.map((symbol) => builder.build(run, symbol)));
  account.owned.push(...lanes);
  const equity: EquityPoint[] = [];
  const onEquity = (timeMs: number, worth: number): void => {
    equity.push({ timeMs, equity: worth });
  };
  const run = runLanes({
    account,
    lanes,
    marks: builder.marks,
    onEquity: input.rules.equityPerBar ? onEquity : null,
  });
  return {
    ...run,
    equity,
    startingBalance: quoteOf(account.start),
    finalEquity: quoteOf(account.equity()),
    ambiguousBars: builder.tally.ambiguousBars,
    refusals: builder.tally.refusals,
  };
}
