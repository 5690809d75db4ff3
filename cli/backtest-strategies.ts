import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { strategySchema, type StrategyConfig } from '../config/schema';
import { timeframeMs, type Timeframe } from '../domain/bar';
import { UserError } from '../domain/errors';
import type { StrategyCatalogue } from '../domain/strategies/catalogue';
import { filtersFrom } from '../domain/strategies/filters/registry';
import { withFilters } from '../domain/strategies/filters/with-filters';
import type { InputRequest } from './backtest-input';
import { workingFolder } from './backtest-source';
import { messageOf } from './failure';
import type { GlobalOptions } from './locate-config';
import { parseFilters, parseParameters } from './parameters';
import { openCatalogue } from './strategy-catalogue';

/** Which strategies: by their ids, or as a configuration has them. */
export interface StrategyOptions {
  readonly strategy?: readonly string[];
  readonly strategies?: string;
  readonly symbol?: readonly string[];
  readonly timeframe?: Timeframe;
  readonly 'in-sample'?: boolean;
  readonly param?: readonly string[];
  readonly filter?: readonly string[];
}

/** Strategies on one account, and what is theirs of the market. */
export interface ChosenRuns {
  readonly runs: InputRequest['runs'];
  /** All that any of them trades. */
  readonly symbols: readonly string[];
  /** The finest of any of them; undefined where the strategies say nothing of it. */
  readonly timeframe: Timeframe | undefined;
  /** How long entries rest by the rules of live trading, which are the same for all. */
  readonly entryTtlBars: number;
  /** What a reader must know where those rules hold, in sentences. */
  readonly notes: readonly string[];
}

/** @throws UserError naming the option that cannot be used, and what it takes */
export function chosenRuns(options: StrategyOptions & Pick<GlobalOptions, 'config' | 'profile'>): ChosenRuns {
  const catalogue = openCatalogue(options);
  return options.strategies === undefined
    ? namedRuns(options, catalogue)
    : configuredRuns(options, options.strategies, catalogue);
}

/** All with the same pairs, filters and parameters; `ID.NAME=value` is a parameter of one alone. */
function namedRuns(options: StrategyOptions, catalogue: StrategyCatalogue): ChosenRuns {
  const { strategy: ids = [], symbol: symbols = [] } = options;
  if (ids.length === 0)
    throw new UserError(
      'Which strategy?',
      'Give --strategy ID, or --strategies FILE. Ids: ballast strategies --available',
    );
  if (symbols.length === 0) throw new UserError('Which pairs?', 'Give --symbol BTC/USDT.');
  const twice = ids.find((id, at) => ids.indexOf(id) !== at);
  if (twice !== undefined)
    throw new UserError(
      `--strategy ${twice} is given twice.`,
      'The same strategy in two versions needs two names: write them into a file for --strategies.',
    );
  const filters = filtersFrom(parseFilters(options.filter ?? []));
  const parameters = parseParameters(options.param ?? []);
  const runs = ids.map((id) => {
    const prepared = withFilters(catalogue.find(id), filters);
    return { name: id, strategy: hinted(ids, () => prepared.parse(parametersOf(id, ids, parameters))) };
  });
  return { runs, symbols, timeframe: undefined, entryTtlBars: 1, notes: [] };
}

/** Those of all, and over them those that are written `id.name`. */
function parametersOf(
  id: string,
  ids: readonly string[],
  parameters: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const entries = Object.entries(parameters);
  const ownerOf = (name: string): string | undefined => ids.find((one) => name.startsWith(`${one}.`));
  const common = entries.filter(([name]) => ownerOf(name) === undefined);
  const own = entries.filter(([name]) => ownerOf(name) === id);
  return Object.fromEntries([
    ...common,
    ...own.map(([name, value]): [string, unknown] => [name.slice(id.length + 1), value]),
  ]);
}

/** A parameter is refused: where there are several strategies, it may have been meant for one. */
function hinted<T>(ids: readonly string[], prepare: () => T): T {
  try {
    return prepare();
  } catch (error) {
    if (!(error instanceof UserError) || ids.length === 1) throw error;
    throw new UserError(
      error.message,
      `A parameter of one strategy alone: --param ${ids[0] ?? ''}.NAME=VALUE`,
    );
  }
}

const fileSchema = z.looseObject({ strategies: z.array(z.unknown()) });

function configuredRuns(options: StrategyOptions, file: string, catalogue: StrategyCatalogue): ChosenRuns {
  const { strategy, symbol, timeframe, param, filter } = options;
  const others = { strategy, symbol, timeframe, param, filter };
  const both = Object.entries(others).find(([, value]) => value !== undefined);
  if (both !== undefined)
    throw new UserError(
      `--${both[0]} and --strategies cannot be given together.`,
      `${file} says it for each of its strategies.`,
    );
  const entries = readEntries(file);
  const runs = entries.map((entry) => {
    const prepared = withFilters(catalogue.find(entry.strategy), filtersFrom(entry.filters));
    const { name, symbols, timeframe: bars, maxHoldingBars } = entry;
    return { name, symbols, timeframe: bars, maxHoldingBars, strategy: prepared.parse(entry.parameters) };
  });
  const [finest] = entries.map((entry) => entry.timeframe).sort((a, b) => timeframeMs(a) - timeframeMs(b));
  const lives = entries.map(({ entryTtlBars }) => entryTtlBars);
  const entryTtlBars = Math.min(...lives);
  const notes =
    new Set(lives).size === 1
      ? []
      : [`Entries of all rest for as many bars as ${file} says at least: ${entryTtlBars}.`];
  const symbols = [...new Set(entries.flatMap((entry) => entry.symbols))];
  return { runs, symbols, timeframe: finest, entryTtlBars, notes };
}

/** The strategies of a file that are enabled, as a configuration lists them: below `strategies:`, or alone. */
function readEntries(file: string): readonly StrategyConfig[] {
  const path = resolve(workingFolder(), file);
  let content: unknown;
  try {
    content = parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new UserError(`${path} cannot be read: ${messageOf(error)}`, 'Name a YAML or JSON file.');
  }
  const listed = fileSchema.safeParse(Array.isArray(content) ? { strategies: content } : content);
  if (!listed.success)
    throw new UserError(
      `${path} has no list called strategies.`,
      'Write it as in a configuration: docs/configuration.md.',
    );
  const entries = listed.data.strategies.map((entry, at) => {
    const result = strategySchema.safeParse(entry);
    if (result.success) return result.data;
    const faults = result.error.issues.map(
      (issue) =>
        `${path}: strategies.${at}${issue.path.map((key) => `.${String(key)}`).join('')}: ${issue.message}`,
    );
    throw new UserError(faults.join('\n'), 'docs/configuration.md lists what a strategy takes.');
  });
  const enabled = entries.filter((entry) => entry.enabled);
  if (enabled.length > 0) return enabled;
  throw new UserError(`${path} has no strategy that is enabled.`);
}
