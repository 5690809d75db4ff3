import { createStudy } from '../backtest/optimise/study';
import {
  checkGrid,
  sampleStrategies,
  setupOf,
  warmupOf,
  type SweepDefinition,
} from '../backtest/optimise/sweep';
import { openTrialPool } from '../backtest/optimise/trial-pool';
import type { ChartData } from '../backtest/report/html/chart-data';
import { costNotes } from '../backtest/report/costs';
import { createReport, type Report } from '../backtest/report/report';
import { foldSentences } from '../backtest/truth/fold-tables';
import {
  planFolds,
  walkForwardTest,
  type FoldPlan,
  type WalkForwardResult,
} from '../backtest/truth/walk-forward';
import { UserError } from '../domain/errors';
import { withBacktestInput, type InputRequest, type LoadedInput } from './backtest-input';
import { buyAndHold, chartsOf } from './backtest-run';
import { runsOf, TRIAL_THREAD } from './optimise-run';
import { openCatalogue, strategyFolders } from './strategy-catalogue';
import type { Progress } from './progress-bar';

interface WalkForwardRequest {
  readonly request: Omit<InputRequest, 'runs'>;
  /** What is searched on every training window. */
  readonly definition: SweepDefinition;
  readonly folds: FoldPlan;
  readonly threads: number;
  /** Bars for charts are wanted with the report. */
  readonly charts: boolean;
  readonly progress: Progress;
}

/**
 * Loads the bars, walks forward over them, the trials of each window in threads, and puts the joined tests into a report.
 * @throws UserError naming what is missing or does not fit
 */
export function walkForwardHere(
  wanted: WalkForwardRequest,
): Promise<{ readonly report: Report; readonly charts: ChartData }> {
  const { request, definition } = wanted;
  const sampled = sampleStrategies(openCatalogue(request).find(definition.strategyId), definition);
  return withBacktestInput({ ...request, runs: runsOf(sampled) }, (loaded) =>
    walkOn(loaded, wanted, warmupOf(sampled, definition)),
  );
}

async function walkOn(loaded: LoadedInput, wanted: WalkForwardRequest, warmupBars: number) {
  const { request, definition, threads, progress } = wanted;
  const { input, markets, fromMs } = loaded;
  const [market] = markets;
  if (market === undefined) throw new UserError('There is no market.');
  const { strategyId, plan } = definition;
  const strategy = openCatalogue(request).find(strategyId);
  const setup = setupOf(definition, markets, input.observations ?? []);
  checkGrid(plan, createStudy(strategy, setup, 0));
  const folds = planFolds(wanted.folds, market, fromMs, warmupBars);
  const pool = await openTrialPool({
    ...{ strategyId, folders: strategyFolders(request), setup, threads },
    script: TRIAL_THREAD,
  });
  try {
    progress.begin('trials', plan.trials * folds.length);
    let done = 0;
    const result = await walkForwardTest({
      ...{ strategy, setup, plan, folds },
      tryPoint: (point, period) => pool.tryPoint(point, period),
      onTrial: (fold) => {
        progress.update((done += 1), `fold ${fold + 1} of ${folds.length}`);
      },
    });
    return {
      report: reportOf(result, loaded, wanted),
      charts: wanted.charts ? chartsOf(markets, result.startMs) : {},
    };
  } finally {
    progress.end();
    await pool.close();
  }
}

function reportOf(
  result: WalkForwardResult,
  { markets, description, notes }: LoadedInput,
  { definition, folds }: WalkForwardRequest,
): Report {
  const { strategyId, filters, symbols, timeframe, objective, fees, startingBalance: balance } = definition;
  const { trades, daily: equity, startingBalance, startMs, endMs, efficiency } = result;
  const traded = markets.filter(({ instrument }) => symbols.includes(instrument.symbol));
  const report = createReport({
    title: `${strategyId} on ${symbols.join(', ')} ${timeframe}, ${folds.folds} folds ${folds.anchored ? 'anchored' : 'rolling'}, out of sample`,
    input: {
      ...{ trades, equity, startingBalance, startMs, endMs },
      buyAndHold: buyAndHold(traded, equity, startingBalance, startMs, Number(fees.taker)),
    },
    configuration: {
      strategies: [
        { name: strategyId, id: strategyId, fixed: definition.fixed, ...(filters && { filters }) },
      ],
      ...{ symbols, timeframe },
      ...{ from: iso(startMs), to: iso(endMs), data: description, balance, fees },
      ...{ maxHoldingBars: definition.maxHoldingBars, rules: definition.rules },
      ...{ folds, search: definition.plan, objective, minTrades: definition.minTrades },
    },
    notes: [
      `Bars from ${description}. Everything below is out of sample: each test window is traded with the parameters that were chosen on the window before it, and begins and ends flat.`,
      ...costNotes(definition),
      ...notes,
    ],
  });
  return {
    ...report,
    walkForward: { folds: result.folds, efficiency, objective, sentences: foldSentences(result) },
  };
}

const iso = (timeMs: number): string => new Date(timeMs).toISOString();
