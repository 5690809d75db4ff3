import { parentPort, workerData } from 'node:worker_threads';
import { openStrategies } from '../adapters/strategies/load';
import { trainingSteps } from '../backtest/learn/training-job';
import { UserError } from '../domain/errors';
import type { TrainingAnswer, TrainingThreadSetup } from './training-messages';

/** A thread that does one thing for a training (workers/trainings.ts), and ends. */
function main(): void {
  if (parentPort === null) throw new Error('This is a program for threads.');
  parentPort.postMessage(answer(workerData as TrainingThreadSetup));
}

function answer({ definition, folders, codeVersion, data, task }: TrainingThreadSetup): TrainingAnswer {
  try {
    const catalogue = openStrategies(folders);
    const steps = trainingSteps(definition, { find: (id) => catalogue.find(id), codeVersion }, data);
    if (task.kind === 'plan') return { kind: 'planned', names: steps.names };
    if (task.kind === 'make') return { kind: 'made', part: steps.make(task.step) };
    return { kind: 'concluded', outcome: steps.conclude(task.parts) };
  } catch (error) {
    if (error instanceof UserError) return { kind: 'refused', message: error.message, hint: error.hint };
    throw error;
  }
}

main();
