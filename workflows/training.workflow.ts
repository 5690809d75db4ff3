import { setCurrentDetails, setHandler } from '@temporalio/workflow';
import { trainingProgressQuery, type TrainingInput, type TrainingProgress } from './contract';
import { trainingActivities } from './proxies';

/**
 * Trains a model: its steps are divided among the workers, and put together when all of them have been made. What each gives is in the
 * database, and every one can be repeated; so it comes to the same model, whoever is killed.
 */
export async function training(input: TrainingInput): Promise<TrainingProgress> {
  const { trainingId, title } = input;
  let progress: TrainingProgress = { steps: null, made: 0, modelId: null };
  const tell = (change: Partial<TrainingProgress>): void => {
    progress = { ...progress, ...change };
    setCurrentDetails(describe(input, progress));
  };
  setHandler(trainingProgressQuery, () => progress);
  const names = await trainingActivities(`${title}: what there is to learn from`).planTraining({
    trainingId,
  });
  tell({ steps: names.length });
  await Promise.all(
    names.map(async (name, step) => {
      await trainingActivities(`${title}: ${name}`).trainStep({ trainingId, step });
      tell({ made: progress.made + 1 });
    }),
  );
  const modelId = await trainingActivities(`${title}: everything`).concludeTraining({
    ...{ trainingId, steps: names.length },
  });
  tell({ modelId });
  return progress;
}

const describe = ({ title }: TrainingInput, { steps, made, modelId }: TrainingProgress): string =>
  `**${title}**: ${made} of ${steps ?? '?'} steps${modelId === null ? '' : `, the model is ${modelId}`}`;
