import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { searchAtOnce } from '../backtest/optimise/search';
import {
  groundOf,
  rankedTrials,
  sampleStrategies,
  type Ground,
  type SweepDefinition,
} from '../backtest/optimise/sweep';
import { sweepReport, type SweepReport } from '../backtest/optimise/sweep-report';
import type { StrategyFolders } from '../backtest/optimise/trial-messages';
import { openTrialPool } from '../backtest/optimise/trial-pool';
import type { PreparedStrategy } from '../domain/strategies/prepare';
import { withBacktestInput, type InputRequest, type LoadedInput } from './backtest-input';
import type { Progress } from './progress-bar';
import { openCatalogue, strategyFolders } from './strategy-catalogue';

/** The program of a thread, compiled. */
export const TRIAL_THREAD = join(__dirname, '../workers/trial-thread.js');

/** As many threads as there are processors. */
export const allProcessors = (): number => availableParallelism();

/** Makes an optimisation in this process, in so many threads. @throws UserError for what does not fit */
export function sweepHere(
  request: Omit<InputRequest, 'runs'>,
  definition: SweepDefinition,
  options: { readonly threads: number; readonly progress: Progress },
): Promise<SweepReport> {
  const strategy = openCatalogue(request).find(definition.strategyId);
  const folders = strategyFolders(request);
  return withBacktestInput({ ...request, runs: runsOf(sampleStrategies(strategy, definition)) }, (loaded) =>
    sweepOn(loaded, definition, groundOf(strategy, definition, loaded), { ...options, folders }),
  );
}

/** Strategies whose needs are loaded. */
export const runsOf = (strategies: readonly PreparedStrategy[]): InputRequest['runs'] =>
  strategies.map((strategy, index) => ({ name: String(index), strategy }));

async function sweepOn(
  { description, notes }: LoadedInput,
  definition: SweepDefinition,
  { setup, periods, study }: Ground,
  {
    threads,
    progress,
    folders,
  }: { readonly threads: number; readonly progress: Progress; readonly folders: StrategyFolders },
): Promise<SweepReport> {
  const { strategyId, plan, top } = definition;
  const pool = await openTrialPool({
    ...{ strategyId, folders, setup, threads },
    script: TRIAL_THREAD,
  });
  try {
    progress.begin('trials', plan.trials);
    let [done, best] = [0, -Infinity];
    const found = await searchAtOnce(plan, {
      allows: (point) => study.allows(point),
      evaluate: (point) => pool.tryPoint(point, periods.inSample),
      onTrial: ({ score }) => {
        best = Math.max(best, score ?? -Infinity);
        progress.update((done += 1), '', Number.isFinite(best) ? `best score ${best.toPrecision(4)}` : '');
      },
    });
    const ranked = await Promise.all(
      rankedTrials(found, top).map(async (trial) => ({
        ...trial,
        outOfSample: periods.outOfSample && (await pool.tryPoint(trial.point, periods.outOfSample)),
      })),
    );
    return sweepReport({ definition, periods, trials: found.trials, ranked, data: description, notes });
  } finally {
    progress.end();
    await pool.close();
  }
}
