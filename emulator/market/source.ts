import type { VenueClock } from '../clock';
import type { NewsWire } from '../news/wire';

/**
 * The seam between where prices come from and how orders meet them. Everything behind it is a pure function of market
 * time: asking twice for the same span gives the same steps, so a killed emulator continues exactly where it stopped.
 * A mirrored market (`live`) reaches that by recording what comes in before it moves the market. Prices are integer ticks, quantities integer lots; both stay below 2^53.
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
  /** A venue's public data as it comes in. */
  Mirrored: 'mirrored',
} as const;
export type MarketMode = (typeof MarketMode)[keyof typeof MarketMode];

/** Whether a mirrored market is the venue's at this moment. */
export interface LiveStatus {
  /** The venue mirrored. */
  readonly upstream: string;
  readonly state: 'live' | 'stale';
  /** Wall time since when the data is stale, and why; null while it is live. */
  readonly staleSinceMs: number | null;
  readonly reason: string | null;
  /** The venue's id of the last update in each symbol's book; null before the first. */
  readonly updateIds: Readonly<Record<string, number | null>>;
}

/** What only a mirrored market has: time and data of its own, which come when they come. */
export interface LiveMarket {
  /** Opens the record, which the caller has to itself. The clock stands still at `positionMs` until `start`. */
  begin(positionMs: number): VenueClock;
  /** Lets time pass and connects. `onFailure` is told once when the record cannot be kept: the exchange must stop. */
  start(onFailure: (error: unknown) => void): void;
  close(): Promise<void>;
  status(): LiveStatus;
  /** Waits a moment for the symbol's book when it is stale. @returns whether orders can meet it. */
  isReady(symbol: string): Promise<boolean>;
  /** Brings in the bars of that span, and waits a moment for one that has just closed; what cannot be had stays a gap. */
  prepareBars(symbol: string, fromMs: number, toMs: number): Promise<void>;
  /** One past the newest minute whose bar is known, or known not to be. */
  barsKnownToMs(symbol: string): number;
}

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
  /** Set for a mirrored market only. */
  readonly live?: LiveMarket;
  /** Its own feeds; absent where the world's are about it, and in a simulated market without news. */
  readonly news?: NewsWire;
}
