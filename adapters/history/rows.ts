import type { BarColumns } from '../../domain/bar-columns';
import type { RowSource } from './port';

/** Candles as rows for the database. */
export const candleRows = (bars: BarColumns): RowSource => ({
  length: bars.length,
  timeMs: (index) => bars.openTimeMs[index] ?? NaN,
  copyLine: (at) =>
    `${bars.openTimeMs[at]}\t${bars.open[at]}\t${bars.high[at]}\t${bars.low[at]}\t${bars.close[at]}\t${bars.volume[at]}`,
});
