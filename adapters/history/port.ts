import { Timeframe, timeframeMs } from '../../domain/bar';
import type { BarColumns } from '../../domain/bar-columns';
import type { ObservationColumns, ObservedSource } from '../../domain/observations';
import type { CandleSeriesKey, PriceKind } from '../../domain/series';

export const HistoryKind = {
  Candles: 'candles',
  Funding: 'funding',
  Trades: 'trades',
  FearGreed: 'fear-greed',
  LongShort: 'long-short',
  Mood: 'mood',
} as const;
export type HistoryKind = (typeof HistoryKind)[keyof typeof HistoryKind];

/**
 * Everything of one kind and market. `timeframe` is '' for what has none, `price` then `last`. The venue of a mood is whose it is
 * (`origins.ts`), its symbol the asset.
 */
export interface SeriesKey {
  readonly kind: HistoryKind;
  readonly venue: string;
  readonly symbol: string;
  readonly timeframe: string;
  readonly price: PriceKind;
}

export const candlesKey = (key: CandleSeriesKey): SeriesKey => ({
  kind: HistoryKind.Candles,
  venue: key.venue,
  symbol: key.symbol,
  timeframe: key.timeframe,
  price: key.price,
});

export interface SeriesInfo extends SeriesKey {
  readonly rows: number;
  /** Times of the first and last row (open times of candles); null while there is none. */
  readonly firstMs: number | null;
  readonly lastMs: number | null;
  /** Changes whenever a row does, and differs between databases. */
  readonly stamp: string;
  readonly changedAtMs: number;
}

/** Candles by their count: how many of the bars between the first and the last are there. Undefined for other kinds. */
export function candleRange(
  info: SeriesInfo,
): { readonly expected: number; readonly completeness: number } | undefined {
  const timeframe = Object.values(Timeframe).find((one) => one === info.timeframe);
  if (timeframe === undefined || info.firstMs === null || info.lastMs === null) return undefined;
  const expected = (info.lastMs - info.firstMs) / timeframeMs(timeframe) + 1;
  return { expected, completeness: info.rows / expected };
}

/** Rows to be written, in the order of the columns of their kind's table; see `TABLES`. Times are unique. */
export interface RowSource {
  readonly length: number;
  timeMs(index: number): number;
  /** The values after the series' id, in PostgreSQL's text format for COPY: joined by tabs, no line break. */
  copyLine(index: number): string;
}

export interface WriteResult {
  readonly inserted: number;
  /** Rows that were there with other values. */
  readonly changed: number;
  readonly unchanged: number;
}

/** The file that rows come from. */
export interface ImportedFile {
  readonly path: string;
  readonly sha256: string;
}

export interface Recording {
  readonly venue: string;
  readonly symbol: string;
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly lines: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

export interface StoredBars {
  readonly bars: BarColumns;
  /** Of exactly these bars. */
  readonly stamp: string;
}

/** Funding rates or index values by time. */
export interface Points {
  readonly timeMs: Float64Array;
  readonly value: Float64Array;
}

/** What is wanted of what was known. */
export interface ObservationQuery extends ObservedSource {
  /** Whose: the venues of its series. */
  readonly origins: readonly string[];
  /** Only what became known after this, up to and including `untilMs`. Absent: all. */
  readonly sinceMs?: number;
  readonly untilMs?: number;
}

/** Market history in PostgreSQL. Every write is one transaction: all of it is there afterwards, or nothing. */
export interface HistoryStore {
  series(): Promise<readonly SeriesInfo[]>;
  find(key: SeriesKey): Promise<SeriesInfo | undefined>;
  /**
   * Adds rows; one of a time that is there replaces it. Writing the same again changes nothing, the stamp included.
   * @param progress told how many rows have been handled
   */
  write(
    key: SeriesKey,
    rows: RowSource,
    options?: { readonly file?: ImportedFile; readonly progress?: (rows: number) => void },
  ): Promise<WriteResult>;
  /** How many rows of this file the series holds; undefined unless that is sure without reading the file again. */
  imported(key: SeriesKey, sha256: string): Promise<number | undefined>;
  /** Undefined when there is no such series. */
  readBars(key: CandleSeriesKey): Promise<StoredBars | undefined>;
  /** Of kinds `funding` and `fear-greed`; empty when there is no such series. */
  readPoints(key: SeriesKey): Promise<Points>;
  /** In the order in which it became known, whoever of the origins told it; empty when there is nothing. */
  observations(query: ObservationQuery): Promise<ObservationColumns>;
  recordings(): Promise<readonly Recording[]>;
  /** Notes where a recording is. @returns `moved` when it was known at another path */
  saveRecording(recording: Recording): Promise<'added' | 'moved' | 'unchanged'>;
}
