import type { TrainingDefinition } from '../backtest/learn/training-job';
import { jobHash } from '../domain/ids';
import { startOptions, trainingProgressQuery, workflowIds } from '../workflows/contract';
import type { InputRequest } from './backtest-input';
import type { Context } from './context';
import { followJob } from './follow-job';
import { codeVersion } from './models';
import { durableEnd } from './optimise-durable';
import type { Progress } from './progress-bar';
import { trainingQuestion, type KeptTraining } from './training-record';

export interface StartedTraining {
  readonly trainingId: string;
  readonly workflowId: string;
  /** Follows it to its end. */
  readonly result: (progress: Progress) => Promise<KeptTraining>;
}

/**
 * Starts a training as a durable workflow of the running system, or joins the one of the same question.
 * @throws UserError when it is not on the market history, or that has no bars
 */
export async function startTraining(
  context: Context,
  request: Omit<InputRequest, 'runs'>,
  definition: TrainingDefinition,
): Promise<StartedTraining> {
  const toMs = await durableEnd(context, request, 'neither --data nor --simulate');
  const question = trainingQuestion(definition, request, toMs);
  // Another version of the code may learn something else from the same.
  const trainingId = jobHash([JSON.stringify(question), codeVersion()]);
  const trainings = await context.trainings();
  await trainings.create(trainingId, question);
  const { kind, primary, symbols, timeframe } = definition;
  const title = `${kind} model of ${primary.strategy} on ${symbols.join(', ')} ${timeframe}`;
  const handle = await (
    await context.temporal()
  ).workflow.start('training', {
    ...startOptions,
    workflowId: workflowIds.job('train', trainingId),
    workflowIdConflictPolicy: 'USE_EXISTING',
    args: [{ trainingId, title }],
    staticSummary: `training: ${title}`,
  });
  return {
    ...{ trainingId, workflowId: handle.workflowId },
    result: async (progress) => {
      const steps = definition.kind === 'signal' ? definition.folds : definition.seeds;
      progress.begin('training', steps + 1);
      await followJob(handle, {
        ...{ query: trainingProgressQuery, progress, limitMs: context.config.exchange.requestTimeoutMs },
        show: ({ made, modelId }, trouble) => {
          progress.update(modelId === null ? made : made + 1, '', trouble);
        },
      });
      const outcome = (await trainings.find(trainingId))?.outcome as KeptTraining | null | undefined;
      if (outcome === null || outcome === undefined)
        throw new Error(`The training ${trainingId} has left no model.`);
      return outcome;
    },
  };
}
