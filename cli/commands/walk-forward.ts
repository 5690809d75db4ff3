import { defineCommand } from '../command';
import {
  MOST_THREADS,
  searchedStrategy,
  sweepRequest,
  whole,
  WORKERS,
  type SearchOptions,
} from '../optimise-options';
import { createProgress } from '../progress-bar';
import { putOut, reportBuilder, type ReportOptions } from '../report-output';
import { openCatalogue } from '../strategy-catalogue';
import { walkForwardHere } from '../walk-forward-run';

interface WalkForwardOptions extends SearchOptions, ReportOptions {
  readonly folds: number;
  readonly 'train-windows': number;
  readonly purge: number;
  readonly embargo: number;
  readonly anchored: boolean;
}

export const walkForwardCommand = defineCommand<WalkForwardOptions>({
  command: 'walk-forward <strategy>',
  describe:
    'Choose parameters on one window, trade the next with them, and so on: what is left out of sample',
  jsonFile: true,
  builder: (yargs) =>
    searchedStrategy(reportBuilder(yargs))
      .option('folds', { type: 'number', default: 5, requiresArg: true, describe: 'How many test windows' })
      .option('train-windows', {
        type: 'number',
        default: 3,
        requiresArg: true,
        describe: 'The (first) training window is so many test windows long',
      })
      .option('purge', {
        type: 'number',
        default: 0,
        requiresArg: true,
        describe: 'Bars left out before every test window: as long as an outcome takes to show',
      })
      .option('embargo', {
        type: 'number',
        default: 0,
        requiresArg: true,
        describe: 'Further bars left out, for what goes on to depend on what was before',
      })
      .option('anchored', {
        type: 'boolean',
        default: false,
        describe: 'Learn from everything since the beginning, instead of a window that moves on',
      })
      .option('workers', WORKERS)
      .example('$0 walk-forward ema-cross --symbol BTC/USDT --folds 6 --space fast=5..20,slow=20..60', ''),
  run: async (options) => {
    const strategy = openCatalogue(options).find(options.strategy);
    const { request, definition } = sweepRequest({ ...options, 'out-of-sample': 0, top: 1 }, strategy);
    const { report, charts } = await walkForwardHere({
      ...{ request, definition },
      folds: {
        folds: whole('folds', options.folds, 1, 1_000),
        trainWindows: whole('train-windows', options['train-windows'], 1, 1_000),
        purge: whole('purge', options.purge, 0, Infinity),
        embargo: whole('embargo', options.embargo, 0, Infinity),
        anchored: options.anchored,
      },
      threads: whole('workers', options.workers, 1, MOST_THREADS),
      charts: options.html !== undefined,
      progress: createProgress(process.stderr, options.json === ''),
    });
    putOut(report, options, charts);
  },
});
