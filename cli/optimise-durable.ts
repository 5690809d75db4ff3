import type { SweepStore } from '../adapters/store/sweeps';
import { sweepReport, type SweepReport } from '../backtest/optimise/sweep-report';
import { trialOf } from '../backtest/optimise/stored-trial';
import {
  rankedTrials,
  type StoredSweep,
  type SweepDefinition,
  type SweepGround,
} from '../backtest/optimise/sweep';
import type { TrialResult } from '../backtest/optimise/study';
import { BATCH } from '../backtest/optimise/search';
import { jobHash } from '../domain/ids';
import { optimisationProgressQuery, type OptimisationInput } from '../workflows/contract';
import type { InputRequest } from './backtest-input';
import type { Context } from './context';
import { durableEnd } from './durable-end';
import { followJob, startJob, type StartedJob } from './durable-job';

/** A batch is divided into so many activities, for workers that share it. */
const PARTS = 4;

/**
 * Starts an optimisation as a durable workflow of the running system, or joins the one of the same question.
 * @throws UserError when it is not on the market history, or that has no bars
 */
export async function startSweep(
  context: Context,
  request: Omit<InputRequest, 'runs'>,
  definition: SweepDefinition,
): Promise<StartedJob<SweepReport>> {
  const toMs = await durableEnd(context, request, 'neither --data, --simulate nor --l2');
  const stored: StoredSweep = { definition, fromMs: request.fromMs ?? null, toMs };
  const sweepId = jobHash([JSON.stringify(stored)]);
  const sweeps = await context.sweeps();
  await sweeps.create(sweepId, stored);
  const title = `${definition.strategyId} on ${definition.symbols.join(', ')} ${definition.timeframe}`;
  const { trials, batch = BATCH } = definition.plan;
  const handle = await startJob(context, {
    ...{ workflow: 'optimisation', kind: 'optimise', hash: sweepId },
    input: { sweepId, title, partSize: Math.ceil(batch / PARTS) } satisfies OptimisationInput,
    summary: `optimisation of ${title}`,
  });
  return {
    ...{ jobId: sweepId, workflowId: handle.workflowId },
    result: async (progress) => {
      await followJob(context, handle, {
        ...{ query: optimisationProgressQuery, progress, what: 'trials', total: trials },
        show: ({ trials: done, best }, trouble) => {
          const score = best === null ? '' : `best score ${best.score.toPrecision(4)}`;
          progress.update(done, '', `${score}${trouble}`);
        },
      });
      return storedReport(sweeps, sweepId, definition);
    },
  };
}

/** The report of a sweep that has ended, from its record. */
async function storedReport(
  sweeps: SweepStore,
  sweepId: string,
  definition: SweepDefinition,
): Promise<SweepReport> {
  const ground = (await sweeps.find(sweepId))?.ground as SweepGround | null | undefined;
  if (ground === null || ground === undefined) throw new Error(`The sweep ${sweepId} has no record.`);
  const rows = await sweeps.trials(sweepId);
  const trials = rows.map(trialOf);
  const ranked = rankedTrials({ trials }, definition.top).map((trial) => ({
    ...trial,
    outOfSample: (rows[trial.number]?.outOfSample ?? null) as TrialResult | null,
  }));
  const { periods, data, notes } = ground;
  return sweepReport({ definition, periods, trials, ranked, data, notes });
}
