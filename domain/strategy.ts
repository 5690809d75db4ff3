import type { z } from 'zod';
import type { Timeframe } from './bar';
import type { IndicatorSpec } from './indicators/spec';
import type { ObservedSpec } from './observations';

/** One reason of a decision: a stable code for programs, a sentence for people, the numbers behind both. */
export interface Reason {
  readonly code: string;
  readonly text: string;
  readonly values?: Readonly<Record<string, number>>;
}

export const PositionSide = { Long: 'long', Short: 'short' } as const;
export type PositionSide = (typeof PositionSide)[keyof typeof PositionSide];

/** A column of numbers, seen from the bar that is decided on. */
export interface Series {
  /**
   * The value `ago` of its bars back; 0 is the newest closed one. NaN where there is none (before the first bar, or
   * before an indicator's own lookback).
   * @throws RangeError when `ago` is negative: the future is not there to be asked about.
   */
  at(ago: number): number;
}

export type BarField = 'open' | 'high' | 'low' | 'close' | 'volume';

/**
 * A column that is more than the first output of an indicator of the bars decided on: another output, a price, or something of
 * another timeframe or symbol. Of those the newest value belongs to the last bar there that has closed by the close of the bar
 * decided on, and `ago` counts the bars there.
 */
export interface SeriesOf {
  readonly of: IndicatorSpec | BarField;
  /** Name of the indicator's output. Absent: its first. */
  readonly output?: string;
  /** Absent: the timeframe decided on. */
  readonly timeframe?: Timeframe;
  /** Unified symbol, e.g. `BTC/USDT`. Absent: the symbol decided on. */
  readonly symbol?: string;
}

/**
 * How far two symbols stand from where they belong: the z-score of `log first − a − b × log second` among their last `period`
 * bars, a and b by least squares over the same. Only bars that both have count, and only when none is missing in between: it is
 * NaN until `period` bars after one of them had a bar alone.
 */
export interface SpreadOf {
  readonly spreadOf: readonly [first: string, second: string];
  readonly period: number;
  /** Absent: the timeframe decided on. */
  readonly timeframe?: Timeframe;
}

/**
 * A column that a strategy wants. Of what is observed beside the bars (`ObservedSpec`), the value at a bar is the last that was
 * known by its close; `ago` counts the bars decided on.
 */
export type SeriesSpec = IndicatorSpec | SeriesOf | SpreadOf | ObservedSpec;

/**
 * What a strategy may look at when a bar has closed: closed bars only, its indicators by the names it gave them (`I`), and
 * what it holds of this symbol. The same view moves on with every bar: nothing of it may be kept.
 */
export interface StrategyView<I extends string = string> {
  readonly symbol: string;
  readonly timeframe: Timeframe;
  /** Null while flat. */
  readonly position: PositionSide | null;
  /** When the newest closed bar opened, in UTC milliseconds. */
  readonly openTimeMs: number;
  readonly open: Series;
  readonly high: Series;
  readonly low: Series;
  readonly close: Series;
  /** In base units. */
  readonly volume: Series;
  readonly indicators: Readonly<Record<I, Series>>;
  /**
   * Does some work while the view stands `barsAgo` bars back, and nothing that closed since is seen; the position is what it is now.
   * Who looks back has to need as many bars more (`warmupBars`).
   * @throws RangeError when `barsAgo` is negative
   */
  asOf<T>(barsAgo: number, work: () => T): T;
}

export const SignalKind = { Hold: 'hold', Enter: 'enter', Exit: 'exit' } as const;
export type SignalKind = (typeof SignalKind)[keyof typeof SignalKind];

/**
 * Why. Made only when somebody asks, which in a backtest is nobody: a quiet bar must cost nothing. So reasons are functions
 * of the view that was decided on, called before it moves on, and signals that need no numbers are constants.
 */
export type Because<P, I extends string> = (view: StrategyView<I>, parameters: P) => readonly Reason[];

