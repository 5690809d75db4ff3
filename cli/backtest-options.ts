import type { Argv } from 'yargs';
import { perpetualSchema, type PerpetualTerms } from '../backtest/rules';
import { Timeframe } from '../domain/bar';
import { decimal, isPositive, type DecimalString } from '../domain/decimal';
import { UserError } from '../domain/errors';
import { AGENT_ID } from '../domain/agent/tool-names';
import { BUILT_IN_CATALOGUE } from '../domain/strategies/catalogue';
import { STORED } from './backtest-depth';
import type { InputRequest } from './backtest-input';
import { withAccountLimits } from './backtest-perpetual';
import { l2Of, LIVE, rulesOf, type RulesOptions } from './backtest-rules';
import { chosenRuns, type StrategyOptions } from './backtest-strategies';
import type { GlobalOptions } from './locate-config';
import { FILTER_OPTION, splitList } from './parameters';
import { configOf } from './strategy-catalogue';
import { utcTime } from './format';
import { timeOption } from './time-option';

/** Which bars. */
export interface MarketOptions {
  readonly symbol: readonly string[];
  /** {@link DEFAULT_TIMEFRAME} when nobody says. */
  readonly timeframe?: Timeframe;
  readonly from?: string;
  readonly to?: string;
  readonly data?: string;
  readonly simulate?: boolean;
  readonly seed: number;
  readonly venue?: string;
  readonly finer?: Timeframe;
}

/** Which money, and how orders become trades. */
export interface AccountOptions extends RulesOptions {
  readonly balance: string;
  readonly fee: string;
  readonly 'maker-fee'?: string;
  readonly 'max-holding-bars'?: number;
  readonly leverage?: number;
}

export type InputOptions = Omit<MarketOptions, 'symbol'> & AccountOptions & StrategyOptions;

export const DEFAULT_TIMEFRAME = Timeframe.H1;

/**
 * What these options ask for.
 * @throws UserError naming the option that cannot be used, and what it takes
 */
export function inputRequest(
  options: InputOptions & Pick<GlobalOptions, 'config' | 'profile'>,
): InputRequest {
  const { runs, symbols, timeframe, entryTtlBars, notes } = chosenRuns(options);
  const market = { ...options, symbol: symbols, ...(timeframe !== undefined && { timeframe }) };
  const request = marketRequest(market, entryTtlBars);
  return {
    ...request,
    ...{ runs, inSample: options['in-sample'] === true },
    notes: options.rules === LIVE ? notes : [],
  };
}

/** All of {@link inputRequest} but the strategies, for commands that choose their parameters themselves. */
export const marketRequest = (
  options: MarketOptions & AccountOptions & Pick<GlobalOptions, 'config' | 'profile'>,
  entryTtlBars = 1,
): Omit<InputRequest, 'runs'> => {
  const rules = withAccountLimits(
    rulesOf(options, () => configOf(options).risk, entryTtlBars),
    options.symbol,
  );
  const fromMs = timeOption('from', options.from);
  const toMs = timeOption('to', options.to);
  if (fromMs !== undefined && toMs !== undefined && fromMs >= toMs)
    throw new UserError(
      `There is nothing from ${utcTime(fromMs)} to ${utcTime(toMs)}.`,
      'Let --from be before --to.',
    );
  return {
    symbols: options.symbol,
    timeframe: options.timeframe ?? DEFAULT_TIMEFRAME,
    ...{ fromMs, toMs },
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

/** The agent wishes things in the world, and cannot be tested on the past. */
const TESTABLE = BUILT_IN_CATALOGUE.strategies.map(({ id }) => id).filter((id) => id !== AGENT_ID);

const strategyOptions = <T>(yargs: Argv<T>) =>
  yargs
    .option('strategy', {
      type: 'string',
      array: true,
      requiresArg: true,
      coerce: splitList,
      describe: `Its id, or several for one account: ${TESTABLE.join(', ')}, or your own`,
    })
    .option('strategies', {
      type: 'string',
      requiresArg: true,
      describe:
        'Instead of --strategy: a file with the strategies: of a configuration, each with its pairs, timeframe, parameters and filters',
    })
    .option('in-sample', {
      type: 'boolean',
      describe: 'Test models on what they were trained on all the same, and say so in the report',
    })
    .option('param', {
      ...PARAM,
      describe: 'A parameter, e.g. --param fast=9, or of one of several strategies: --param ema-cross.fast=9',
    })
    .option('filter', FILTER_OPTION);

export const PARAM = {
  type: 'string',
  array: true,
  describe: 'A parameter, e.g. --param fast=9; repeatable',
} as const;

const SYMBOL = {
  type: 'string',
  array: true,
  coerce: splitList,
  describe: 'Pairs, e.g. BTC/USDT,ETH/USDT; a perpetual is BTC/USDT:USDT',
} as const;

export const marketOptions = <T>(yargs: Argv<T>) =>
  barOptions(yargs.option('symbol', { ...SYMBOL, demandOption: true }));

/** What {@link inputRequest} takes. */
export const inputOptions = <T>(yargs: Argv<T>) =>
  accountOptions(barOptions(strategyOptions(yargs).option('symbol', SYMBOL)));

const barOptions = <T>(yargs: Argv<T>) =>
  yargs
    .option('timeframe', {
      choices: Object.values(Timeframe),
      requiresArg: true,
      defaultDescription: `"${DEFAULT_TIMEFRAME}"`,
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
      describe:
        'A YAML or JSON file of fill rules (docs/backtesting.md), or "live": those of live trading on spot',
    })
    .option('spread', {
      type: 'number',
      requiresArg: true,
      describe: 'Between bid and ask, a fraction of the price (0); a taker pays half',
    })
    .option('latency-ms', {
      type: 'number',
      requiresArg: true,
      describe: 'From the decision to when an order may fill, at the first open after it (0)',
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
