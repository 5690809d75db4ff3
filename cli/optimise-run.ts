import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { searchAtOnce } from '../backtest/optimise/search';
import { createStudy } from '../backtest/optimise/study';
import {
  checkGrid,
  periodsOf,
  rankedTrials,
  sampleStrategies,
  setupOf,
  warmupOf,
  type SweepDefinition,
} from '../backtest/optimise/sweep';
import { sweepReport, type SweepReport } from '../backtest/optimise/sweep-report';
import { openTrialPool } from '../backtest/optimise/trial-pool';
import { UserError } from '../domain/errors';
import { findStrategy } from '../domain/strategies/registry';
import { withBacktestInput, type InputRequest, type LoadedInput } from './backtest-input';
import type { Progress } from './progress-bar';

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
  const sampled = sampleStrategies(findStrategy(definition.strategyId), definition);
  const runs = sampled.map((strategy, index) => ({ name: String(index), strategy }));
  return withBacktestInput({ ...request, runs }, (loaded) =>
    sweepOn(loaded, definition, warmupOf(sampled, definition), options),
  );
}

async function sweepOn(
  { input, markets, fromMs, description, notes }: LoadedInput,
  definition: SweepDefinition,
  warmupBars: number,
  { threads, progress }: { readonly threads: number; readonly progress: Progress },
): Promise<SweepReport> {
  const [market] = markets;
  if (market === undefined) throw new UserError('There is no market.');
  const { strategyId, plan, top } = definition;
  const setup = { ...setupOf(definition, markets), observations: input.observations ?? [] };
  const study = createStudy(findStrategy(strategyId), setup, 0);
  checkGrid(plan, study);
  const periods = periodsOf(definition, market, fromMs, warmupBars);
  const pool = await openTrialPool({ strategyId, setup, threads, script: TRIAL_THREAD });
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
