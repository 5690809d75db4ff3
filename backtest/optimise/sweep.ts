import { timeframeMs, type Timeframe } from '../../domain/bar';
import type { DecimalString } from '../../domain/decimal';
import { UserError } from '../../domain/errors';
import type { ObservedSeries } from '../../domain/observations';
import { hash32 } from '../../domain/random';
import type { FilterSettings } from '../../domain/strategies/filters/filter';
import { prepareFilters } from '../../domain/strategies/filters/registry';
import { withFilters } from '../../domain/strategies/filters/with-filters';
import type { AnyStrategy, PreparedStrategy } from '../../domain/strategies/prepare';
import type { MarketData } from '../market';
import type { BacktestRules, PerpetualTerms } from '../rules';
import { walkForward } from '../truth/splits';
import type { Objective } from './objective';
import { randomSearch } from './plain-search';
import { gridSize, SearchMethod, type SearchPlan, type SearchResult, type Trial } from './search';
import type { Point } from './space';
import { createStudy, type Period, type Study, type StudySetup, type TrialResult } from './study';

/** An optimisation as a whole: plain data, so that it can be stored and sent. Where its bars are from is not part of it. */
export interface SweepDefinition {
  readonly strategyId: string;
  /** Parameters that are not varied. */
  readonly fixed: Readonly<Record<string, unknown>>;
  /** What entries have to pass. Absent: nothing. */
  readonly filters?: readonly FilterSettings[];
  readonly plan: SearchPlan;
  readonly objective: Objective;
  readonly minTrades: number;
  readonly symbols: readonly string[];
  readonly timeframe: Timeframe;
  readonly venue: string | undefined;
  readonly finer: Timeframe | undefined;
  readonly fees: { readonly maker: DecimalString; readonly taker: DecimalString };
  readonly perpetual: PerpetualTerms;
  readonly rules: BacktestRules;
  readonly startingBalance: DecimalString;
  readonly maxHoldingBars: number | null;
  /** This share of the bars, the last ones, is kept from the search, for the best trials to be tried on; 0 keeps none. */
  readonly outOfSample: number;
  /** Bars before it that are left out; null for as many as the longest indicator needs. */
  readonly purge: number | null;
  /** How many of the best are told, and tried out of sample. */
  readonly top: number;
}

/** An optimisation on stored market history, to be made by whoever has that. */
export interface StoredSweep {
  readonly definition: SweepDefinition;
  /** The first bar that may be traded; null for the first there is. */
  readonly fromMs: number | null;
  /** The end, exclusive. */
  readonly toMs: number;
}

/** What is searched on, and what the best are then tried on. */
export interface SweepPeriods {
  readonly inSample: Period;
  readonly outOfSample: Period | null;
  readonly purgeBars: number;
}

/** What a stored sweep was begun on. */
export interface SweepGround {
  readonly periods: SweepPeriods;
  /** Where the bars are from. */
  readonly data: string;
  readonly notes: readonly string[];
  readonly dataHash: string;
  /** Of a strategy of the user's own; null for one that comes with Ballast. */
  readonly strategyVersion: string | null;
}

/** One of the best, with what it does where the search has not looked. */
export interface RankedTrial extends Trial<TrialResult> {
  /** Null when nothing was kept for that. */
  readonly outOfSample: TrialResult | null;
}

/** Points whose needs are looked at, and a hash of its own for their draws. */
const SAMPLED = 200;
const SAMPLING = 'needs';

/**
 * The strategy with parameters from all over the space: what it needs at its longest is about what these need.
 * @throws UserError when none of them is allowed
 */
export function sampleStrategies(
  unfiltered: AnyStrategy,
  { fixed, filters = [], plan }: Pick<SweepDefinition, 'fixed' | 'filters' | 'plan'>,
): readonly PreparedStrategy[] {
  const strategy = withFilters(unfiltered, prepareFilters(filters));
  const atRandom = randomSearch(plan.space, hash32(plan.seed, SAMPLING));
  const points: Point[] = [highest(plan)];
  for (let draw = 0; draw < SAMPLED; draw += 1) points.push(atRandom(draw, []) ?? {});
  let reason: unknown;
  const prepared = points.flatMap((point) => {
    try {
      return [strategy.parse({ ...fixed, ...point })];
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      reason = error;
      return [];
    }
  });
  if (prepared.length > 0) return prepared;
  throw new UserError(
    `The strategy takes no point of this space: ${reason instanceof Error ? reason.message : ''}`,
    'Change --space or --param.',
  );
}

/** How many bars of their own timeframe these need before they may decide: the most that any of them does. */
export const warmupOf = (
  strategies: readonly PreparedStrategy[],
  { symbols, timeframe }: Pick<SweepDefinition, 'symbols' | 'timeframe'>,
): number =>
  Math.max(
    ...strategies.flatMap((strategy) =>
      symbols.flatMap((symbol) =>
        strategy
          .needs({ symbol, timeframe })
          .map((need) => Math.ceil((need.bars * timeframeMs(need.timeframe)) / timeframeMs(timeframe))),
      ),
    ),
  );

