import { UserError } from '../../domain/errors';
import { defineCommand } from '../command';
import { withContext, type Context } from '../context';
import { startSweep, type StartedSweep } from '../optimise-durable';
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
        const sweep = await startSweep(context, request, definition);
        if (!options.detach) putOutSweep(await sweep.result(progress), options);
        else tellStarted(context, sweep);
      });
      return;
    }
    if (options.detach) throw new UserError('--detach is for --durable: nobody else would go on.');
    const threads = whole('workers', options.workers, 1, MOST_THREADS);
    putOutSweep(await sweepHere(request, definition, { threads, progress }), options);
  },
});

const tellStarted = ({ output }: Context, { workflowId, sweepId }: StartedSweep): void => {
  output.result({ workflowId, sweepId }, () => {
    output.say(
      `Searching as ${workflowId}. The same command without --detach shows how far it is, and the result.`,
    );
  });
};
