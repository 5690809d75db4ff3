import type { z } from 'zod';
import { UserError } from '../../errors';
import { parameterError } from '../../parameter-error';
import type { Timeframe } from '../../bar';
import type { PositionSide, Reason, SeriesSpec, StrategyView } from '../../strategy';
import { barNeeds, type BarNeed, type BarSource, type SeriesSpecs } from '../../strategy-columns';

/** What a filter says to an entry, and why. */
export interface Verdict {
  readonly allows: boolean;
  readonly reasons: readonly Reason[];
}

/**
 * Looks at the market when a strategy wants to enter, and may refuse. It never sees an exit. Pure and deterministic, as strategies are.
 * `P` is what its zod schema produces, `I` the names of its series.
 */
export interface EntryFilter<P, I extends string> {
  readonly id: string;
  /** One sentence for `ballast strategies`. */
  readonly summary: string;
  readonly parameters: z.ZodType<P>;
  indicators(parameters: P): Readonly<Record<I, SeriesSpec>>;
  /** Bars before the newest that it looks back over, values of its indicators included. Absent: the one before. */
  lookbackBars?(parameters: P): number;
  /** Why it cannot be used on bars of this timeframe, if so; absent: on all. */
  unfit?(parameters: P, timeframe: Timeframe): string | null;
  judge(view: StrategyView<I>, side: PositionSide, parameters: P): Verdict;
}

/** Which filter, with every parameter. */
export interface FilterSettings {
  readonly id: string;
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** A filter with its parameters settled. */
export interface PreparedFilter {
  readonly settings: FilterSettings;
  readonly indicators: SeriesSpecs;
  /** How many of those it decides on it must have seen before. */
  readonly warmupBars: number;
  /** Bars that it needs, those of `own` first. @throws UserError when it cannot be used on these */
  needs(own: BarSource): readonly BarNeed[];
  judge(view: StrategyView, side: PositionSide): Verdict;
}

/** A filter whose type of parameters is forgotten. */
export interface AnyFilter {
  readonly id: string;
  readonly summary: string;
  /** @throws UserError naming each bad parameter, its value and what is allowed */
  parse(parameters: unknown): PreparedFilter;
}

export function eraseFilter<P extends Readonly<Record<string, unknown>>, I extends string>(
  filter: EntryFilter<P, I>,
): AnyFilter {
  const { id, summary } = filter;
  return {
    id,
    summary,
    parse(input) {
      const result = filter.parameters.safeParse(input ?? {});
      if (result.success) return prepareFilter(filter, result.data);
      const known = Object.keys(filter.parameters.parse({}));
      throw parameterError(
        `filters.${id}`,
        known,
        input,
        result.error.issues,
        `Correct the parameters of the filter "${id}".`,
      );
    },
  };
}

function prepareFilter<P extends Readonly<Record<string, unknown>>, I extends string>(
  filter: EntryFilter<P, I>,
  parameters: P,
): PreparedFilter {
  const indicators: SeriesSpecs = filter.indicators(parameters);
  const lookback = (filter.lookbackBars?.(parameters) ?? 1) - 1;
  const lookedAt = (own: BarSource): readonly BarNeed[] => {
    const [mine, ...others] = barNeeds(indicators, own, 1);
    return mine === undefined ? others : [{ ...mine, bars: mine.bars + lookback }, ...others];
  };
  return {
    settings: { id: filter.id, parameters },
    indicators,
    // The same whatever they are bars of.
    warmupBars: lookedAt({ symbol: '', timeframe: '1m' })[0]?.bars ?? 1,
    needs: (own) => {
      const unfit = filter.unfit?.(parameters, own.timeframe) ?? null;
      if (unfit !== null)
        throw new UserError(
          `The filter "${filter.id}" cannot be used on bars of ${own.timeframe}: ${unfit}`,
          'Correct its parameters.',
        );
      return lookedAt(own);
    },
    judge: (view, side) => filter.judge(view, side, parameters),
  };
}