/** Most needs grow with what is asked for. */
const highest = ({ space }: SearchPlan): Point =>
  Object.fromEntries(
    Object.entries(space).map(([name, parameter]) => [
      name,
      parameter.kind === 'categorical' ? (parameter.choices.at(-1) ?? null) : parameter.high,
    ]),
  );

/** A sweep on its markets. */
export interface Ground {
  readonly setup: StudySetup;
  readonly periods: SweepPeriods;
  /** To ask what is allowed; it keeps no results of indicators. */
  readonly study: Study;
}

/**
 * Puts a sweep on its markets.
 * @param fromMs the open of the first bar that may be traded
 * @throws UserError when there are too few bars, or the grid is too large
 */
export function groundOf(
  strategy: AnyStrategy,
  definition: SweepDefinition,
  loaded: {
    readonly markets: readonly MarketData[];
    readonly fromMs: number;
    readonly input: { readonly observations?: readonly ObservedSeries[] };
  },
): Ground {
  const { markets, fromMs, input } = loaded;
  const [market] = markets;
  if (market === undefined) throw new UserError('There is no market.');
  const setup = setupOf(definition, markets, input.observations ?? []);
  const study = createStudy(strategy, setup, 0);
  checkGrid(definition.plan, study);
  const warmupBars = warmupOf(sampleStrategies(strategy, definition), definition);
  return { setup, study, periods: periodsOf(definition, market, fromMs, warmupBars) };
}

/** What every trial has in common. */
export const setupOf = (
  definition: SweepDefinition,
  markets: readonly MarketData[],
  observations: readonly ObservedSeries[],
): StudySetup => ({
  fixed: definition.fixed,
  ...(definition.filters && { filters: definition.filters }),
  symbols: definition.symbols,
  ...{ markets, observations },
  rules: definition.rules,
  startingBalance: definition.startingBalance,
  maxHoldingBars: definition.maxHoldingBars,
  objective: definition.objective,
  minTrades: definition.minTrades,
});

/**
 * Divides the bars: all trials begin when the longest indicators have settled, so that none has more time than another.
 * @param fromMs the open of the first bar that may be traded
 * @throws UserError when there are too few bars
 */
export function periodsOf(
  { outOfSample, purge }: Pick<SweepDefinition, 'outOfSample' | 'purge'>,
  market: MarketData,
  fromMs: number,
  warmupBars: number,
): SweepPeriods {
  const { openTimeMs } = market.bars;
  const first = Math.max(
    openTimeMs.findIndex((timeMs) => timeMs >= fromMs),
    warmupBars - 1,
  );
  const bars = openTimeMs.length - first;
  const opensAt = (index: number): number =>
    openTimeMs[first + index] ?? (openTimeMs.at(-1) ?? 0) + timeframeMs(market.timeframe);
  const test = Math.round(outOfSample * bars);
  const purgeBars = test === 0 ? 0 : (purge ?? Math.min(warmupBars, Math.floor(bars / 10)));
  const train = bars - test - purgeBars;
  if (train < 2 || bars < 2)
    throw new UserError(
      `There are ${Math.max(0, bars)} bars of ${market.instrument.symbol} after ${warmupBars} that warm up, which is too few.`,
      'Widen --from and --to, keep less for --out-of-sample, or narrow the space.',
    );
  if (test === 0)
    return { inSample: { fromMs: opensAt(0), toMs: opensAt(bars) }, outOfSample: null, purgeBars };
  const [split] = walkForward({ bars, train, test, purge: purgeBars, embargo: 0 });
  const [learnt] = split?.train ?? [];
  if (split === undefined || learnt === undefined) throw new Error('The bars do not divide.');
  return {
    inSample: { fromMs: opensAt(learnt.from), toMs: opensAt(learnt.to) },
    outOfSample: { fromMs: opensAt(split.test.from), toMs: opensAt(split.test.to) },
    purgeBars,
  };
}

/**
 * A part of a grid says nothing about the rest.
 * @throws UserError when the grid has more points than may be tried
 */
export function checkGrid(plan: SearchPlan, study: Pick<Study, 'allows'>): void {
  if (plan.method !== SearchMethod.Grid) return;
  const size = gridSize(plan, (point) => study.allows(point));
  if (size > plan.trials)
    throw new UserError(
      `The grid has ${size} points, and --trials allows ${plan.trials}.`,
      `Allow them (--trials ${size}), take wider steps (--space period=10..50:5), or search by random or tpe.`,
    );
}

/** The best first, of equals the one that was proposed first. Trials without a score are none of them. */
export const rankedTrials = (
  { trials }: Pick<SearchResult<TrialResult>, 'trials'>,
  top: number,
): readonly Trial<TrialResult>[] =>
  trials
    .filter(({ score }) => score !== null)
    .toSorted((a, b) => (b.score ?? 0) - (a.score ?? 0) || a.number - b.number)
    .slice(0, top);
