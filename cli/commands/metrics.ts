import { readFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { createReport } from '../../backtest/report/report';
import { performanceOf } from '../../backtest/trade-list/performance';
import { readTradeList } from '../../backtest/trade-list/read';
import { assess, type Assessment } from '../../backtest/truth/assessment';
import { processEnvironment } from '../../config/environment';
import { UserError } from '../../domain/errors';
import type { PerformanceInput } from '../../domain/performance/types';
import { defineCommand } from '../command';
import { messageOf } from '../failure';
import { putOut, reportBuilder, type ReportOptions } from '../report-output';
import { timeOption } from '../time-option';

interface MetricsOptions extends ReportOptions {
  readonly trades: string;
  readonly 'starting-balance'?: number;
  readonly start?: string;
  readonly end?: string;
  readonly strategy?: string;
  readonly 'cash-rate': number;
  readonly bootstrap?: number;
  readonly confidence: number;
  readonly trials: number;
  readonly seed: number;
}

export const metricsCommand = defineCommand<MetricsOptions>({
  command: 'metrics <trades>',
  describe: 'Every metric of a list of closed trades (JSON or CSV), other tools’ formulas included',
  jsonFile: true,
  builder: (yargs) =>
    reportBuilder(yargs)
      .positional('trades', {
        type: 'string',
        demandOption: true,
        describe: 'A file with at least close_date and profit_abs',
      })
      .option('starting-balance', {
        type: 'number',
        requiresArg: true,
        describe: 'What the account began with',
      })
      .option('start', {
        type: 'string',
        requiresArg: true,
        describe: 'Begin of the period (ISO, UTC); else the first trade',
      })
      .option('end', { type: 'string', requiresArg: true, describe: 'Its end; else the last trade' })
      .option('strategy', {
        type: 'string',
        requiresArg: true,
        describe: 'Which one, when the file has several',
      })
      .option('cash-rate', {
        type: 'number',
        requiresArg: true,
        default: 0,
        describe: 'What cash earns in a year, as a fraction',
      })
      .option('bootstrap', {
        type: 'number',
        requiresArg: true,
        describe: 'Draw so many samples and tell how far the metrics can be believed',
      })
      .option('confidence', { type: 'number', default: 0.9, requiresArg: true, describe: 'Of its intervals' })
      .option('trials', {
        type: 'number',
        default: 1,
        requiresArg: true,
        describe: 'How many were tried before this one was chosen',
      })
      .option('seed', { type: 'number', default: 1, requiresArg: true, describe: 'Of the samples' }),
  run: (options) => {
    const { 'cash-rate': cashRate, 'starting-balance': startingBalance } = options;
    if (startingBalance !== undefined && !(startingBalance > 0))
      throw new UserError(`--starting-balance ${startingBalance} is not an amount above zero.`);
    if (!(cashRate > -1))
      throw new UserError(`--cash-rate ${cashRate} is not a fraction above -1, like 0.04.`);
    const list = readTradeList(readFile(options.trades), basename(options.trades), options.strategy);
    const wanted = {
      startingBalance,
      startMs: timeOption('start', options.start),
      endMs: timeOption('end', options.end),
    };
    const { input, notes } = performanceOf(list, wanted);
    const measured = { ...input, cashRate };
    const assessment = assessmentOf(measured, options);
    putOut(createReport({ title: basename(options.trades), input: measured, notes, assessment }), options);
    return Promise.resolve();
  },
});

/** @throws UserError */
function assessmentOf(input: PerformanceInput, options: MetricsOptions): Assessment | undefined {
  const { bootstrap: runs, confidence, trials, seed } = options;
  if (runs === undefined) return undefined;
  if (!Number.isInteger(runs) || runs < 1)
    throw new UserError(`--bootstrap ${runs} is not a number of samples.`);
  if (!(confidence > 0 && confidence < 1))
    throw new UserError(`--confidence ${confidence} is not between 0 and 1.`);
  if (!Number.isInteger(trials) || trials < 1)
    throw new UserError(`--trials ${trials} is not a number of trials.`);
  const found = assess(input, { runs, confidence, trials, seed });
  if (found === null)
    throw new UserError('There are no days or no trades to draw samples from.', 'Leave --bootstrap out.');
  return found;
}

function readFile(name: string): string {
  const path = resolve(processEnvironment().cwd, name);
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UserError(
      `${path} cannot be read: ${messageOf(error)}`,
      'Name a JSON or CSV file of closed trades.',
    );
  }
}
