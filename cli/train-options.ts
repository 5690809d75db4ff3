import type { Argv } from 'yargs';
import { CalibrationKind } from '../backtest/learn/calibrate';
import { DEFAULT_PPO } from '../backtest/learn/ppo';
import { DEFAULT_BOOSTER, FEATURE_NAMES, type SignalModelRequest } from '../backtest/learn/signal-model';
import type { AdjusterRequest } from '../backtest/learn/train-adjuster';
import { UserError } from '../domain/errors';
import { everyBarStrategy } from '../domain/strategies/every-bar';
import { findProposer } from '../domain/strategies/learned';
import { DEFAULT_TIMEFRAME, PARAM, type MarketOptions } from './backtest-options';
import type { GlobalOptions } from './locate-config';
import { codeVersion } from './models';
import { parseParameters, splitList } from './parameters';
import { openCatalogue } from './strategy-catalogue';

export interface TrainOptions extends MarketOptions {
  readonly what?: string;
  readonly strategy?: string;
  readonly param?: readonly string[];
  readonly features?: readonly string[];
  readonly horizon: number;
  readonly embargo?: number;
  readonly folds: number;
  readonly calibration: CalibrationKind;
  readonly margin: number;
  readonly fee: string;
  readonly trees: number;
  readonly depth: number;
  readonly 'learning-rate': number;
  readonly seeds: number;
  readonly iterations: number;
  readonly 'training-seed': number;
  readonly durable: boolean;
  readonly detach: boolean;
}

type Options = TrainOptions & Pick<GlobalOptions, 'config' | 'profile'>;

/** What `ballast train learned` looks at: every bar. */
export const EVERY_BAR = 'learned';
/** What `ballast train adjuster` trains: advice on the positions of `--strategy`. */
export const ADJUSTER = 'adjuster';

export function trainingOptions<T>(yargs: Argv<T>) {
  const { rounds, maxDepth, learningRate, seed } = DEFAULT_BOOSTER;
  return yargs
    .positional('what', {
      type: 'string',
      describe: `"${EVERY_BAR}": an entry at every bar. A strategy: its entries are chosen from. "${ADJUSTER}": advice on the positions of --strategy`,
    })
    .option('strategy', {
      type: 'string',
      requiresArg: true,
      describe: `With "${ADJUSTER}": whose positions`,
    })
    .option('param', {
      ...PARAM,
      describe: 'A parameter of the strategy, e.g. --param stopAtr=2; repeatable',
    })
    .option('features', {
      ...{ type: 'string', array: true, coerce: splitList },
      describe: `Some of ${FEATURE_NAMES.join(', ')} (all)`,
    })
    .option('horizon', number(24, 'Bars after which a trade is over'))
    .option('embargo', {
      type: 'number',
      requiresArg: true,
      describe: 'Further bars kept apart (as the horizon)',
    })
    .option('folds', number(6, 'Walk-forward folds; the first only calibrates'))
    .option('calibration', {
      choices: Object.values(CalibrationKind),
      default: CalibrationKind.Platt,
      describe: 'How scores become probabilities',
    })
    .option('margin', number(0.02, 'Above break-even for an entry, in the verdict'))
    .option('fee', {
      type: 'string',
      default: '0.001',
      requiresArg: true,
      describe: 'A fraction of each trade',
    })
    .option('trees', number(rounds, 'The most there may be'))
    .option('depth', number(maxDepth, 'Of each tree'))
    .option('learning-rate', number(learningRate, 'Of each tree'))
    .option('seeds', number(3, 'Policies of an adjuster, from different beginnings'))
    .option('iterations', number(DEFAULT_PPO.iterations, 'Rounds of learning of each policy'))
    .option('training-seed', number(seed, 'Of the rows and features that are drawn'))
    .option('durable', {
      type: 'boolean',
      default: false,
      describe: 'As a workflow of the running system, which survives every crash; on the market history only',
    })
    .option('detach', {
      type: 'boolean',
      default: false,
      describe: 'With --durable: do not wait for the model',
    });
}

const number = (value: number, describe: string) =>
  ({ type: 'number', default: value, requiresArg: true, describe }) as const;

/** What all trainings have in common. @throws UserError naming the option that cannot be used */
function common(options: Options, id: string) {
  const { horizon, fee } = options;
  return {
    primary: findProposer(id, (wanted) => openCatalogue(options).find(wanted)).parse(
      parseParameters(options.param ?? []),
    ),
    ...{ symbols: options.symbol, timeframe: options.timeframe ?? DEFAULT_TIMEFRAME },
    features: options.features ?? FEATURE_NAMES,
    horizonBars: whole('horizon', horizon, 1, 10_000),
    embargoBars: whole('embargo', options.embargo ?? horizon, 0, 100_000),
    feeFraction: Number(fee),
    codeVersion: codeVersion(),
  };
}

/** @throws UserError naming the option that cannot be used */
export function signalRequest(options: Options): SignalModelRequest {
  const { folds, margin, calibration } = options;
  const what = options.what ?? EVERY_BAR;
  return {
    ...common(options, what === EVERY_BAR ? everyBarStrategy.id : what),
    folds: whole('folds', folds, 2, 50),
    margin: within('margin', margin, 0, 0.5),
    calibration,
    booster: {
      ...DEFAULT_BOOSTER,
      rounds: whole('trees', options.trees, 1, 5_000),
      maxDepth: whole('depth', options.depth, 1, 12),
      learningRate: within('learning-rate', options['learning-rate'], 0.001, 1),
      seed: seedOf(options),
    },
  };
}

/** @throws UserError naming the option that cannot be used, or missing */
export function adjusterRequest(options: Options): AdjusterRequest {
  if (options.strategy === undefined)
    throw new UserError(
      'An adjuster advises on the positions of a strategy.',
      'Name it: ballast train adjuster --strategy ema-cross …',
    );
  return {
    ...common(options, options.strategy),
    seeds: whole('seeds', options.seeds, 1, 20),
    ppo: {
      ...DEFAULT_PPO,
      iterations: whole('iterations', options.iterations, 1, 10_000),
      seed: seedOf(options),
    },
  };
}

const seedOf = (options: Options): number => whole('training-seed', options['training-seed'], 0, 0xffff_ffff);

function within(name: string, value: number, low: number, high: number): number {
  if (value >= low && value <= high) return value;
  throw new UserError(`--${name} ${value} cannot be used.`, `Give a number from ${low} to ${high}.`);
}

function whole(name: string, value: number, low: number, high: number): number {
  if (Number.isInteger(value)) return within(name, value, low, high);
  throw new UserError(`--${name} ${value} cannot be used.`, 'Give a whole number.');
}
