import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse } from 'yaml';
import type { Argv } from 'yargs';
import {
  backtestRulesSchema,
  perpetualSchema,
  type BacktestRules,
  type PerpetualTerms,
} from '../backtest/rules';
import { Timeframe } from '../domain/bar';
import { decimal, isPositive, type DecimalString } from '../domain/decimal';
import { UserError } from '../domain/errors';
import { filtersFrom } from '../domain/strategies/filters/registry';
import { withFilters } from '../domain/strategies/filters/with-filters';
import { STRATEGIES } from '../domain/strategies/registry';
import { STORED } from './backtest-depth';
import type { InputRequest } from './backtest-input';
import { withAccountLimits } from './backtest-perpetual';
import { workingFolder } from './backtest-source';
import { messageOf } from './failure';
import type { GlobalOptions } from './locate-config';
import { FILTER_OPTION, parseFilters, parseParameters, splitList } from './parameters';
import { openCatalogue } from './strategy-catalogue';
import { timeOption } from './time-option';

/** Which bars. */
export interface MarketOptions {
  readonly symbol: readonly string[];
  readonly timeframe: Timeframe;
  readonly from?: string;
  readonly to?: string;
  readonly data?: string;
  readonly simulate?: boolean;
  readonly seed: number;
  readonly venue?: string;
  readonly finer?: Timeframe;
}

/** Which money, and how orders become trades. */
export interface AccountOptions {
  readonly balance: string;
  readonly fraction?: number;
  readonly fee: string;
  readonly 'maker-fee'?: string;
  readonly 'max-holding-bars'?: number;
  readonly leverage?: number;
  readonly rules?: string;
  readonly slippage?: string;
  readonly l2?: readonly string[];
}

/** Which strategies. */
export interface StrategyOptions {
  readonly strategy: readonly string[];
  readonly 'in-sample'?: boolean;
  readonly param?: readonly string[];
  readonly filter?: readonly string[];
}

export type InputOptions = MarketOptions & AccountOptions & StrategyOptions;

/**
 * What these options ask for.
 * @throws UserError naming the option that cannot be used, and what it takes
 */
export function inputRequest(
  options: InputOptions & Pick<GlobalOptions, 'config' | 'profile'>,
): InputRequest {
  const catalogue = openCatalogue(options);
  const filters = filtersFrom(parseFilters(options.filter ?? []));
  const runs = [...new Set(options.strategy)].map((id) => ({
    name: id,
    strategy: withFilters(catalogue.find(id), filters).parse(parseParameters(options.param ?? [])),
  }));
  return { runs, inSample: options['in-sample'] === true, ...marketRequest(options) };
}

/** All of {@link inputRequest} but the strategies, for commands that choose their parameters themselves. */
export const marketRequest = (
  options: MarketOptions & AccountOptions & Pick<GlobalOptions, 'config' | 'profile'>,
): Omit<InputRequest, 'runs'> => {
  const rules = withAccountLimits(rulesOf(options), options.symbol);
  return {
    symbols: options.symbol,
    timeframe: options.timeframe,
    fromMs: timeOption('from', options.from),
    toMs: timeOption('to', options.to),
    source: { data: options.data, simulate: options.simulate === true, seed: options.seed },
    venue: options.venue,
    finer: options.finer,
    startingBalance: moneyOption('balance', options.balance),
    fees: {
      taker: feeOption('fee', options.fee),
      maker: feeOption('maker-fee', options['maker-fee'] ?? options.fee),
    },
    maxHoldingBars: options['max-holding-bars'] ?? null,
    perpetual: perpetualOf(options),
    rules,
    l2: l2Of(options, rules),
    ...{ config: options.config, profile: options.profile },
  };
};

/** The strategies as options, for commands that test several on one account. */
export const strategyOptions = <T>(yargs: Argv<T>) =>
  yargs
    .option('strategy', {
      type: 'string',
      array: true,
      demandOption: true,
      describe: `Its id, or several for one account: ${Object.keys(STRATEGIES).join(', ')}, or your own`,
    })
    .option('in-sample', {
      type: 'boolean',
      describe: 'Test models on what they were trained on all the same, and say so in the report',
    })
    .option('param', PARAM)
    .option('filter', FILTER_OPTION);

export const PARAM = {
  type: 'string',
  array: true,
  describe: 'A parameter, e.g. --param fast=9; repeatable',
} as const;

export const marketOptions = <T>(yargs: Argv<T>) =>
  yargs
    .option('symbol', {
      type: 'string',
      array: true,
      demandOption: true,
      coerce: splitList,
      describe: 'Pairs, e.g. BTC/USDT,ETH/USDT; a perpetual is BTC/USDT:USDT',
    })
    .option('timeframe', {
      choices: Object.values(Timeframe),
      default: Timeframe.H1,
      describe: 'Bars that are decided on; put together from finer ones if need be',
    })
    .option('from', {
      type: 'string',
      requiresArg: true,
      describe: 'UTC, e.g. 2024-01-01; bars before it warm up',
    })
    .option('to', { type: 'string', requiresArg: true, describe: 'UTC; exclusive' })
    .option('data', {
      type: 'string',
      requiresArg: true,
      describe: 'Folder of candle files; else what `ballast data import` has stored',
    })
    .option('simulate', { type: 'boolean', describe: 'The simulated market instead' })
    .option('seed', {
      type: 'number',
      default: 1,
      requiresArg: true,
      describe: 'Of the simulated market, and of what is drawn by chance',
    })
    .option('venue', { type: 'string', requiresArg: true, describe: 'Where several have the symbol' })
    .option('finer', {
      choices: Object.values(Timeframe),
      requiresArg: true,
      describe: 'Bars that tell what came first inside a bar',
    })
    .conflicts('simulate', ['data', 'venue']);

