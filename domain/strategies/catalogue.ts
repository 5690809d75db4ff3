import { agentStrategy } from '../agent/strategy';
import { AGENT_ID } from '../agent/tool-names';
import { UserError } from '../errors';
import { NO_MODELS, type ModelSource } from '../learning/model';
import { createEnsemble, ENSEMBLE } from './ensemble';
import { createLearnedStrategy, LEARNED_ID } from './learned';
import type { AnyStrategy } from './prepare';
import { STRATEGIES } from './registry';

/** A file that should hold a strategy and gives none. */
export interface StrategyFault {
  /** As a person would write its path. */
  readonly file: string;
  /** The id that a strategy in it would have: the name of the file. */
  readonly id: string;
  readonly problem: string;
  /** What to do about it. */
  readonly todo: string;
}

/** The strategies that can be run: the built-in ones, and those of a user's folder. */
export interface StrategyCatalogue {
  readonly strategies: readonly AnyStrategy[];
  /** Files of the folder that give none. They take nothing from the others. */
  readonly faults: readonly StrategyFault[];
  /** What strategies and advisers may ask. */
  readonly models: ModelSource;
  /** @throws UserError naming the id and the known ones, or what is wrong with the file of that name */
  find(id: string): AnyStrategy;
}

/** Ids that a strategy of the user's cannot have. */
export const isBuiltIn = (id: string): boolean =>
  Object.hasOwn(STRATEGIES, id) || id === ENSEMBLE || id === LEARNED_ID || id === AGENT_ID;

/**
 * @param own strategies of the user's, whose ids differ from each other and from those of the built-in ones
 * @param models what the strategy `learned` may ask
 */
export function createCatalogue(
  own: readonly AnyStrategy[],
  faults: readonly StrategyFault[],
  models: ModelSource = NO_MODELS,
): StrategyCatalogue {
  const find = (id: string): AnyStrategy => {
    const strategy = strategies.find((candidate) => candidate.id === id);
    if (strategy !== undefined) return strategy;
    const fault = faults.find((candidate) => candidate.id === id);
    if (fault !== undefined)
      throw new UserError(
        `The strategy "${id}" could not be loaded from ${fault.file}: ${fault.problem}`,
        fault.todo,
      );
    const known = strategies.map((candidate) => candidate.id).join(', ');
    throw new UserError(`There is no strategy "${id}".`, `Known strategies: ${known}.`);
  };
  const learned = createLearnedStrategy({ models, find });
  const ensemble = createEnsemble(find);
  const strategies = [...Object.values(STRATEGIES), ensemble, learned, agentStrategy, ...own];
  return { strategies, faults, models, find };
}

/** Of a user without strategies. */
export const BUILT_IN_CATALOGUE: StrategyCatalogue = createCatalogue([], []);
