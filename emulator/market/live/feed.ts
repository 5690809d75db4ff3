import type { ClockReading } from '../../../domain/clock';
import type { SymbolSpec } from '../source';

/**
 * What a mirrored market needs of a venue: its public data. The emulator knows no venue's protocol; whoever composes it
 * brings the feed. Prices and quantities are exact decimal strings, symbols the venue's ids (`BTCUSDT`).
 */
export interface LiveFeed {
  /** The venue's name, for people. */
  readonly venue: string;
  /** The rules of pairs like `BTC/USDT`, in their order. Rejects for a pair that the venue does not list. */
  rules(pairs: readonly string[]): Promise<readonly SymbolSpec[]>;
  /** The venue's market time; `speed` is 1 on a real one. */
  clock(): Promise<ClockReading>;
  /** One-minute bars with `fromMs <= openTimeMs < toMs`, oldest first; a bar that is still open may be among them. */
  bars(symbol: string, fromMs: number, toMs: number): Promise<readonly FeedBar[]>;
  /** The whole book. */
  book(symbol: string): Promise<FeedBook>;
  /** Subscribes to book changes, trades and closed one-minute bars; resolves when none is missed any more. */
  connect(symbols: readonly string[], signal: AbortSignal): Promise<FeedConnection>;
  close(): Promise<void>;
}

/** `[price, quantity]`; a quantity of zero removes the level. */
export type FeedLevel = readonly [string, string];

export interface FeedBook {
  /** The last update that the book contains. */
  readonly updateId: number;
  readonly bids: readonly FeedLevel[];
  readonly asks: readonly FeedLevel[];
}

export interface FeedBar {
  readonly openTimeMs: number;
  readonly open: string;
  readonly high: string;
  readonly low: string;
  readonly close: string;
  readonly volume: string;
}

/** A book event holds the updates `firstId` to `lastId`; trade ids grow; a bar is a closed one. */
export type FeedEvent =
  | {
      readonly kind: 'book';
      readonly symbol: string;
      readonly firstId: number;
      readonly lastId: number;
      readonly bids: readonly FeedLevel[];
      readonly asks: readonly FeedLevel[];
    }
  | {
      readonly kind: 'trade';
      readonly symbol: string;
      readonly tradeId: number;
      /** The aggressor's side. */
      readonly side: 'buy' | 'sell';
      readonly price: string;
      readonly quantity: string;
    }
  | { readonly kind: 'bar'; readonly symbol: string; readonly bar: FeedBar };

/** One connection. `next` rejects once it is lost and everything heard has been read. */
export interface FeedConnection {
  next(): Promise<FeedEvent>;
  close(): void;
}
