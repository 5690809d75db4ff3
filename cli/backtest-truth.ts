import type { SweepStore } from '../adapters/store/sweeps';
import { runBacktest, type BacktestInput } from '../backtest/backtest';
import { assess, barDrawdownOf, type Assessment } from '../backtest/truth/assessment';
import { againstEngineEntries } from '../backtest/truth/engine-entries';
import { verdictOf } from '../backtest/truth/verdict';
import { DAY_MS } from '../domain/performance/realised-equity';
import type { PerformanceInput } from '../domain/performance/types';
import type { PreparedStrategy } from '../domain/strategies/prepare';
import type { Progress } from './progress-bar';
import { searchedTrials } from './searched-trials';
import type { TruthRequest } from './truth-options';

/** What is asked, the number of trials included. */
export type TruthAsked = TruthRequest & { readonly trials: number };

/**
 * Finds out how many settings were tried, where nobody has told.
 * @param sweeps null where the bars are from somewhere else than the market history
 * @returns also what a reader must know about it
 */
export async function withTrials(
  request: TruthRequest,
  strategies: readonly PreparedStrategy[],
  sweeps: SweepStore | null,
): Promise<{ readonly asked: TruthAsked; readonly notes: readonly string[] }> {
  const { trials } = request;
  if (trials !== null) return { asked: { ...request, trials }, notes: [] };
  const [strategy, another] = strategies;
  const found =
    sweeps === null || strategy === undefined || another !== undefined
      ? undefined
      : await searchedTrials(sweeps, strategy);
  if (found === undefined) return { asked: { ...request, trials: 1 }, notes: [] };
  return {
    asked: { ...request, trials: found.trials, trialSharpeVariance: found.sharpeVariance },
    notes: [
      `These settings are among the ${found.trials} trials of the durable ${found.sweeps.length === 1 ? 'sweep' : 'sweeps'} ${found.sweeps.join(', ')}: all of them are counted.`,
    ],
  };
}

/**
 * How far the result of a backtest can be believed.
 * @param measured the result, as metrics are taken of it
 * @returns undefined when there are no days or no trades
 */
export function assessBacktest(
  input: BacktestInput,
  measured: PerformanceInput,
  request: TruthAsked,
  progress: Progress,
): Assessment | undefined {
  const { randomRuns, ...options } = request;
  const assessment = assess(measured, options);
  if (assessment === null) return undefined;
  progress.begin('entries by chance', randomRuns);
  const entries = againstEngineEntries(input, {
    runs: randomRuns,
    seed: request.seed,
    onRun: (done) => {
      progress.update(done, '');
    },
  });
  progress.end();
  const full = { ...assessment, entries, barDrawdown: drawdownByBar(input, measured.startMs) };
  const { startingBalance, startMs, endMs, equity, trades } = measured;
  const verdict = verdictOf({
    assessment: full,
    trades: trades.length,
    days: (endMs - startMs) / DAY_MS,
    totalReturn: ((equity.at(-1)?.equity ?? startingBalance) - startingBalance) / startingBalance,
  });
  return { ...full, verdict };
}

/** The same backtest once more, marked at every close. */
function drawdownByBar(input: BacktestInput, startMs: number) {
  const { equity, startingBalance } = runBacktest({
    ...input,
    rules: { ...input.rules, equityPerBar: true },
  });
  return barDrawdownOf(
    equity.filter(({ timeMs }) => timeMs >= startMs),
    startingBalance,
  );
}
