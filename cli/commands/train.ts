import { learner, trainSignalModel, type TrainingData } from '../../backtest/learn/signal-model';
import { trainAdjuster } from '../../backtest/learn/train-adjuster';
import {
  adjusterDefinition,
  signalDefinition,
  type TrainingDefinition,
  type TrainingOutcome,
} from '../../backtest/learn/training-job';
import { UserError } from '../../domain/errors';
import { storeModel, type StoredModel } from '../../domain/learning/model';
import { withBacktestInput } from '../backtest-input';
import { marketOptions, marketRequest } from '../backtest-options';
import { printAdjuster } from '../adjuster-report';
import { defineCommand } from '../command';
import { withContext } from '../context';
import { tellStarted } from '../durable-job';
import type { GlobalOptions } from '../locate-config';
import { openModels } from '../models';
import { createOutput } from '../output';
import { createProgress } from '../progress-bar';
import { printSignal } from '../signal-report';
import { startTraining } from '../train-durable';
import {
  ADJUSTER,
  adjusterRequest,
  signalRequest,
  trainingOptions,
  type TrainOptions,
} from '../train-options';
import { trainingDataOf } from '../training-data';

type Options = TrainOptions & GlobalOptions;

export const trainCommand = defineCommand<TrainOptions>({
  command: 'train <what>',
  describe: 'Train a model of which entries pay, or advice on positions, tested on what it has not seen',
  builder: (yargs) => trainingOptions(marketOptions(yargs)),
  run: async (options) => {
    if (options.detach && !options.durable)
      throw new UserError('--detach is for --durable: nobody else would go on.');
    await (options.what === ADJUSTER ? trainAdvice(options) : trainEntries(options));
  },
});

async function trainEntries(options: Options): Promise<void> {
  const request = signalRequest(options);
  if (options.durable) return trainDurably(options, signalDefinition(request));
  await trainHere(options, request, request.folds + 1, (data, onProgress) => ({
    kind: 'signal',
    ...trainSignalModel({ ...request, onProgress }, data),
  }));
}

async function trainAdvice(options: Options): Promise<void> {
  const request = adjusterRequest(options);
  if (options.durable) return trainDurably(options, adjusterDefinition(request));
  await trainHere(options, request, request.seeds, (data, onProgress) => ({
    ...{ kind: 'adjuster', notes: [] },
    ...trainAdjuster({ ...request, onProgress }, data),
  }));
}

type OnProgress = (done: number, all: number, what: string) => void;

const marketOf = (options: Options) => marketRequest({ ...options, balance: '10000' });

/** Loads what is learnt from, trains in this process, keeps the model and prints what was found. */
async function trainHere(
  options: Options,
  request: Parameters<typeof learner>[0],
  steps: number,
  train: (data: TrainingData, onProgress: OnProgress) => TrainingOutcome,
): Promise<void> {
  const { proposer } = learner(request);
  const input = { ...marketOf(options), runs: [{ name: 'train', strategy: proposer }] };
  await withBacktestInput(input, (loaded) => {
    const progress = createProgress(process.stderr, options.json);
    progress.begin('training', steps);
    const outcome = train(trainingDataOf(loaded, input.toMs), (done, _all, what) => {
      progress.update(done, what);
    });
    progress.end();
    const notes = [...loaded.notes, ...outcome.notes];
    putOut(options, storeModel(outcome.model, new Date().toISOString()), { ...outcome, notes });
  });
}

/** Has the running system train, and keeps and prints what it has found. */
async function trainDurably(options: Options, definition: TrainingDefinition): Promise<void> {
  await withContext(options, async (context) => {
    const { jobId, workflowId, result } = await startTraining(context, marketOf(options), definition);
    if (options.detach) {
      tellStarted(context, { workflowId, trainingId: jobId }, 'Training', 'how far it is, and the model');
      return;
    }
    const { stored, outcome } = await result(createProgress(process.stderr, options.json));
    putOut(options, stored, outcome);
  });
}

/** Keeps a model where it can be used, and tells what was found. */
function putOut(options: Options, stored: StoredModel, outcome: TrainingOutcome): void {
  const { id, checksum } = stored;
  const file = openModels(options).save(stored);
  const output = createOutput(options.json, (text) => process.stdout.write(text));
  output.result({ id, file, checksum, ...described(outcome) }, () => {
    if (outcome.kind === 'signal') printSignal(output, { id, file, ...outcome });
    else printAdjuster(output, { id, file, ...outcome });
  });
}

/** A model without what only it can read. */
function described(outcome: TrainingOutcome): object {
  if (outcome.kind === 'signal') {
    const { ensemble, ...rest } = outcome.model;
    return { ...rest, trees: ensemble.trees.length };
  }
  const { policy, ...rest } = outcome.model;
  return { ...rest, layers: policy.map(({ inputs, outputs }) => [inputs, outputs]) };
}
