import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Argv } from 'yargs';
import { processEnvironment } from '../config/environment';
import { UserError } from '../domain/errors';
import { equityCsv, tradesCsv } from '../backtest/report/csv';
import { reportHtml } from '../backtest/report/html/page';
import type { ChartData } from '../backtest/report/html/chart-data';
import { reportJson, type Report } from '../backtest/report/report';
import {
  assessmentTables,
  breakdownTables,
  metricTables,
  peerTables,
  withoutTables,
  type ReportTable,
} from '../backtest/report/tables';
import { foldTables } from '../backtest/truth/fold-tables';
import { messageOf } from './failure';
import { utcTime } from './format';
import { columns, createOutput, type Output } from './output';

/** What every command takes whose result is a report. */
export interface ReportOptions {
  /** `--json` alone prints the document, `--json FILE` writes it. */
  readonly json?: string;
  readonly html?: string;
  readonly csv?: string;
  readonly 'equity-csv'?: string;
  readonly peers: boolean;
}

export const reportBuilder = (yargs: Argv): Argv<ReportOptions> =>
  yargs
    .option('json', {
      type: 'string',
      describe: 'Write the whole result into this file; without a file, print it',
    })
    .option('html', {
      type: 'string',
      requiresArg: true,
      describe: 'Write a page with charts into this file',
    })
    .option('csv', { type: 'string', requiresArg: true, describe: 'Write every trade into this file' })
    .option('equity-csv', {
      type: 'string',
      requiresArg: true,
      describe: 'Write the daily equity into this file',
    })
    .option('peers', {
      type: 'boolean',
      default: true,
      describe: 'Show what freqtrade, jesse and nautilus_trader would report (--no-peers does not)',
    });

/** Writes the files that are asked for, then prints the result. @throws UserError when a file cannot be written */
export function putOut(report: Report, options: ReportOptions, charts: ChartData = {}): void {
  const isPrinted = options.json === '';
  const output = createOutput(isPrinted, (text) => process.stdout.write(text));
  const files: readonly (readonly [string | undefined, () => string])[] = [
    [isPrinted ? undefined : options.json, () => reportJson(report)],
    [options.html, () => reportHtml(report, charts)],
    [options.csv, () => tradesCsv(report)],
    [options['equity-csv'], () => equityCsv(report)],
  ];
  const written = files.flatMap(([file, content]) =>
    file === undefined ? [] : [writeFile(file, content())],
  );
  output.result(report, () => {
    printReport(report, output, options.peers);
    for (const file of written) output.say(`Written: ${file}`);
  });
}

/** @returns the path of what was written @throws UserError when it cannot be */
export function writeFile(file: string, content: string): string {
  const path = resolve(processEnvironment().cwd, file);
  try {
    writeFileSync(path, content);
  } catch (error) {
    throw new UserError(
      `${path} cannot be written: ${messageOf(error)}`,
      'Name a file in a folder that exists.',
    );
  }
  return path;
}

function printReport(report: Report, output: Output, peers: boolean): void {
  const { title, startMs, endMs } = report;
  output.say(`${title}, ${utcTime(startMs, 'minutes')} to ${utcTime(endMs, 'minutes')} UTC`);
  for (const note of report.notes) output.say(`Note: ${note}`);
  const tables = [
    ...foldTables(report.walkForward),
    ...metricTables(report),
    ...withoutTables(report),
    ...assessmentTables(report),
    ...breakdownTables(report),
    ...(peers ? peerTables(report) : []),
  ];
  for (const table of tables) printTable(table, output);
}

export function printTable({ title, heads, rows }: ReportTable, output: Output): void {
  output.say(`\n${title}`);
  output.table(columns(...heads), rows, '');
}
