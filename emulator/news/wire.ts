import type { DemonstrationFeed } from '../../domain/news/demonstration';

/** One headline of a feed. */
export interface WireItem {
  /** Unique in its feed, and the same whenever it is asked for. */
  readonly id: string;
  readonly title: string;
  /** Market time in whole seconds, UTC milliseconds. */
  readonly publishedMs: number;
}

/** What a market's own feeds tell: like the market itself a pure function of time. */
export interface NewsWire {
  /** One line for whoever reads a feed. */
  readonly description: string;
  /** Whether prices follow its headlines; else they are about nothing that is traded. */
  readonly movesPrices: boolean;
  /** The headlines of a feed with `fromMs < publishedMs <= toMs`, oldest first. */
  items(feed: DemonstrationFeed, fromMs: number, toMs: number): readonly WireItem[];
}
