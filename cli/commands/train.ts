import { learner, trainSignalModel } from '../../backtest/learn/signal-model';
import { trainAdjuster } from '../../backtest/learn/train-adjuster';
import { timeframeMs } from '../../domain/bar';
import { storeModel, type Model } from '../../domain/learning/model';
import { withBacktestInput, type LoadedInput } from '../backtest-input';
import { marketOptions, marketRequest } from '../backtest-options';
import { printAdjuster } from '../adjuster-report';
import { defineCommand } from '../command';
import type { GlobalOptions } from '../locate-config';
import { openModels } from '../models';
import { createOutput } from '../output';
import { createProgress } from '../progress-bar';
import { printSignal } from '../signal-report';
import {
  ADJUSTER,
  adjusterRequest,
  signalRequest,
  trainingOptions,
  type TrainOptions,
} from '../train-options';

type Options = TrainOptions & GlobalOptions;

export const trainCommand = defineCommand<TrainOptions>({
  command: 'train <what>',
  describe: 'Train a model of which entries pay, or advice on positions, tested on what it has not seen',
  builder: (yargs) => trainingOptions(marketOptions(yargs)),
  run: (options) => (options.what === ADJUSTER ? trainAdvice(options) : trainEntries(options)),
});

async function trainEntries(options: Options): Promise<void> {
  const request = signalRequest(options);
  await withTraining(options, request, request.folds + 1, (data, onProgress) => {
    const { model, trained, notes } = trainSignalModel({ ...request, onProgress }, data);
    const { ensemble, ...described } = model;
    return {
      model,
      described: { ...described, trees: ensemble.trees.length },
      print: (kept) => {
        printSignal(kept.output, { ...kept, trained, notes: [...kept.notes, ...notes] });
      },
    };
  });
}

async function trainAdvice(options: Options): Promise<void> {
  const request = adjusterRequest(options);
  await withTraining(options, request, request.seeds, (data, onProgress) => {
    const { model, evaluation } = trainAdjuster({ ...request, onProgress }, data);
    const { policy, ...described } = model;
    return {
      model,
      described: { ...described, layers: policy.map(({ inputs, outputs }) => [inputs, outputs]) },
      print: (kept) => {
        printAdjuster(kept.output, { ...kept, evaluation });
      },
    };
  });
}

/** Where a model is kept, and what there is to say with it. */
interface Kept {
  readonly id: string;
  readonly file: string;
  readonly notes: readonly string[];
  readonly output: ReturnType<typeof createOutput>;
}

type OnProgress = (done: number, all: number, what: string) => void;

/** Loads what is learnt from, trains, keeps the model and prints what was found. */
async function withTraining(
  options: Options,
  request: Parameters<typeof learner>[0],
  steps: number,
  train: (
    data: ReturnType<typeof dataOf>,
    onProgress: OnProgress,
  ) => { readonly model: Model; readonly described: object; readonly print: (kept: Kept) => void },
): Promise<void> {
  const models = openModels(options);
  const { proposer } = learner(request);
  const input = {
    ...marketRequest({ ...options, balance: '10000' }),
    runs: [{ name: 'train', strategy: proposer }],
  };
  await withBacktestInput(input, (loaded) => {
    const progress = createProgress(process.stderr, options.json);
    progress.begin('training', steps);
    const { model, described, print } = train(dataOf(loaded, input.toMs), (done, _all, what) => {
      progress.update(done, what);
    });
    progress.end();
    const { id, checksum, ...rest } = storeModel(model, new Date().toISOString());
    const file = models.save({ id, checksum, ...rest });
    const output = createOutput(options.json, (text) => process.stdout.write(text));
    output.result({ id, file, checksum, ...described }, () => {
      print({ ...{ id, file, output }, notes: loaded.notes });
    });
  });
}

/** The time that is learnt from: what was asked for, as far as there are bars. */
function dataOf({ input, markets, fromMs }: LoadedInput, toMs: number | undefined) {
  const ends = markets.map(({ bars, timeframe }) => (bars.openTimeMs.at(-1) ?? 0) + timeframeMs(timeframe));
  const { observations } = input;
  return { markets, fromMs, toMs: toMs ?? Math.max(...ends), ...(observations && { observations }) };
}
