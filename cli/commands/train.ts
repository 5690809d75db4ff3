import type { Argv } from 'yargs';
import { CalibrationKind } from '../../backtest/learn/calibrate';
import { DEFAULT_BOOSTER, FEATURE_NAMES, learner, trainSignalModel } from '../../backtest/learn/signal-model';
import { timeframeMs } from '../../domain/bar';
import { UserError } from '../../domain/errors';
import { storeModel } from '../../domain/learning/model';
import { everyBarStrategy } from '../../domain/strategies/every-bar';
import { findProposer } from '../../domain/strategies/learned';
import { withBacktestInput, type LoadedInput } from '../backtest-input';
import { marketOptions, marketRequest, PARAM, type MarketOptions } from '../backtest-options';
import { defineCommand } from '../command';
import type { GlobalOptions } from '../locate-config';
import { codeVersion, openModels } from '../models';
import { createOutput } from '../output';
import { parseParameters, splitList } from '../parameters';
import { createProgress } from '../progress-bar';
import { printSignal } from '../signal-report';
import { openCatalogue } from '../strategy-catalogue';

interface TrainOptions extends MarketOptions {
  readonly what?: string;
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
  readonly 'training-seed': number;
}

/** What `ballast train learned` looks at: every bar. */
const EVERY_BAR = 'learned';

export const trainCommand = defineCommand<TrainOptions>({
  command: 'train <what>',
  describe: 'Train a model of which entries pay, tested walk-forward on what it has not seen',
  builder: (yargs) => trainingOptions(marketOptions(yargs)),
  run: async (options) => {
    const models = openModels(options);
    const request = requestOf(options);
    const { proposer } = learner(request);
    const input = {
      ...marketRequest({ ...options, balance: '10000' }),
      runs: [{ name: 'train', strategy: proposer }],
    };
    await withBacktestInput(input, (loaded) => {
      const progress = createProgress(process.stderr, options.json);
      progress.begin('training', request.folds + 1);
      const onProgress = (done: number, _all: number, item: string): void => {
        progress.update(done, item);
      };
      const { model, trained, notes } = trainSignalModel(
        { ...request, onProgress },
        spanOf(loaded, input.toMs),
      );
      progress.end();
      const stored = storeModel(model, new Date().toISOString());
      const file = models.save(stored);
      const output = createOutput(options.json, (text) => process.stdout.write(text));
      const { ensemble, ...described } = model;
      output.result(
        { id: stored.id, file, checksum: stored.checksum, ...described, trees: ensemble.trees.length },
        () => {
          printSignal(output, { stored, trained, notes: [...loaded.notes, ...notes], file });
        },
      );
    });
  },
});

function trainingOptions<T>(yargs: Argv<T>) {
  const { rounds, maxDepth, learningRate, seed } = DEFAULT_BOOSTER;
  return yargs
    .positional('what', {
      type: 'string',
      describe: `"${EVERY_BAR}": an entry at every bar. Or a strategy, whose entries are chosen from`,
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
    .option('training-seed', number(seed, 'Of the rows and features that are drawn'));
}

const number = (value: number, describe: string) =>
  ({ type: 'number', default: value, requiresArg: true, describe }) as const;

function requestOf(options: TrainOptions & Pick<GlobalOptions, 'config' | 'profile'>) {
  const what = options.what ?? EVERY_BAR;
  const id = what === EVERY_BAR ? everyBarStrategy.id : what;
  const { horizon, folds, margin, fee, calibration } = options;
  return {
    primary: findProposer(id, (wanted) => openCatalogue(options).find(wanted)).parse(
      parseParameters(options.param ?? []),
    ),
    ...{ symbols: options.symbol, timeframe: options.timeframe },
    features: options.features ?? FEATURE_NAMES,
    horizonBars: whole('horizon', horizon, 1, 10_000),
    embargoBars: whole('embargo', options.embargo ?? horizon, 0, 100_000),
    folds: whole('folds', folds, 2, 50),
    feeFraction: Number(fee),
    margin: within('margin', margin, 0, 0.5),
    calibration,
    booster: {
      ...DEFAULT_BOOSTER,
      rounds: whole('trees', options.trees, 1, 5_000),
      maxDepth: whole('depth', options.depth, 1, 12),
      learningRate: within('learning-rate', options['learning-rate'], 0.001, 1),
      seed: whole('training-seed', options['training-seed'], 0, 0xffff_ffff),
    },
    codeVersion: codeVersion(),
  };
}

function within(name: string, value: number, low: number, high: number): number {
  if (value >= low && value <= high) return value;
  throw new UserError(`--${name} ${value} cannot be used.`, `Give a number from ${low} to ${high}.`);
}

function whole(name: string, value: number, low: number, high: number): number {
  if (Number.isInteger(value)) return within(name, value, low, high);
  throw new UserError(`--${name} ${value} cannot be used.`, 'Give a whole number.');
}

/** The time that is learnt from: what was asked for, as far as there are bars. */
function spanOf({ input, markets, fromMs }: LoadedInput, toMs: number | undefined) {
  const ends = markets.map(({ bars, timeframe }) => (bars.openTimeMs.at(-1) ?? 0) + timeframeMs(timeframe));
  const { observations } = input;
  return { markets, fromMs, toMs: toMs ?? Math.max(...ends), ...(observations && { observations }) };
}