interface Explained<P, I extends string> {
  /** A method, so that a signal over many indicators can stand where one over fewer is expected. */
  because(view: StrategyView<I>, parameters: P): readonly Reason[];
}

/** What an entry asks for, in quote units and not yet rounded. */
export interface EntryPlan {
  readonly side: PositionSide;
  /** The close of the newest bar. */
  readonly referencePrice: number;
  /** Protective stop: below the reference price of a long, above that of a short. */
  readonly stopPrice: number;
  /** On the other side. */
  readonly targetPrice: number;
  /** The stop follows the best close at this distance; null for a fixed one. */
  readonly trailDistance: number | null;
  /**
   * Quotes this price instead of going by the rules of the account: rests there as a maker until the next bar closes, or comes to
   * nothing where it would take. Only of strategies that say so (`Strategy.quotes`).
   */
  readonly limitPrice?: number;
}

/** What an exit asks for. */
export interface ExitPlan {
  /** Offers what is held at this price, as {@link EntryPlan.limitPrice}; absent to leave at the next opportunity. */
  readonly limitPrice?: number;
}

/** What a strategy wants. */
export type Signal<P = never, I extends string = never> =
  | ({ readonly kind: typeof SignalKind.Hold } & Explained<P, I>)
  | ({ readonly kind: typeof SignalKind.Enter } & EntryPlan & Explained<P, I>)
  | ({ readonly kind: typeof SignalKind.Exit } & ExitPlan & Explained<P, I>);

/** A signal as it is journaled: the reasons told. */
export type Decision =
  | { readonly kind: typeof SignalKind.Hold; readonly reasons: readonly Reason[] }
  | ({ readonly kind: typeof SignalKind.Enter; readonly reasons: readonly Reason[] } & EntryPlan)
  | ({ readonly kind: typeof SignalKind.Exit; readonly reasons: readonly Reason[] } & ExitPlan);

/** Do nothing. */
export const hold = <P, I extends string>(because: Because<P, I>): Signal<P, I> => ({
  kind: SignalKind.Hold,
  because,
});

/** Leave the position at the next opportunity. */
export const exit = <P, I extends string>(because: Because<P, I>): Signal<P, I> => ({
  kind: SignalKind.Exit,
  because,
});

/**
 * A strategy: pure and deterministic. The same code decides live, in replay and in a backtest. `P` is what its zod schema
 * produces, `I` the names of its indicators.
 */
export interface Strategy<P, I extends string> {
  readonly id: string;
  /** One sentence for `ballast strategies`. */
  readonly summary: string;
  readonly parameters: z.ZodType<P>;
  /**
   * The columns it looks at; null for one that these parameters have no use for, which is NaN everywhere. They also tell how
   * many bars it must have seen before it may decide.
   */
  indicators(parameters: P): Readonly<Record<I, SeriesSpec | null>>;
  /**
   * It asks for entries and exits at prices of its own (`limitPrice`). Backtests carry that out; live trading refuses such a strategy,
   * as on spot the coins that an offer would sell back the protective stop (docs/adr/0023).
   */
  readonly quotes?: boolean;
  /** Why it can be traded and not tested: it decides by something that no backtest can repeat. Absent: it can be tested. */
  readonly liveOnly?: string;
  /** The role in which it asks a language model: without a model for it, it is not started. Absent: it asks none. */
  readonly asksRole?: string;
  /** The symbols it can be run on, where its parameters name them. Absent: any. */
  symbols?(parameters: P): readonly string[];
  /** Bars it needs beyond what its indicators need to settle, e.g. for `close.at(300)`. Absent: none. */
  warmupBars?(parameters: P): number;
  /** The longest that a position may be held, in bars; whoever runs it may allow less. Null or absent: as long as it likes. */
  maxHoldingBars?(parameters: P): number | null;
  /** Called once for each closed bar, in order; bars may be missing. It must not keep anything between calls. */
  onBar(view: StrategyView<I>, parameters: P): Signal<P, I>;
}
