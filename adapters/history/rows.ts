import type { BarColumns } from '../../domain/bar-columns';
import type { GaugeKind } from '../../domain/news/gauges';
import { NEWS_ORIGIN } from './origins';
import { HistoryKind, type RowSource, type SeriesKey } from './port';

/** Candles as rows for the database. */
export const candleRows = (bars: BarColumns): RowSource => ({
  length: bars.length,
  timeMs: (index) => bars.openTimeMs[index] ?? NaN,
  copyLine: (at) =>
    `${bars.openTimeMs[at]}\t${bars.open[at]}\t${bars.high[at]}\t${bars.low[at]}\t${bars.close[at]}\t${bars.volume[at]}`,
});

/** The mood about an asset, as it was told once. */
export interface Mood {
  /** When it was told, in UTC milliseconds of the market's time. */
  readonly knownMs: number;
  /** Of the newest story that it rests on; not after `knownMs`. */
  readonly timeMs: number;
  /** From −1, bearish, to 1, bullish. */
  readonly score: number;
  /** It rests on a breaking story. */
  readonly breaking: boolean;
}

/** Where the moods about an asset are kept. @param origin real news, or a session's own: `sessionOrigin` */
export const moodKey = (asset: string, origin: string = NEWS_ORIGIN): SeriesKey => ({
  kind: HistoryKind.Mood,
  venue: origin,
  symbol: asset,
  timeframe: '',
  price: 'last',
});

/** Moods as rows for the database; no two of them known at the same millisecond. */
export const moodRows = (moods: readonly Mood[]): RowSource => ({
  length: moods.length,
  timeMs: (index) => moods[index]?.timeMs ?? NaN,
  copyLine: (at) => {
    const { timeMs = NaN, score = NaN, breaking = false, knownMs = NaN } = moods[at] ?? {};
    return `${timeMs}\t${score}\t${breaking ? 1 : 0}\t${knownMs}`;
  },
});

/** Where the numbers of a gauge about a subject are kept. @param origin whose they are */
export const gaugeKey = (kind: GaugeKind, subject: string, origin: string): SeriesKey => ({
  ...{ kind, venue: origin, symbol: subject, timeframe: '', price: 'last' },
});

/** Numbers of a gauge as rows for the database, known now; no two of them about the same millisecond. */
export const gaugeRows = (
  readings: readonly { readonly timeMs: number; readonly value: number }[],
  knownMs: number,
): RowSource => ({
  length: readings.length,
  timeMs: (index) => readings[index]?.timeMs ?? NaN,
  copyLine: (at) => {
    const { timeMs = NaN, value = NaN } = readings[at] ?? {};
    return `${timeMs}\t${value}\t${knownMs}`;
  },
});
