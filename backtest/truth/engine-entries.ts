import { hash32, RandomStream } from '../../domain/random';
import { mean, quantile, sampleDeviation } from '../../domain/statistics';
import type { AnySignal, PreparedStrategy } from '../../domain/strategies/prepare';
import { holding } from '../../domain/strategies/scope';
import {
  PositionSide,
  SignalKind,
  type EntryPlan,
  type Signal,
  type StrategyView,
} from '../../domain/strategy';
import { createIndicatorCache } from '../../domain/strategy-columns';
import { runBacktest, type BacktestInput, type BacktestResult } from '../backtest';
import type { PermutationTest } from './random-entries';
import { laneKey, runRecorded, withStrategies, type LaneRecord } from './recording';
import { shuffled } from './resampling';

/** A result beside those of entries by chance, all made by the engine. */
export interface EntryTest extends PermutationTest {
  readonly runs: number;
  readonly seed: number;
  /** Trades of the strategy, and of the random entries on average: some are refused by the account's limits. */
  readonly trades: number;
  readonly meanTrades: number;
  /** Profits of the random entries: between `low` and `high` lie nine in ten. */
  readonly low: number;
  readonly median: number;
  readonly high: number;
}

/**
 * A permutation test of the entries, priced by the engine: as many entries as the strategy made, on every symbol, at random
 * bars, with the same rules for leaving, the same sizes, limits, costs and fills. What is left of the result when chance
 * enters is what holding and leaving are worth; what the strategy has above it is what its entries are worth.
 *
 * Chance enters at bars at which the strategy is flat and would not leave at once (all of them as likely), with the stop,
 * target and trail of one of the strategy's own entries at the same distances relative to the price, and leaves by those, by
 * the strategy's own word, and by its time limit. The p-value is (1 + runs at least as good) / (1 + runs), never zero
 * (B. Phipson and G. Smyth, "Permutation P-values Should Never Be Zero", 2010).
 * @param options.onRun told of each run that is done
 * @returns null when the strategy never entered, or quotes: entries by chance are at market, and would be compared with a maker's
 * @throws RangeError when there is no run
 */
export function againstEngineEntries(
  input: BacktestInput,
  options: { readonly runs: number; readonly seed: number; readonly onRun?: (done: number) => void },
): EntryTest | null {
  const { runs, seed, onRun = () => undefined } = options;
  if (!Number.isInteger(runs) || runs < 1)
    throw new RangeError(`There must be at least one run, not ${runs}.`);
  if (input.runs.some(({ strategy }) => strategy.quotes)) return null;
  const shared: BacktestInput = { ...input, compute: input.compute ?? createIndicatorCache() };
  const { result, lanes } = runRecorded(shared);
  const plans = plansOf(shared, result, lanes);
  if (plans.size === 0) return null;
  const chance = Array.from({ length: runs }, (_, run) => {
    const random = runBacktest(
      withStrategies(shared, ({ name, strategy }) =>
        atRandom(strategy, (symbol) => {
          const plan = plans.get(laneKey(name, symbol));
          return plan && new Chance(plan, hash32(seed, run, laneKey(name, symbol)));
        }),
      ),
    );
    onRun(run + 1);
    return random;
  });
  const observed = profitOf(result);
  const profits = chance.map(profitOf);
  const asGood = profits.filter((profit) => profit >= observed).length;
  return {
    ...{ observed, mean: mean(profits), deviation: sampleDeviation(profits), runs, seed },
    pValue: (1 + asGood) / (1 + runs),
    trades: result.trades.length,
    meanTrades: mean(chance.map(({ trades }) => trades.length)),
    low: quantile(profits, 0.05),
    median: quantile(profits, 0.5),
    high: quantile(profits, 0.95),
  };
}

const profitOf = ({ finalEquity, startingBalance }: BacktestResult): number => finalEquity - startingBalance;

/** An entry's prices as parts of the price it refers to. */
type Shape = Readonly<Record<'stop' | 'target', number>> & {
  readonly side: PositionSide;
  readonly trail: number | null;
};

/** What chance is told about a strategy on one symbol. */
interface EntriesPlan {
  readonly shapes: readonly Shape[];
  readonly entries: number;
  /** Mean length of a trade, in bars. */
  readonly holdingBars: number;
  /** By when a bar opens: how many bars there are from it on at which one may enter on a side; 0 where one may not. */
  readonly left: Readonly<Record<PositionSide, ReadonlyMap<number, number>>>;
}

