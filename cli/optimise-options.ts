import { existsSync, readFileSync } from 'node:fs';
import { extname, resolve } from 'node:path';
import { parse } from 'yaml';
import type { Argv } from 'yargs';
import { declaredParameters, defaultSpace } from '../backtest/optimise/declared-space';
import { DEFAULT_OBJECTIVE, OBJECTIVES, type Objective } from '../backtest/optimise/objective';
import { BATCH, SearchMethod } from '../backtest/optimise/search';
import { parseSpace, splitSpace } from '../backtest/optimise/space-notation';
import type { Space } from '../backtest/optimise/space';
import type { SweepDefinition } from '../backtest/optimise/sweep';
import { UserError } from '../domain/errors';
import type { AnyStrategy } from '../domain/strategies/prepare';
import {
  accountOptions,
  marketOptions,
  marketRequest,
  PARAM,
  type AccountOptions,
  type MarketOptions,
} from './backtest-options';
import type { InputRequest } from './backtest-input';
import { workingFolder } from './backtest-source';
import { messageOf } from './failure';
import type { GlobalOptions } from './locate-config';
import { allProcessors } from './optimise-run';
import { filtersFrom } from '../domain/strategies/filters/registry';
import { FILTER_OPTION, parseFilters, parseParameters } from './parameters';

export interface OptimiseOptions extends SearchOptions {
  readonly 'out-of-sample': number;
  readonly top: number;
  readonly maps: number;
  readonly durable: boolean;
  readonly detach: boolean;
  /** `--json` alone prints the document, `--json FILE` writes it. */
  readonly json?: string;
  readonly html?: string;
}

/** What is searched, where and how. */
export interface SearchOptions extends MarketOptions, AccountOptions {
  readonly strategy: string;
  readonly param?: readonly string[];
  readonly filter?: readonly string[];
  readonly space?: string;
  readonly method: SearchMethod;
  readonly trials?: number;
  readonly 'grid-points'?: number;
  readonly batch: number;
  readonly objective: Objective;
  readonly 'min-trades': number;
  readonly purge?: number;
  readonly workers: number;
  readonly 'market-seed': number;
}

const TRIALS = 100;
const MOST_TRIALS = 100_000;
export const MOST_THREADS = 256;

export const optimiseBuilder = (yargs: Argv): Argv<OptimiseOptions> =>
  resultOptions(keptOptions(searchedStrategy(yargs)));

/** A strategy, its market and account, and a search of its parameters. */
export const searchedStrategy = <T>(yargs: Argv<T>) =>
  searchOptions(accountOptions(marketOptions(yargs)).positional('strategy', STRATEGY));

const STRATEGY = { type: 'string', demandOption: true, describe: 'Its id: ballast strategies' } as const;

/** What is varied, how it is searched, and what a trial is judged by. */
const searchOptions = <T>(yargs: Argv<T>) =>
  yargs
    .option('space', {
      type: 'string',
      requiresArg: true,
      describe:
        'What to vary: fast=5..20,slow=20..60, or a YAML or JSON file; else all that the strategy declares',
    })
    .option('param', {
      ...PARAM,
      describe: 'A parameter that is not varied, e.g. --param minAdx=20; repeatable',
    })
    .option('filter', FILTER_OPTION)
    .option('method', { choices: Object.values(SearchMethod), default: SearchMethod.Tpe, requiresArg: true })
    .option('trials', {
      type: 'number',
      requiresArg: true,
      describe: `How many at most (${TRIALS}; a grid: all of it)`,
    })
    .option('grid-points', {
      type: 'number',
      requiresArg: true,
      describe: 'Of a grid, on each axis of fractions (5)',
    })
    .option('batch', {
      type: 'number',
      default: BATCH,
      requiresArg: true,
      describe:
        'Proposals of TPE at the same time; its result depends on it, and not on the number of threads',
    })
    .option('seed', {
      type: 'number',
      default: 1,
      requiresArg: true,
      describe: 'Of the search: the same seed, the same trials',
    })
    .option('market-seed', {
      type: 'number',
      default: 1,
      requiresArg: true,
      describe: 'Of the simulated market',
    })
    .option('objective', { choices: OBJECTIVES, default: DEFAULT_OBJECTIVE, requiresArg: true })
    .option('min-trades', {
      type: 'number',
      default: 10,
      requiresArg: true,
      describe: 'A trial with fewer trades has no score',
    });

const keptOptions = <T>(yargs: Argv<T>) =>
  yargs
    .option('out-of-sample', {
      type: 'number',
      default: 0.3,
      requiresArg: true,
      describe: 'The share of the bars, the last ones, that the search does not see; 0 for none',
    })
    .option('purge', {
      type: 'number',
      requiresArg: true,
      describe: 'Bars left out before them; else as many as the longest indicator needs',
    });

export const WORKERS = {
  type: 'number',
  default: allProcessors(),
  requiresArg: true,
  describe: 'Threads',
} as const;

