import { runBacktest, type BacktestInput } from '../backtest/backtest';
import { assess, barDrawdownOf, type Assessment } from '../backtest/truth/assessment';
import { againstEngineEntries } from '../backtest/truth/engine-entries';
import { verdictOf } from '../backtest/truth/verdict';
import { DAY_MS } from '../domain/performance/realised-equity';
import type { PerformanceInput } from '../domain/performance/types';
import type { Progress } from './progress-bar';
import type { TruthRequest } from './truth-options';

/**
 * How far the result of a backtest can be believed.
 * @param measured the result, as metrics are taken of it
 * @returns undefined when there are no days or no trades
 */
export function assessBacktest(
  input: BacktestInput,
  measured: PerformanceInput,
  request: TruthRequest,
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
