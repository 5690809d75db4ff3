/** `[price in ticks, quantity in lots]`; zero lots remove the level. */
export type BookRow = readonly [number, number];

/** `[aggressor's side, price in ticks, quantity in lots]`. */
export type PrintRow = readonly ['buy' | 'sell', number, number];

/**
 * What has come in and moves the market, in integers; each is one line of the mirror's record. `timeMs` is the mirror's
 * market time on arrival.
 */
export type News =
  /** The whole book, after a (re)connection; with the trades heard while it was being fetched. */
  | {
      readonly kind: 'book';
      readonly symbol: string;
      readonly timeMs: number;
      readonly updateId: number;
      readonly bids: readonly BookRow[];
      readonly asks: readonly BookRow[];
      readonly prints: readonly PrintRow[];
      /** The newest trade heard of. */
      readonly tradeId: number;
    }
  | {
      readonly kind: 'diff';
      readonly symbol: string;
      readonly timeMs: number;
      readonly updateId: number;
      readonly bids: readonly BookRow[];
      readonly asks: readonly BookRow[];
    }
  | {
      readonly kind: 'trade';
      readonly symbol: string;
      readonly timeMs: number;
      readonly tradeId: number;
      readonly print: PrintRow;
    };

/** News before it has a time. */
export type Unstamped<T extends News = News> = T extends News ? Omit<T, 'timeMs'> : never;
