import { continueAsNew, setCurrentDetails, setHandler, workflowInfo } from '@temporalio/workflow';
import type { BestTrial, TrialRange } from '../activities/optimisation';
import { optimisationProgressQuery, type OptimisationInput, type OptimisationProgress } from './contract';
import { sweepActivities } from './proxies';

/** Batches of one run: enough to be worth it, few enough that its history stays small. */
const BATCHES_PER_RUN = 200;

/**
 * Searches a strategy's parameters: batch after batch is proposed, divided among the workers and tried. Points and results are in
 * the database, and every step can be repeated; so it comes to the same result, whoever is killed.
 */
export async function optimisation(input: OptimisationInput): Promise<OptimisationProgress> {
  const { sweepId, title, partSize, batchesPerRun = BATCHES_PER_RUN } = input;
  let progress: OptimisationProgress = input.carried ?? { trials: 0, batches: 0, best: null, done: false };
  setHandler(optimisationProgressQuery, () => progress);
  for (let batches = 1; !progress.done; batches += 1) {
    const range = await sweepActivities(`${title}: the next batch`).proposeTrials({ sweepId });
    const isEnd = range.to <= range.from;
    if (isEnd) await sweepActivities(`${title}: the best out of sample`).finishSweep({ sweepId });
    const best = await Promise.all(
      partsOf(range, partSize).map((part) =>
        sweepActivities(`${title}: trials ${part.from} to ${part.to - 1}`).runTrials({ sweepId, ...part }),
      ),
    );
    progress = {
      trials: isEnd ? progress.trials : range.to,
      batches: progress.batches + (isEnd ? 0 : 1),
      best: best.reduce(better, progress.best),
      done: isEnd,
    };
    setCurrentDetails(describe(input, progress));
    if (!isEnd && (workflowInfo().continueAsNewSuggested || batches >= batchesPerRun))
      await continueAsNew<typeof optimisation>({ ...input, carried: progress });
  }
  return progress;
}

function partsOf({ from, to }: TrialRange, size: number): readonly TrialRange[] {
  const parts: TrialRange[] = [];
  for (let start = from; start < to; start += size)
    parts.push({ from: start, to: Math.min(to, start + size) });
  return parts;
}

/** The higher score; of equals the trial that was proposed first. */
function better(a: BestTrial, b: BestTrial): BestTrial {
  if (a === null || b === null) return a ?? b;
  if (a.score === b.score) return a.number <= b.number ? a : b;
  return a.score > b.score ? a : b;
}

const describe = ({ title }: OptimisationInput, { trials, best, done }: OptimisationProgress): string =>
  `**${title}**: ${trials} trials${best === null ? '' : `, the best is number ${best.number} with a score of ${best.score}`}${done ? ', done' : ''}`;
