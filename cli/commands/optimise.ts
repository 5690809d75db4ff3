import { findStrategy } from '../../domain/strategies/registry';
import { defineCommand } from '../command';
import {
  MOST_THREADS,
  optimiseBuilder,
  sweepRequest,
  whole,
  type OptimiseOptions,
} from '../optimise-options';
import { putOutSweep } from '../optimise-output';
import { sweepHere } from '../optimise-run';
import { createProgress } from '../progress-bar';

export const optimiseCommand = defineCommand<OptimiseOptions>({
  command: 'optimise <strategy>',
  describe: "Search a strategy's parameters by many backtests, and tell how much of the best is luck",
  jsonFile: true,
  builder: (yargs) =>
    optimiseBuilder(yargs).example(
      '$0 optimise ema-cross --symbol BTC/USDT --space fast=5..20,slow=20..60 --trials 200',
      '',
    ),
  run: async (options) => {
    const { request, definition } = sweepRequest(options, findStrategy(options.strategy));
    const report = await sweepHere(request, definition, {
      threads: whole('workers', options.workers, 1, MOST_THREADS),
      progress: createProgress(process.stderr, options.json === ''),
    });
    putOutSweep(report, options);
  },
});
