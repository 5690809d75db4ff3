import type { Bar, Timeframe } from '../../domain/bar';
import type { ClockReading } from '../../domain/clock';
import type { DecimalString } from '../../domain/decimal';
import type { Instrument } from '../../domain/instrument';
import type { Fill, OrderType, Side } from '../../domain/order';

/** What the exchange says about an order. */
export interface OrderReport {
  readonly clientOrderId: string;
  readonly exchangeOrderId: string;
  readonly symbol: string;
  readonly side: Side;
  readonly status: 'open' | 'filled' | 'cancelled' | 'expired' | 'rejected';
  readonly quantity: DecimalString;
  readonly filledQuantity: DecimalString;
  /** Sum of price × quantity over what is filled; absent where the exchange does not tell. */
  readonly filledQuote?: DecimalString;
  /** Absent for a type that Ballast does not use. */
  readonly type?: OrderType;
  /** Null or absent for an order without a limit. */
  readonly limitPrice?: DecimalString | null;
  /** Set on stop orders: true once the stop has triggered. */
  readonly triggered?: boolean;
  readonly stopPrice: DecimalString | null;
  /** When the exchange last changed it; its trades up to then are in `filledQuantity`. */
  readonly marketTimeMs: number;
  /** The fills the answer itself carried; empty means "not told", never "none". */
  readonly fills: readonly Fill[];
}

export interface OrderRequest {
  readonly clientOrderId: string;
  readonly symbol: string;
  readonly side: Side;
  readonly type: OrderType;
  readonly quantity: DecimalString;
  readonly limitPrice: DecimalString | null;
  readonly stopPrice: DecimalString | null;
  /** Wall time; the transport refuses to put the request on the wire after it. */
  readonly sendDeadlineMs: number;
  /** How old the request may be on arrival, when less than what the exchange was opened with. */
  readonly receiveWindowMs?: number;
}

/**
 * The outcome of an atomic cancel-and-replace under STOP_ON_FAILURE. `not-cancelled`: the old order could not be
 * cancelled (usually it has just filled) and nothing new was tried. `naked`: the old order is gone and the new one was
 * refused.
 */
export type ReplaceReport =
  | { readonly outcome: 'replaced'; readonly cancelled: OrderReport; readonly placed: OrderReport }
  | { readonly outcome: 'not-cancelled'; readonly message: string }
  | {
      readonly outcome: 'naked';
      readonly cancelled: OrderReport;
      readonly message: string;
      readonly wouldTrigger: boolean;
    };

export interface Balance {
  readonly asset: string;
  readonly free: DecimalString;
  readonly locked: DecimalString;
}

export interface Quote {
  readonly symbol: string;
  readonly bid: DecimalString;
  readonly ask: DecimalString;
  readonly last: DecimalString;
}

/** What is offered on both sides, the best first; quantities in base units. */
export interface MarketBook {
  readonly symbol: string;
  readonly bids: readonly BookLevel[];
  readonly asks: readonly BookLevel[];
}

export interface BookLevel {
  readonly price: DecimalString;
  readonly quantity: DecimalString;
}

/** A trade of anybody's. */
export interface MarketTrade {
  readonly price: DecimalString;
  readonly quantity: DecimalString;
  /** Of whoever took. */
  readonly side: Side;
  readonly marketTimeMs: number;
}

/** News from the user stream. `connected` is told after every (re)connection: whatever happened before it was missed. */
export type AccountEvent =
  | { readonly kind: 'connected' }
  | { readonly kind: 'order'; readonly report: OrderReport }
  | { readonly kind: 'fill'; readonly fill: Fill };

/**
 * News of the market. `connected` is told after every (re)connection: what happened before it was missed. Between two of them the
 * bars of a source come once each and in order; `gap` tells, before the bar that follows, that those with
 * `fromMs <= openTimeMs < toMs` have not come and will not: ask for them by `bars`. Trades come as the venue sends them, now and then one twice.
 */
export type MarketEvent =
  | { readonly kind: 'connected' }
  /** A closed bar, final. */
  | { readonly kind: 'bar'; readonly symbol: string; readonly timeframe: Timeframe; readonly bar: Bar }
  | {
      readonly kind: 'gap';
      readonly symbol: string;
      readonly timeframe: Timeframe;
      readonly fromMs: number;
      readonly toMs: number;
    }
  | {
      readonly kind: 'trade';
      readonly symbol: string;
      readonly price: number;
      readonly marketTimeMs: number;
    };

