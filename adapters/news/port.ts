import type { GaugeKind } from '../../domain/news/gauges';

/** A headline as a source tells it, its text plain. */
export interface Headline {
  /** Of the source's own making when it gives one, else its link, else its title: the same headline has the same key. */
  readonly key: string;
  readonly title: string;
  readonly url: string | null;
  /** UTC milliseconds; null when the source does not say, says nonsense, or says a time to come. */
  readonly publishedMs: number | null;
}

/** What a source gave along with its last answer, to be asked with next time. */
export interface FeedValidators {
  readonly etag: string | null;
  readonly lastModified: string | null;
}

export type FeedAnswer =
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'told'; readonly headlines: readonly Headline[]; readonly validators: FeedValidators };

/** Someone who tells news. */
export interface NewsSource {
  /** Unique; health and headlines are kept under it. */
  readonly name: string;
  /** How much its opinion counts, above zero. */
  readonly weight: number;
  /**
   * What it tells now. `nowMs` is what a time to come is judged by.
   * @throws NewsSourceError when it cannot be read, in time and in bounds
   */
  read(known: FeedValidators, nowMs: number, signal: AbortSignal): Promise<FeedAnswer>;
}

/** A source could not be read; the message names it and says why. */
export class NewsSourceError extends Error {
  override readonly name = 'NewsSourceError';
}

/** A number that is observed beside the bars, and who tells it. */
export interface Gauge {
  /** Unique among all sources; its health is kept under it. */
  readonly name: string;
  /** How much it counts in a mood beside the sources of headlines, above zero. */
  readonly weight: number;
  readonly kind: GaugeKind;
  /** Whose observations these are: the venue of their series. */
  readonly origin: string;
  /** Of its series for an asset, e.g. `BTC/USDT:USDT` for BTC; `CRYPTO` for all. */
  subjectOf(asset: string): string;
  /**
   * The newest numbers about these assets, those included that have been told before. Nothing for an asset that it does not know.
   * @throws Error when it cannot be read, in time and in bounds
   */
  read(assets: readonly string[], signal: AbortSignal): Promise<readonly GaugeReading[]>;
}

export interface GaugeReading {
  readonly subject: string;
  /** What it is about, UTC milliseconds. */
  readonly timeMs: number;
  readonly value: number;
}

export const SentimentLabel = { Bullish: 'bullish', Neutral: 'neutral', Bearish: 'bearish' } as const;
export type SentimentLabel = (typeof SentimentLabel)[keyof typeof SentimentLabel];

export interface HeadlineScore {
  readonly label: SentimentLabel;
  /** From −1, bearish, to 1, bullish. */
  readonly sentiment: number;
}

/** Judges headlines. */
export interface HeadlineScorer {
  /** What its scores are kept under, version included, e.g. `vader 1.1.3`. */
  readonly name: string;
  /**
   * One answer per headline, in their order. Null is no answer, which is no opinion; undefined is nobody who could be asked, so it is
   * asked again another time.
   * @throws ModelFailure when nobody could be asked about any
   */
  score(
    headlines: readonly string[],
    signal: AbortSignal,
  ): Promise<readonly (HeadlineScore | null | undefined)[]>;
}
