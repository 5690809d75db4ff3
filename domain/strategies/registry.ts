import { UserError } from '../errors';
import { parameterError } from '../parameter-error';
import type { BarView, Signal, Strategy } from '../strategy';
import { emaCrossStrategy } from './ema-cross';
import { rsiStrategy } from './rsi';
import { hold } from './signals';

/** A strategy with its parameters settled: a function from closed bars to a signal. */
export interface PreparedStrategy {
  readonly id: string;
  /** Every parameter, defaults filled in. */
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly warmupBars: number;
  /**
   * Decides on the newest `warmupBars` bars of the view, never on more, so that the same market gives the same decision
   * however much history the caller holds. With fewer it holds.
   */
  onBar(view: BarView): Signal;
}

/** A strategy whose type of parameters is forgotten. */
export interface AnyStrategy {
  readonly id: string;
  readonly summary: string;
  /**
   * Checks parameters and fills in defaults.
   * @throws UserError naming each bad parameter, its value and what is allowed.
   */
  parse(parameters: unknown): PreparedStrategy;
}

/** Every strategy there is, by id. */
export const STRATEGIES: Readonly<Record<string, AnyStrategy>> = Object.fromEntries(
  [erase(rsiStrategy), erase(emaCrossStrategy)].map((strategy) => [strategy.id, strategy]),
);

/** @throws UserError naming the id and the known ones. */
export function findStrategy(id: string): AnyStrategy {
  const strategy = Object.hasOwn(STRATEGIES, id) ? STRATEGIES[id] : undefined;
  if (strategy !== undefined) return strategy;
  throw new UserError(
    `There is no strategy "${id}".`,
    `Known strategies: ${Object.keys(STRATEGIES).join(', ')}.`,
  );
}

function erase<P extends Readonly<Record<string, unknown>>>(strategy: Strategy<P>): AnyStrategy {
  const { id, summary } = strategy;
  const known = Object.keys(strategy.parameters.parse({}));
  return {
    id,
    summary,
    parse(input) {
      const result = strategy.parameters.safeParse(input ?? {});
      if (!result.success)
        throw parameterError(
          `strategies.${id}`,
          known,
          input,
          result.error.issues,
          `Correct the parameters of the strategy "${id}".`,
        );
      const parameters = result.data;
      const warmupBars = strategy.warmupBars(parameters);
      return { id, parameters, warmupBars, onBar: (view) => decide(strategy, parameters, warmupBars, view) };
    },
  };
}

function decide<P>(strategy: Strategy<P>, parameters: P, warmupBars: number, view: BarView): Signal {
  const count = view.bars.length;
  if (count < warmupBars) {
    const text = `Warming up: ${count} of ${warmupBars} bars`;
    return hold({ code: 'warming-up', text, values: { bars: count, warmupBars } });
  }
  return strategy.onBar({ ...view, bars: view.bars.slice(-warmupBars) }, parameters);
}
