import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Trainings } from '../activities/training';
import { createModelRegistry, modelFolder } from '../adapters/models/registry';
import type { TrainingStore } from '../adapters/store/trainings';
import { learner } from '../backtest/learn/signal-model';
import { shareMarkets } from '../backtest/optimise/shared-markets';
import { loadInput } from '../cli/backtest-input';
import { historySource } from '../cli/backtest-source';
import { trainingDataOf } from '../cli/training-data';
import type { KeptTraining, TrainingGround, TrainingQuestion } from '../cli/training-record';
import { UserError } from '../domain/errors';
import { storeModel } from '../domain/learning/model';
import { findProposer } from '../domain/strategies/learned';
import { dataHash } from './data-hash';
import { HISTORY, type SweepsParts } from './sweeps';
import type { TrainingAnswer, TrainingTask, TrainingThreadSetup } from './training-messages';

export type TrainingsParts = Pick<SweepsParts, 'history' | 'candles' | 'strategies' | 'folders'> & {
  readonly store: TrainingStore;
  /** The compiled program of a thread. */
  readonly script?: string;
  /** What trains: it goes into the model, and one training is made by one version. */
  readonly codeVersion: string;
};

/**
 * Makes the trainings that the database holds, each step in a thread of its own that ends with it. A model is kept in the state folder of
 * the worker that puts it together, and in the database.
 */
export function createTrainings(parts: TrainingsParts): Trainings {
  const { store, folders, script = join(__dirname, 'training-thread.js') } = parts;

  async function work(trainingId: string, task: TrainingTask, signal: AbortSignal) {
    const { ground, setup } = await open(parts, trainingId);
    signal.throwIfAborted();
    return { ground, answer: await inThread(script, { ...setup, task }, signal) };
  }

  async function putTogether(trainingId: string, steps: number, signal: AbortSignal): Promise<KeptTraining> {
    const made = await store.parts(trainingId);
    const all = Array.from({ length: steps }, (_, step) => {
      if (!made.has(step)) throw new Error(`The training ${trainingId} has no part ${step}.`);
      return made.get(step);
    });
    const { answer, ground } = await work(trainingId, { kind: 'conclude', parts: all }, signal);
    if (answer.kind !== 'concluded') return unexpected(answer);
    const { outcome } = answer;
    const mine: KeptTraining = {
      stored: storeModel(outcome.model, new Date().toISOString()),
      outcome: { ...outcome, notes: [...ground.notes, ...outcome.notes] },
    };
    return (await store.conclude(trainingId, mine)) as KeptTraining;
  }

  return {
    async plan(trainingId, signal) {
      const { answer } = await work(trainingId, { kind: 'plan' }, signal);
      return answer.kind === 'planned' ? answer.names : unexpected(answer);
    },
    async make(trainingId, step, signal) {
      if (await store.hasPart(trainingId, step)) return;
      const { answer } = await work(trainingId, { kind: 'make', step }, signal);
      await store.keep(trainingId, step, answer.kind === 'made' ? answer.part : unexpected(answer));
    },
    async conclude(trainingId, steps, signal) {
      const kept = (await store.find(trainingId))?.outcome as KeptTraining | null | undefined;
      const { stored } = kept ?? (await putTogether(trainingId, steps, signal));
      // Again, when it has been concluded: whoever did that may have died before the file was there.
      createModelRegistry(modelFolder(folders.stateDir)).save(stored);
      return stored.id;
    },
  };
}

function unexpected(answer: TrainingAnswer): never {
  throw new Error(`A thread of a training answered "${answer.kind}" to another question.`);
}

/** What a training is made on. @throws UserError when that is not there, or not what it began with */
async function open(
  { store, history, candles, strategies, folders, codeVersion }: TrainingsParts,
  trainingId: string,
): Promise<{ readonly ground: TrainingGround; readonly setup: Omit<TrainingThreadSetup, 'task'> }> {
  const found = await store.find(trainingId);
  if (found === undefined) throw new UserError(`The database has no training ${trainingId}.`);
  const { definition, market } = found.definition as TrainingQuestion;
  const strategy = findProposer(definition.primary.strategy, (id) => strategies.find(id));
  const primary = strategy.parse(definition.primary.parameters);
  const { proposer } = learner({ ...definition, primary });
  const loaded = await loadInput(await historySource({ history, candles }), {
    ...market,
    ...{ fromMs: market.fromMs ?? undefined, source: HISTORY, l2: [] },
    ...{ venue: market.venue, finer: market.finer, config: undefined, profile: undefined },
    runs: [{ name: 'train', strategy: proposer }],
  });
  const data = trainingDataOf(loaded, market.toMs);
  const mine: TrainingGround = {
    ...{ data: loaded.description, notes: loaded.notes, dataHash: dataHash(data) },
    ...{ codeVersion, strategyVersion: strategy.origin?.version ?? null },
  };
  const ground = (await store.settle(trainingId, mine)) as TrainingGround;
  for (const [changed, what] of [
    [ground.dataHash !== mine.dataHash, 'The market history has'],
    [ground.strategyVersion !== mine.strategyVersion, `The file of the strategy ${primary.id} has`],
    [ground.codeVersion !== mine.codeVersion, 'The code has'],
  ] as const)
    if (changed)
      throw new UserError(
        `${what} changed since this training began: its parts would not fit together.`,
        'Begin another, with another --to or --training-seed.',
      );
  const shared = { ...data, markets: shareMarkets(data.markets) };
  return { ground, setup: { definition, folders, codeVersion, data: shared } };
}

/** @throws UserError that the thread told, Error when it died, the signal's reason when that ends it */
function inThread(script: string, setup: TrainingThreadSetup, signal: AbortSignal): Promise<TrainingAnswer> {
  const thread = new Worker(script, { workerData: setup, execArgv: [] });
  const end = (): void => void thread.terminate();
  signal.addEventListener('abort', end, { once: true });
  return new Promise<TrainingAnswer>((resolve, reject) => {
    thread.once('message', (answer: TrainingAnswer) => {
      if (answer.kind === 'refused') reject(new UserError(answer.message, answer.hint));
      else resolve(answer);
    });
    thread.once('error', reject);
    thread.once('exit', (code) => {
      reject(
        signal.aborted ? (signal.reason as Error) : new Error(`A training's thread ended with ${code}.`),
      );
    });
  }).finally(() => {
    signal.removeEventListener('abort', end);
  });
}
