import { readFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { createReport } from '../../backtest/report/report';
import { CellError, readTime } from '../../backtest/trade-list/columns';
import { performanceOf } from '../../backtest/trade-list/performance';
import { readTradeList } from '../../backtest/trade-list/read';
import { processEnvironment } from '../../config/environment';
import { UserError } from '../../domain/errors';
import { defineCommand } from '../command';
import { messageOf } from '../failure';
import { putOut, reportBuilder, type ReportOptions } from '../report-output';

interface MetricsOptions extends ReportOptions {
  readonly trades: string;
  readonly 'starting-balance'?: number;
  readonly start?: string;
  readonly end?: string;
  readonly strategy?: string;
  readonly 'cash-rate': number;
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
      }),
  run: (options) => {
    const { 'cash-rate': cashRate, 'starting-balance': startingBalance } = options;
    if (startingBalance !== undefined && !(startingBalance > 0))
      throw new UserError(`--starting-balance ${startingBalance} is not an amount above zero.`);
    if (!(cashRate > -1))
      throw new UserError(`--cash-rate ${cashRate} is not a fraction above -1, like 0.04.`);
    const list = readTradeList(readFile(options.trades), basename(options.trades), options.strategy);
    const wanted = {
      startingBalance,
      startMs: timeOf('start', options.start),
      endMs: timeOf('end', options.end),
    };
    const { input, notes } = performanceOf(list, wanted);
    putOut(createReport({ title: basename(options.trades), input: { ...input, cashRate }, notes }), options);
    return Promise.resolve();
  },
});

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

function timeOf(option: string, written: string | undefined): number | undefined {
  if (written === undefined) return undefined;
  try {
    return readTime(written);
  } catch (error) {
    if (!(error instanceof CellError)) throw error;
    throw new UserError(`--${option} ${written} cannot be used: ${error.remedy}.`);
  }
}