/** What to listen to. Symbols are `BASE/QUOTE`. */
export interface MarketWatchRequest {
  readonly bars: readonly { readonly symbol: string; readonly timeframe: Timeframe }[];
  /** The pairs of which every trade is told. */
  readonly trades: readonly string[];
}

/** A part of the account's record. */
export interface RecordPage<Row> {
  readonly rows: readonly Row[];
  /** The exchange may have more behind the last of these rows. */
  readonly more: boolean;
}

export interface KeyRights {
  readonly canTrade: boolean;
  readonly canWithdraw: boolean;
}

/**
 * One account on one exchange. Requests on orders fail with `ExchangeFailure`, classified by what the failure proves;
 * nothing is retried inside.
 */
export interface ExchangePort {
  readonly venue: string;
  clock(): Promise<ClockReading>;
  /** Server wall time minus ours, in milliseconds. */
  clockSkewMs(): Promise<number>;
  instruments(symbols: readonly string[]): Promise<readonly Instrument[]>;
  /**
   * False only when the exchange itself says that it does not know this pair, or no longer. One whose trading is
   * interrupted is listed.
   */
  isListed(symbol: string): Promise<boolean>;
  /** Closed bars only, oldest first, the newest closed at or before market time now. */
  bars(request: {
    symbol: string;
    timeframe: Timeframe;
    limit: number;
    untilMs?: number;
  }): Promise<readonly Bar[]>;
  quotes(symbols: readonly string[]): Promise<readonly Quote[]>;
  /** At most `levels` (100 or less) on each side. */
  book(symbol: string, levels: number): Promise<MarketBook>;
  /** The last `limit` (1,000 or less) trades of a pair, oldest first. */
  trades(symbol: string, limit: number): Promise<readonly MarketTrade[]>;
  balances(): Promise<readonly Balance[]>;
  submit(request: OrderRequest): Promise<OrderReport>;
  /** Cancels `cancelClientOrderId` and places `request` in one request. */
  replace(cancelClientOrderId: string, request: OrderRequest): Promise<ReplaceReport>;
  /** Cancels; undefined when the exchange does not know it as open (look it up to learn its end). */
  cancel(symbol: string, clientOrderId: string): Promise<OrderReport | undefined>;
  /** By client order id; undefined when the exchange says that it does not exist. Fills are not included. */
  lookUp(symbol: string, clientOrderId: string): Promise<OrderReport | undefined>;
  openOrders(symbol?: string): Promise<readonly OrderReport[]>;
  /** Orders of any state created at or after `sinceMs` in market time. */
  ordersSince(symbol: string, sinceMs: number): Promise<readonly OrderReport[]>;
  /** Our trades in `symbol` at or after `sinceMs` (market time), oldest first. `clientOrderId` is '' where the venue does not tell it. */
  fillsSince(symbol: string, sinceMs: number): Promise<readonly Fill[]>;
  /** One page, oldest first, of the orders of any state and age whose exchange order id is `orderId` or higher. */
  ordersFrom(symbol: string, orderId: string): Promise<RecordPage<OrderReport>>;
  /** One page, oldest first, of our trades of any age whose id is `tradeId` or higher. */
  fillsFrom(symbol: string, tradeId: string): Promise<RecordPage<Fill>>;
  fillsOf(symbol: string, exchangeOrderId: string, clientOrderId: string): Promise<readonly Fill[]>;
  /** Streams account news until `signal` aborts; reconnects by itself and reports each connection. */
  watchAccount(onEvent: (event: AccountEvent) => Promise<void>, signal: AbortSignal): Promise<void>;
  /**
   * Streams closed bars of these sources, and every trade of these symbols, until `signal` aborts; reconnects by itself and tells each
   * connection. One event is told at a time; what a slow listener leaves unread beyond a bound starts over with `connected`. Once it has
   * resolved, the listener runs no more. That bars stay away from a connection which is alive, only the listener can know.
   * @throws RangeError for nothing to listen to, or a symbol that is none; `ExchangeFailure` when the exchange does not know a pair (ask
   * `isListed`, and leave it out) or refuses the subscription; and whatever the listener throws.
   */
  watchMarket(
    request: MarketWatchRequest,
    onEvent: (event: MarketEvent) => void | Promise<void>,
    signal: AbortSignal,
  ): Promise<void>;
  keyRights(): Promise<KeyRights>;
  close(): Promise<void>;
}
