import { UserError } from '../../domain/errors';
import { defineCommand } from '../command';
import { withContext } from '../context';
import { tellStarted } from '../durable-job';
import { startSweep } from '../optimise-durable';
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
import { openCatalogue } from '../strategy-catalogue';

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
    const { request, definition } = sweepRequest(options, openCatalogue(options).find(options.strategy));
    const progress = createProgress(process.stderr, options.json === '');
    if (options.durable) {
      await withContext({ ...options, json: options.json === '' }, async (context) => {
        const { workflowId, jobId, result } = await startSweep(context, request, definition);
        if (options.detach)
          tellStarted(context, { workflowId, sweepId: jobId }, 'Searching', 'how far it is, and the result');
        else putOutSweep(await result(progress), options);
      });
      return;
    }
    if (options.detach) throw new UserError('--detach is for --durable: nobody else would go on.');
    const threads = whole('workers', options.workers, 1, MOST_THREADS);
    putOutSweep(await sweepHere(request, definition, { threads, progress }), options);
  },
});