export const accountOptions = <T>(yargs: Argv<T>) =>
  yargs
    .option('balance', {
      type: 'string',
      default: '10000',
      requiresArg: true,
      describe: 'What the account begins with',
    })
    .option('fraction', {
      type: 'number',
      requiresArg: true,
      describe: 'Of the cash for each entry; without it the risk limits of live trading size it',
    })
    .option('fee', {
      type: 'string',
      default: '0.001',
      requiresArg: true,
      describe: 'A fraction of each trade',
    })
    .option('maker-fee', { type: 'string', requiresArg: true, describe: 'Of what rests; else the same' })
    .option('max-holding-bars', { type: 'number', requiresArg: true, describe: 'Leave after so many bars' })
    .option('leverage', { type: 'number', requiresArg: true, describe: 'Of perpetuals (1)' })
    .option('rules', {
      type: 'string',
      requiresArg: true,
      describe: 'A YAML or JSON file of fill rules (docs/backtesting.md)',
    })
    .option('slippage', {
      type: 'string',
      requiresArg: true,
      describe: 'none, fixed=0.0005, volume-share or volume-share=0.1, book',
    })
    .option('l2', {
      type: 'string',
      array: true,
      requiresArg: true,
      describe: `Recorded order book for --slippage book: a file, or "${STORED}" for what is imported; repeatable`,
    });

function rulesOf({ rules, fraction, slippage }: AccountOptions): BacktestRules {
  const result = backtestRulesSchema.safeParse({
    ...(rules !== undefined && readRules(rules)),
    ...(fraction !== undefined && { sizing: { kind: 'cash-fraction', fraction } }),
    ...(slippage !== undefined && { slippage: slippageOf(slippage) }),
  });
  if (result.success) return result.data;
  const faults = result.error.issues.map(({ path, message }) => `${path.join('.') || 'rules'}: ${message}`);
  throw new UserError(faults.join('\n'), 'docs/backtesting.md lists every rule and what it takes.');
}

/** `kind`, or `kind=number` where the number is what the kind takes. */
function slippageOf(text: string): object {
  const [kind = '', amount] = text.split('=');
  const takes: Readonly<Record<string, string | null>> = {
    ...{ none: null, book: null, fixed: 'fraction', 'volume-share': 'impact' },
  };
  const field = takes[kind];
  const fits = amount === undefined ? kind !== 'fixed' : field != null && /^\d*\.?\d+$/.test(amount);
  if (field === undefined || !fits)
    throw new UserError(
      `--slippage ${text} cannot be used.`,
      'Give none, fixed=0.0005 (a fraction of the price), volume-share, volume-share=0.1 or book.',
    );
  return { kind, ...(field !== null && amount !== undefined && { [field]: Number(amount) }) };
}

function l2Of({ l2 = [] }: AccountOptions, { slippage }: BacktestRules): readonly string[] {
  if (l2.length === 0 || slippage.kind === 'book') return l2;
  throw new UserError(
    `--l2 ${l2.join(' ')} is for slippage by the book, and it is ${slippage.kind}.`,
    'Add --slippage book.',
  );
}

function readRules(file: string): object {
  const path = resolve(workingFolder(), file);
  let content: unknown;
  try {
    content = parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new UserError(`${path} cannot be read: ${messageOf(error)}`, 'Name a YAML or JSON file.');
  }
  if (typeof content === 'object' && content !== null && !Array.isArray(content)) return content;
  throw new UserError(`${path} holds no rules.`, 'Write them like: spreadFraction: 0.0002');
}

function perpetualOf({ symbol, leverage }: MarketOptions & AccountOptions): PerpetualTerms {
  if (leverage !== undefined && !symbol.every((one) => one.includes(':')))
    throw new UserError('--leverage is for perpetuals, whose symbols are written like BTC/USDT:USDT.');
  const result = perpetualSchema.safeParse(leverage === undefined ? {} : { leverage });
  if (result.success) return result.data;
  throw new UserError(`--leverage ${leverage ?? ''} cannot be used.`, 'Give a number from 1 to 125.');
}

function moneyOption(name: string, text: string): DecimalString {
  const value = decimalOption(name, text);
  if (isPositive(value)) return value;
  throw new UserError(`--${name} ${text} is not an amount above zero.`);
}

function feeOption(name: string, text: string): DecimalString {
  const value = decimalOption(name, text);
  if (Number(value) >= 0 && Number(value) < 0.1) return value;
  throw new UserError(`--${name} ${text} is no fee.`, 'Give a fraction of the trade, like 0.001 for 0.1 %.');
}

function decimalOption(name: string, text: string): DecimalString {
  try {
    return decimal(text);
  } catch {
    throw new UserError(`--${name} ${text} is no number.`);
  }
}
