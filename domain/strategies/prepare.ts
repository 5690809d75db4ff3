import type { z } from 'zod';
import { UserError } from '../errors';
import type { TrainedOn } from '../learning/model';
import type { ObservationNeed } from '../observations';
import { parameterError } from '../parameter-error';
import type { Reason, Signal, Strategy, StrategyView } from '../strategy';
import {
  barNeeds,
  observationNeeds,
  type BarNeed,
  type BarSource,
  type SeriesSpecs,
} from '../strategy-columns';
import type { FilterSettings } from './filters/filter';

/** A signal whose strategy is forgotten. Only the {@link PreparedStrategy} that gave it can tell its reasons. */
export type AnySignal = Signal;

/** A strategy with its parameters settled. */
export interface PreparedStrategy {
  readonly id: string;
  /** Every parameter, defaults filled in. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Of the user's file that it comes from, or of those that its parts do; absent for built-in ones. */
  readonly version?: string;
  /** What its entries have to pass; absent: nothing. */
  readonly filters?: readonly FilterSettings[];
  readonly indicators: SeriesSpecs;
  /** It quotes prices of its own: {@link Strategy.quotes}. */
  readonly quotes: boolean;
  /** Why it cannot be tested: {@link Strategy.liveOnly}. */
  readonly liveOnly?: string;
  /** The role in which it asks a language model: {@link Strategy.asksRole}. */
  readonly asksRole?: string;
  /** Bars that it must have seen before it may decide. */
  readonly warmupBars: number;
  /**
   * The bars that a decision needs when it decides on `own`, which come first, `warmupBars` of them.
   * @throws UserError when it cannot be run on that symbol
   */
  needs(own: BarSource): readonly BarNeed[];
  /** The observations that it looks at when it decides on a symbol. */
  observes(symbol: string): readonly ObservationNeed[];
  /** The longest that it may hold a position; null for no limit of its own. */
  readonly maxHoldingBars: number | null;
  /** The models that it asks, and when they were trained: none may be tested on what it has seen. Absent: it asks none. */
  readonly trainedOn?: readonly TrainedOn[];
  /** Decides on the view's newest bar. The caller sees to it that everything has warmed up. */
  onBar(view: StrategyView): AnySignal;
  /** Why, told while the view still stands at the bar that was decided on. */
  explain(signal: AnySignal, view: StrategyView): readonly Reason[];
}

/** Where a strategy of the user's comes from. */
export interface StrategyOrigin {
  /** As a person would write its path. */
  readonly file: string;
  /** A hash of the file and of everything of the user's that it imports. */
  readonly version: string;
}

/** What goes into results and their hashes: all by which two runs of a strategy can differ. */
export type StrategyIdentity = Pick<PreparedStrategy, 'id' | 'parameters' | 'version' | 'filters'>;

export const identityOf = ({ id, parameters, version, filters }: PreparedStrategy): StrategyIdentity => ({
  ...{ id, parameters },
  ...(version !== undefined && { version }),
  ...(filters !== undefined && { filters }),
});

/** A strategy whose type of parameters is forgotten. */
export interface AnyStrategy {
  readonly id: string;
  readonly summary: string;
  /** Of its parameters. */
  readonly schema: z.ZodType;
  /** Absent: it comes with Ballast. */
  readonly origin?: StrategyOrigin;
  /**
   * Checks parameters and fills in defaults.
   * @throws UserError naming each bad parameter, its value and what is allowed.
   */
  parse(parameters: unknown): PreparedStrategy;
}

/** Any strategy, to be kept with others. */
export function erase<P extends Readonly<Record<string, unknown>>, I extends string>(
  strategy: Strategy<P, I>,
): AnyStrategy {
  const { id, summary } = strategy;
  return {
    id,
    summary,
    schema: strategy.parameters,
    parse(input) {
      const result = strategy.parameters.safeParse(input ?? {});
      if (result.success) return prepare(strategy, result.data);
      const known = Object.keys(strategy.parameters.parse({}));
      const hint = `Correct the parameters of the strategy "${id}".`;
      throw parameterError(`strategies.${id}`, known, input, result.error.issues, hint);
    },
  };
}

/** A strategy with these parameters, which its schema is taken to have produced. */
export function prepare<P extends Readonly<Record<string, unknown>>, I extends string>(
  strategy: Strategy<P, I>,
  parameters: P,
): PreparedStrategy {
  const indicators: SeriesSpecs = strategy.indicators(parameters);
  const symbols = strategy.symbols?.(parameters) ?? null;
  const needs = (own: BarSource): readonly BarNeed[] => {
    if (symbols?.includes(own.symbol) === false)
      throw new UserError(
        `The strategy "${strategy.id}" cannot be run on ${own.symbol}.`,
        `Its parameters name ${symbols.join(' and ')}: run it on these, or change them.`,
      );
    return barNeeds(indicators, own, strategy.warmupBars?.(parameters) ?? 1);
  };
  const observes = (symbol: string): readonly ObservationNeed[] => observationNeeds(indicators, symbol);
  // What is wrong with it is wrong for every symbol, and is told before one is decided on.
  observes('');
  // How many of its own bars it needs is the same whichever of its symbols they are bars of.
  const [own] = needs({ symbol: symbols?.[0] ?? '', timeframe: '1m' });
  return {
    id: strategy.id,
    parameters,
    indicators,
    quotes: strategy.quotes === true,
    ...(strategy.liveOnly !== undefined && { liveOnly: strategy.liveOnly }),
    ...(strategy.asksRole !== undefined && { asksRole: strategy.asksRole }),
    warmupBars: own?.bars ?? 1,
    needs,
    observes,
    maxHoldingBars: strategy.maxHoldingBars?.(parameters) ?? null,
    // The columns of the view are those that `indicators` has named.
    onBar: (view) => strategy.onBar(view, parameters),
    explain: (signal, view) => signal.because(view, parameters as never),
  };
}
