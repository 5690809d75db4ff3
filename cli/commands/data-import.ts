import { resolve } from 'node:path';
import type { Argv } from 'yargs';
import {
  importData,
  type ImportedFileReport,
  type ImportProgress,
} from '../../adapters/history/files/import';
import { Timeframe } from '../../domain/bar';
import { PriceKind } from '../../domain/series';
import { defineCommand } from '../command';
import { count } from '../format';
import { withMarketData } from '../market-data';
import { columns } from '../output';
import { createProgress, type Progress } from '../progress-bar';

interface DataImportOptions {
  readonly path: string;
  readonly venue?: string;
  readonly symbol?: string;
  readonly timeframe?: Timeframe;
  readonly price?: PriceKind;
}

export const dataImportCommand = defineCommand<DataImportOptions>({
  command: 'import <path>',
  describe: 'Import a folder of market data, or one CSV, CSV.gz or Parquet file',
  builder: (yargs): Argv<DataImportOptions> =>
    yargs
      .positional('path', { type: 'string', demandOption: true, describe: 'The folder or file' })
      .option('venue', { type: 'string', requiresArg: true, describe: 'Whose data it is; else by its path' })
      .option('symbol', { type: 'string', requiresArg: true, describe: 'Like BTC/USDT; else by the name' })
      .option('timeframe', {
        choices: Object.values(Timeframe),
        requiresArg: true,
        describe: 'Of candles; else by the path, or the rows',
      })
      .option('price', {
        choices: Object.values(PriceKind),
        requiresArg: true,
        describe: 'What candles are made of; else by the name, or trades',
      }),
  run: (options) =>
    withMarketData(options, async ({ config, history, output }) => {
      const { venue, symbol, timeframe, price } = options;
      const progress = createProgress(process.stderr, options.json);
      const report = await importData(
        history,
        {
          path: resolve(options.path),
          defaultVenue: config.exchange.venue,
          ...{ venue, symbol, timeframe, price },
        },
        watch(progress),
      );
      const sum = (pick: (file: ImportedFileReport) => number): number =>
        report.files.reduce((total, file) => total + pick(file), 0);
      const totals = { inserted: sum((file) => file.inserted), changed: sum((file) => file.changed) };
      output.result({ ...totals, ...report }, () => {
        output.table(
          columns('file', 'kind', 'venue', 'symbol', 'bars', '>rows', '>new', '>changed'),
          report.files.map((file) => [
            file.file,
            file.series.kind,
            file.series.venue,
            file.series.symbol,
            'timeframe' in file.series ? barsText(file.series) : '',
            ...[file.rows, file.inserted, file.changed].map(count),
          ]),
          'Nothing here is market data.',
        );
        for (const { file, why } of report.leftOut.filter(({ why: reason }) => reason !== 'no data file'))
          output.say(`Left out ${file}: ${why}`);
        if (totals.inserted + totals.changed === 0 && report.files.length > 0)
          output.say('Nothing new: everything was there already.');
      });
    }),
});

const barsText = ({ timeframe, price }: { timeframe: string; price: PriceKind }): string =>
  price === PriceKind.Last ? timeframe : `${timeframe} ${price}`;

const STEPS = { check: 'checking', write: 'writing' } as const;

/** Files are the steps; within a file, its rows. */
function watch(progress: Progress): ImportProgress {
  let done = -1;
  let name = '';
  return {
    begin(step, files) {
      done = -1;
      progress.begin(STEPS[step], files);
    },
    file(file) {
      done += 1;
      name = file;
      progress.update(done, name);
    },
    rows(rows, total) {
      progress.update(done + rows / total, name, `${count(rows)} of ${count(total)} rows`);
    },
    end() {
      progress.end();
    },
  };
}
