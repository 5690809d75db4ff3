import { HistoryKind } from '../adapters/history/port';
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
import { Timeframe, timeframeMs } from '../domain/bar';
import { UserError } from '../domain/errors';
import { jobHash } from '../domain/ids';
import { optimisationProgressQuery, startOptions, workflowIds } from '../workflows/contract';
import type { InputRequest } from './backtest-input';
import type { Context } from './context';
import { followJob } from './follow-job';
import type { Progress } from './progress-bar';

/** A batch is divided into so many activities, for workers that share it. */
const PARTS = 4;

export interface StartedSweep {
  readonly sweepId: string;
  readonly workflowId: string;
  /** Follows it to its end. */
  readonly result: (progress: Progress) => Promise<SweepReport>;
}

/**
 * Starts an optimisation as a durable workflow of the running system, or joins the one of the same question.
 * @throws UserError when it is not on the market history, or that has no bars
 */
export async function startSweep(
  context: Context,
  request: Omit<InputRequest, 'runs'>,
  definition: SweepDefinition,
): Promise<StartedSweep> {
  const toMs = await durableEnd(context, request, 'neither --data, --simulate nor --l2');
  const stored: StoredSweep = { definition, fromMs: request.fromMs ?? null, toMs };
  const sweepId = jobHash([JSON.stringify(stored)]);
  const sweeps = await context.sweeps();
  await sweeps.create(sweepId, stored);
  const title = `${definition.strategyId} on ${definition.symbols.join(', ')} ${definition.timeframe}`;
  const { trials, batch = BATCH } = definition.plan;
  const handle = await (
    await context.temporal()
  ).workflow.start('optimisation', {
    ...startOptions,
    workflowId: workflowIds.job('optimise', sweepId),
    workflowIdConflictPolicy: 'USE_EXISTING',
    args: [{ sweepId, title, partSize: Math.ceil(batch / PARTS) }],
    staticSummary: `optimisation of ${title}`,
  });
  return {
    ...{ sweepId, workflowId: handle.workflowId },
    result: async (progress) => {
      progress.begin('trials', trials);
      await followJob(handle, {
        ...{ query: optimisationProgressQuery, progress, limitMs: context.config.exchange.requestTimeoutMs },
        show: ({ trials: done, best }, trouble) => {
          const score = best === null ? '' : `best score ${best.score.toPrecision(4)}`;
          progress.update(done, '', `${score}${trouble}`);
        },
      });
      return storedReport(sweeps, sweepId, stored.definition);
    },
  };
}

/**
 * Up to where a durable job on the market history looks, which every worker can read.
 * @param instead what the command must not be given
 * @throws UserError when it is on something else, or there are no bars
 */
export async function durableEnd(
  context: Context,
  { source, l2, toMs, symbols }: Pick<InputRequest, 'source' | 'l2' | 'toMs' | 'symbols'>,
  instead: string,
): Promise<number> {
  if (source.data !== undefined || source.simulate || l2.length > 0)
    throw new UserError(
      `--durable works on the market history, which every worker can read: ${instead}.`,
      'Import the files first: ballast data import FOLDER',
    );
  return toMs ?? endOfStored(context, symbols);
}

/** Where the stored bars of these symbols end: the end of the one that ends first. */
async function endOfStored(context: Context, symbols: readonly string[]): Promise<number> {
  const series = (await (await context.history()).series()).filter(
    ({ kind }) => kind === HistoryKind.Candles,
  );
  const ends = symbols.map((symbol) => {
    const lasts = series.flatMap((one) => {
      const timeframe = Object.values(Timeframe).find((known) => known === one.timeframe);
      if (one.symbol !== symbol || timeframe === undefined || one.lastMs === null) return [];
      return [one.lastMs + timeframeMs(timeframe)];
    });
    if (lasts.length > 0) return Math.max(...lasts);
    throw new UserError(
      `The market history has no bars of ${symbol}.`,
      `Get some: ballast data download --symbol ${symbol}, or ballast data import FOLDER`,
    );
  });
  return Math.min(...ends);
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