function plansOf(
  input: BacktestInput,
  { trades }: BacktestResult,
  lanes: readonly LaneRecord[],
): ReadonlyMap<string, EntriesPlan> {
  const stays = new Map<string, Stays>();
  runBacktest(
    withStrategies(input, ({ name, strategy }) =>
      probing(strategy, (symbol) => {
        const key = laneKey(name, symbol);
        const known = stays.get(key) ?? { long: [], short: [] };
        stays.set(key, known);
        return known;
      }),
    ),
  );
  const plans = new Map<string, EntriesPlan>();
  for (const { strategy, symbol, signals } of lanes) {
    const key = laneKey(strategy, symbol);
    const mine = trades.filter((trade) => trade.strategy === strategy && trade.symbol === symbol);
    const shapes = signals.flatMap(({ plan }) => (plan === null ? [] : [shapeOf(plan)]));
    if (mine.length === 0 || shapes.length === 0) continue;
    const { long, short } = stays.get(key) ?? { long: [], short: [] };
    plans.set(key, {
      shapes,
      entries: mine.length,
      holdingBars: mean(mine.map(({ bars }) => bars)),
      left: { long: countDown(long), short: countDown(short) },
    });
  }
  return plans;
}

/** When the bars open at which a position of a side would be kept. */
type Stays = Readonly<Record<PositionSide, number[]>>;

const countDown = (openTimes: readonly number[]): ReadonlyMap<number, number> =>
  new Map(openTimes.map((timeMs, index) => [timeMs, openTimes.length - index]));

const shapeOf = (plan: EntryPlan): Shape => ({
  side: plan.side,
  stop: plan.stopPrice / plan.referencePrice,
  target: plan.targetPrice / plan.referencePrice,
  trail: plan.trailDistance === null ? null : plan.trailDistance / plan.referencePrice,
});

const HOLD: AnySignal = { kind: SignalKind.Hold, because: () => [] };

/** Never enters, and asks at every bar whether a position would be kept. */
const probing = (strategy: PreparedStrategy, staysOf: (symbol: string) => Stays): PreparedStrategy => ({
  ...strategy,
  onBar(view) {
    const stays = staysOf(view.symbol);
    for (const side of Object.values(PositionSide))
      if (strategy.onBar(holding(view, side)).kind !== SignalKind.Exit) stays[side].push(view.openTimeMs);
    return HOLD;
  },
});

/** Enters where chance says, and leaves as the strategy does. */
function atRandom(
  strategy: PreparedStrategy,
  chanceOf: (symbol: string) => Chance | undefined,
): PreparedStrategy {
  const chances = new Map<string, Chance | undefined>();
  const find = (symbol: string): Chance | undefined => {
    if (!chances.has(symbol)) chances.set(symbol, chanceOf(symbol));
    return chances.get(symbol);
  };
  return {
    ...strategy,
    onBar: (view) =>
      view.position === null ? (find(view.symbol)?.decide(view) ?? HOLD) : strategy.onBar(view),
  };
}

/** Draws the entries of one run on one symbol, so that all of them fit and every free bar is as likely. */
class Chance {
  private readonly random: RandomStream;
  private readonly shapes: readonly Shape[];
  private entered = 0;

  constructor(
    private readonly plan: EntriesPlan,
    seed: number,
  ) {
    this.random = new RandomStream(seed);
    this.shapes = shuffled(plan.shapes, this.random);
  }

  decide(view: StrategyView): AnySignal {
    const { entries, holdingBars, left } = this.plan;
    const wanted = entries - this.entered;
    const shape = this.shapes[this.entered % this.shapes.length];
    if (wanted <= 0 || shape === undefined) return HOLD;
    const bars = left[shape.side].get(view.openTimeMs) ?? 0;
    if (bars === 0) return HOLD;
    // Of what is left, the entries still to come will hold for so long.
    const free = Math.max(wanted, bars - wanted * holdingBars);
    if (this.random.uniform() * free >= wanted) return HOLD;
    this.entered += 1;
    return enter(view.close.at(0), shape);
  }
}

const enter = (price: number, { side, stop, target, trail }: Shape): Signal => ({
  kind: SignalKind.Enter,
  side,
  referencePrice: price,
  stopPrice: price * stop,
  targetPrice: price * target,
  trailDistance: trail === null ? null : price * trail,
  because: () => [],
});