const resultOptions = <T>(yargs: Argv<T>) =>
  yargs
    .option('top', {
      type: 'number',
      default: 10,
      requiresArg: true,
      describe: 'How many of the best are shown',
    })
    .option('maps', {
      type: 'number',
      default: 2,
      requiresArg: true,
      describe: 'How many stability maps are printed; --html has all',
    })
    .option('workers', WORKERS)
    .option('durable', {
      type: 'boolean',
      default: false,
      describe:
        'As a workflow of the running system, which goes on whoever is killed; --workers has no effect',
    })
    .option('detach', {
      type: 'boolean',
      default: false,
      describe: 'Of --durable: start it, and do not wait',
    })
    .option('json', {
      type: 'string',
      describe: 'Write the whole result into this file; without a file, print it',
    })
    .option('html', {
      type: 'string',
      requiresArg: true,
      describe: 'Write a page with heat maps into this file',
    });

/** The market of these options, and the optimisation on it. @throws UserError naming the option that cannot be used */
export function sweepRequest(
  options: SearchOptions &
    Pick<OptimiseOptions, 'out-of-sample' | 'top'> &
    Pick<GlobalOptions, 'config' | 'profile'>,
  strategy: AnyStrategy,
): { readonly request: Omit<InputRequest, 'runs'>; readonly definition: SweepDefinition } {
  const request = marketRequest({ ...options, seed: options['market-seed'] });
  const { symbols, timeframe, venue, finer, fees, perpetual, rules, startingBalance, maxHoldingBars } =
    request;
  const { method, seed, objective } = options;
  const isGrid = method === SearchMethod.Grid;
  const fixed = parseParameters(options.param ?? []);
  const filters = filtersFrom(parseFilters(options.filter ?? [])).map(({ settings }) => settings);
  const space = spaceOf(options.space, strategy, fixed);
  return {
    request,
    definition: {
      ...{
        strategyId: strategy.id,
        fixed,
        ...(filters.length > 0 && { filters }),
        objective,
        symbols,
        timeframe,
        venue,
        finer,
      },
      ...{ fees, perpetual, rules, startingBalance, maxHoldingBars },
      plan: {
        ...{ space, method, seed: whole('seed', seed, -Infinity, Infinity) },
        trials: whole('trials', options.trials ?? (isGrid ? MOST_TRIALS : TRIALS), 1, MOST_TRIALS),
        batch: whole('batch', options.batch, 1, 4_096),
        ...(options['grid-points'] !== undefined && {
          gridPoints: whole('grid-points', options['grid-points'], 2, 1_000),
        }),
      },
      minTrades: whole('min-trades', options['min-trades'], 0, Infinity),
      outOfSample: share('out-of-sample', options['out-of-sample']),
      purge: options.purge === undefined ? null : whole('purge', options.purge, 0, Infinity),
      top: whole('top', options.top, 1, 1_000),
    },
  };
}

function spaceOf(
  written: string | undefined,
  strategy: AnyStrategy,
  fixed: Readonly<Record<string, unknown>>,
): Space {
  const declared = declaredParameters(strategy.schema);
  const unknown = Object.keys(fixed).find((name) => !declared.has(name));
  if (unknown !== undefined)
    throw new UserError(
      `--param names "${unknown}", which is no parameter of ${strategy.id}.`,
      `It has ${[...declared.keys()].join(', ')}.`,
    );
  const space = written === undefined ? defaultSpace(declared) : parseSpace(readSpace(written), declared);
  const both = Object.keys(fixed).filter((name) => name in space);
  if (written === undefined)
    return Object.fromEntries(Object.entries(space).filter(([name]) => !both.includes(name)));
  if (both[0] === undefined) return space;
  throw new UserError(`"${both[0]}" is both in --space and in --param.`, 'A parameter is varied or fixed.');
}

/** A file is told by its ending. */
function readSpace(written: string): Readonly<Record<string, unknown>> {
  if (!['.yaml', '.yml', '.json'].includes(extname(written))) return splitSpace(written);
  const path = resolve(workingFolder(), written);
  if (!existsSync(path)) throw new UserError(`--space ${written}: there is no file ${path}.`);
  let content: unknown;
  try {
    content = parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new UserError(`${path} cannot be read: ${messageOf(error)}`, 'Name a YAML or JSON file.');
  }
  if (typeof content === 'object' && content !== null && !Array.isArray(content))
    return content as Readonly<Record<string, unknown>>;
  throw new UserError(`${path} holds no space.`, 'Write it like: fast: 5..20');
}

/** @throws UserError for what is no whole number in this range */
export function whole(option: string, value: number, low: number, high: number): number {
  if (Number.isInteger(value) && value >= low && value <= high) return value;
  const range = Number.isFinite(high)
    ? `from ${low} to ${high}`
    : Number.isFinite(low)
      ? `of at least ${low}`
      : '';
  throw new UserError(`--${option} ${value} cannot be used.`, `Give a whole number ${range}`.trim() + '.');
}

function share(option: string, value: number): number {
  if (value >= 0 && value <= 0.9) return value;
  throw new UserError(`--${option} ${value} cannot be used.`, 'Give a share from 0 to 0.9, like 0.3.');
}
