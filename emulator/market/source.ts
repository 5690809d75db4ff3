/**
 * The seam between where prices come from and how orders meet them. Everything behind it is a pure function of market
 * time: asking twice for the same span gives the same steps, so a killed emulator continues exactly where it stopped.
 * Prices are integer ticks, quantities integer lots; both stay below 2^53.
 */

/** One price level of a book. */
export interface Level {
  readonly priceTicks: number;
  readonly quantityLots: number;
}

/** A trade between third parties: aggressive flow that meets the book, our users' resting orders included. */
export interface Print {
  readonly side: 'buy' | 'sell';
  readonly priceTicks: number;
  readonly quantityLots: number;
}

/** The state of one symbol's market from `timeMs` until its next step. Ladders are best-first. */
export interface MarketStep {
  readonly symbol: string;
  readonly timeMs: number;
  readonly bids: readonly Level[];
  readonly asks: readonly Level[];
  /** Executed in order, each up to its own quantity, after the ladders have been put in place. */
  readonly prints: readonly Print[];
}

/** A one-minute bar in integers. `openTimeMs` is UTC; a bar is known only after its close. */
export interface IntegerBar {
  readonly openTimeMs: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volumeLots: number;
}

/** The trading rules of one symbol, as decimal strings where an exchange quotes them so. */
export interface SymbolSpec {
  /** Exchange id, e.g. `BTCUSDT`. */
  readonly symbol: string;
  readonly base: string;
  readonly quote: string;
  readonly tickSize: string;
  readonly stepSize: string;
  readonly minQuantity: string;
  readonly maxQuantity: string;
  readonly minNotional: string;
}

export const MarketMode = {
  Replay: 'replay',
  Simulated: 'simulated',
  RecordedBook: 'recorded-book',
} as const;
export type MarketMode = (typeof MarketMode)[keyof typeof MarketMode];

export interface MarketSource {
  readonly mode: MarketMode;
  /** One line for people: which files or which seed. */
  readonly description: string;
  readonly symbols: readonly SymbolSpec[];
  /** First and one past the last market time with steps. A simulated market has no end (`Infinity`). */
  readonly startMs: number;
  readonly endMs: number;
  /** Where a new session begins: late enough that the warm-up before it exists. */
  readonly sessionStartMs: number;
  /** Closed one-minute bars with `fromMs <= openTimeMs < toMs`, oldest first; gaps are real and stay gaps. */
  bars(symbol: string, fromMs: number, toMs: number): readonly IntegerBar[];
  /** All symbols' steps with `fromMs < timeMs <= toMs`, in time order. */
  steps(fromMs: number, toMs: number): Iterable<MarketStep>;
  /** The step in force at `timeMs`, or undefined before the first. */
  at(symbol: string, timeMs: number): MarketStep | undefined;
}
