import { resolve } from 'node:path';
import type { Argv } from 'yargs';
import {
  candleTable,
  exportFile,
  observationTable,
  type NumberTable,
} from '../../adapters/history/files/export-file';
import type { SeriesInfo } from '../../adapters/history/port';
import { timeframeMs } from '../../domain/bar';
import { barsBetween } from '../../domain/bar-columns';
import { UserError } from '../../domain/errors';
import { ObservedKind } from '../../domain/observations';
import { describeCandles, PriceKind, type CandleSeriesKey } from '../../domain/series';
import { canResample, resample, type Series } from '../../domain/timeframes';
import { candleFilterBuilder, candleSeries, type CandleFilter } from '../candle-filter';
import { defineCommand } from '../command';
import { count } from '../format';
import { withMarketData, type MarketData } from '../market-data';
import { timeOption } from '../time-option';

interface DataExportOptions extends CandleFilter {
  readonly file: string;
  readonly kind: 'candles' | ObservedKind;
  readonly from?: string;
  readonly to?: string;
}

/** Bars whose open time is from `fromMs` to before `toMs`. */
interface Range {
  readonly fromMs: number;
  readonly toMs: number;
}

export const dataExportCommand = defineCommand<DataExportOptions>({
  command: 'export <file>',
  describe: 'Write stored market data to a .csv, .csv.gz or .parquet file',
  builder: (yargs): Argv<DataExportOptions> =>
    candleFilterBuilder(yargs)
      .positional('file', { type: 'string', demandOption: true, describe: 'Its ending says the format' })
      .option('kind', {
        choices: ['candles' as const, ...Object.values(ObservedKind)],
        default: 'candles' as const,
        describe: 'What to export',
      })
      .option('from', { type: 'string', requiresArg: true, describe: 'UTC, e.g. 2024-01-01; inclusive' })
      .option('to', { type: 'string', requiresArg: true, describe: 'UTC; exclusive' })
      .example(
        '$0 data export btc.parquet --symbol BTC/USDT --timeframe 1h',
        'put together from 1m if need be',
      ),
  run: (options) =>
    withMarketData(options, async (data) => {
      const range = {
        fromMs: timeOption('from', options.from) ?? -Infinity,
        toMs: timeOption('to', options.to) ?? Infinity,
      };
      const all = await data.history.series();
      const { table, what } =
        options.kind === 'candles'
          ? await candlesOf(data, all, options, range)
          : await observationsOf(data, all, { ...options, kind: options.kind }, range);
      const rows = table.columns[0]?.values.length ?? 0;
      if (rows === 0)
        throw new UserError(
          `There is nothing of ${what} in this range.`,
          'See what there is: ballast data list',
        );
      const file = resolve(options.file);
      const isNew = await exportFile(file, table);
      data.output.result({ file, series: what, rows, written: isNew }, () => {
        data.output.say(
          isNew
            ? `Wrote ${count(rows)} rows of ${what} to ${file}`
            : `${file} holds these ${count(rows)} rows of ${what} already.`,
        );
      });
    }),
});

async function candlesOf(
  { candles, tell }: MarketData,
  all: readonly SeriesInfo[],
  options: DataExportOptions,
  { fromMs, toMs }: Range,
): Promise<{ readonly table: NumberTable; readonly what: string }> {
  const { timeframe } = options;
  const key = oneOf(options, all);
  const bars = await candles.load(key);
  if (bars === undefined) throw new Error(`${describeCandles(key)} has vanished while it was read.`);
  const stored: Series = { timeframe: key.timeframe, bars };
  const wanted = timeframe === undefined ? stored : resample(stored, timeframe);
  if (wanted !== stored) tell(`Put together from ${describeCandles(key)}.`);
  return {
    table: candleTable(barsBetween(wanted.bars, fromMs, toMs)),
    what: describeCandles({ ...key, timeframe: wanted.timeframe }),
  };
}

/** The one series that is meant: stored as it is, else the coarsest of which it can be made. @throws UserError */
function oneOf(options: DataExportOptions, all: readonly SeriesInfo[]): CandleSeriesKey {
  const { venue, symbol, timeframe } = options;
  const market = { venue, symbol, price: options.price ?? PriceKind.Last };
  const exact = candleSeries(all, { ...market, timeframe });
  const made = candleSeries(all, market)
    .filter((one) => timeframe !== undefined && canResample(one.timeframe, timeframe))
    .sort((a, b) => timeframeMs(b.timeframe) - timeframeMs(a.timeframe));
  const [first, second] = exact.length > 0 ? exact : made;
  const wanted = [venue, symbol, timeframe].filter((part) => part !== undefined).join(' ');
  if (first === undefined)
    throw new UserError(`There are no candles of ${wanted}.`, 'See what there is: ballast data list');
  const isOne =
    second === undefined ||
    (exact.length === 0 && second.venue === first.venue && second.symbol === first.symbol);
  if (isOne) return first;
  throw new UserError(
    `Several series fit${wanted === '' ? '' : ` ${wanted}`}: ${exact.map(describeCandles).join(', ')}.`,
    'Say which with --venue, --symbol, --timeframe and --price.',
  );
}

async function observationsOf(
  { history }: MarketData,
  all: readonly SeriesInfo[],
  { kind, venue, symbol }: CandleFilter & { readonly kind: ObservedKind },
  { fromMs, toMs }: Range,
): Promise<{ readonly table: NumberTable; readonly what: string }> {
  const fitting = all.filter(
    (info) =>
      info.kind === kind &&
      (venue === undefined || info.venue === venue) &&
      (symbol === undefined || info.symbol === symbol),
  );
  const [found] = fitting;
  if (found === undefined)
    throw new UserError(`There is no ${kind} of this market.`, 'See what there is: ballast data list');
  if (fitting.length > 1)
    throw new UserError(
      `Several series fit: ${fitting.map((info) => `${info.venue} ${info.symbol}`).join(', ')}.`,
      'Say which with --venue and --symbol.',
    );
  const known = await history.observations({ kind, subject: found.symbol, origins: [found.venue] });
  return {
    table: observationTable(kind, known, { fromMs, toMs }),
    what: `${kind} of ${found.venue} ${found.symbol}`,
  };
}
