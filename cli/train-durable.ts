import type { TrainingDefinition } from '../backtest/learn/training-job';
import { jobHash } from '../domain/ids';
import { trainingProgressQuery, type TrainingInput } from '../workflows/contract';
import type { InputRequest } from './backtest-input';
import type { Context } from './context';
import { durableEnd } from './durable-end';
import { followJob, startJob, type StartedJob } from './durable-job';
import { codeVersion } from './models';
import { trainingQuestion, type KeptTraining } from './training-record';

/**
 * Starts a training as a durable workflow of the running system, or joins the one of the same question.
 * @throws UserError when it is not on the market history, or that has no bars
 */
export async function startTraining(
  context: Context,
  request: Omit<InputRequest, 'runs'>,
  definition: TrainingDefinition,
): Promise<StartedJob<KeptTraining>> {
  const toMs = await durableEnd(context, request, 'neither --data nor --simulate');
  const question = trainingQuestion(definition, request, toMs);
  // Another version of the code may learn something else from the same.
  const trainingId = jobHash([JSON.stringify(question), codeVersion()]);
  const trainings = await context.trainings();
  await trainings.create(trainingId, question);
  const { kind, primary, symbols, timeframe } = definition;
  const title = `${kind} model of ${primary.strategy} on ${symbols.join(', ')} ${timeframe}`;
  const handle = await startJob(context, {
    ...{ workflow: 'training', kind: 'train', hash: trainingId },
    input: { trainingId, title } satisfies TrainingInput,
    summary: `training: ${title}`,
  });
  return {
    ...{ jobId: trainingId, workflowId: handle.workflowId },
    result: async (progress) => {
      const steps = definition.kind === 'signal' ? definition.folds : definition.seeds;
      await followJob(context, handle, {
        ...{ query: trainingProgressQuery, progress, what: 'training', total: steps + 1 },
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
