import { candleRange, type Recording, type SeriesInfo } from '../../adapters/history/port';
import { PriceKind } from '../../domain/series';
import { defineCommand, noOptions } from '../command';
import { count, utcTime } from '../format';
import { withMarketData } from '../market-data';
import { columns } from '../output';

export const dataListCommand = defineCommand({
  command: 'list',
  describe: 'What market data there is',
  builder: noOptions,
  run: (options) =>
    withMarketData(options, async ({ history, output }) => {
      const [series, recordings] = await Promise.all([history.series(), history.recordings()]);
      output.result({ series: series.map(shownSeries), recordings }, () => {
        output.table(
          columns('kind', 'venue', 'symbol', 'bars', '>rows', '>complete', 'from', 'to'),
          [...series.map(seriesRow), ...recordings.map(recordingRow)],
          'There is no market data. Get some with: ballast data import DIR, or ballast data download',
        );
      });
    }),
});

const shownSeries = (info: SeriesInfo) => ({
  ...info,
  completeness: candleRange(info)?.completeness ?? null,
});

const day = (timeMs: number | null): string => (timeMs === null ? '' : utcTime(timeMs, 'minutes'));

function seriesRow(info: SeriesInfo): readonly string[] {
  const { kind, venue, symbol, timeframe, price, rows, firstMs, lastMs } = info;
  const range = candleRange(info);
  return [
    kind,
    venue,
    symbol,
    price === PriceKind.Last ? timeframe : `${timeframe} ${price}`,
    count(rows),
    // Rounded down: whatever lacks a bar is not complete.
    range === undefined ? '' : `${(Math.floor(range.completeness * 1e4) / 1e2).toFixed(2)} %`,
    day(firstMs),
    day(lastMs),
  ];
}

const recordingRow = ({ venue, symbol, lines, firstMs, lastMs }: Recording): readonly string[] => [
  ...['recording', venue, symbol, '', count(lines), '', day(firstMs), day(lastMs)],
];
