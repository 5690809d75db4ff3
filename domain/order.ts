import type { DecimalString } from './decimal';

export const Side = { Buy: 'buy', Sell: 'sell' } as const;
export type Side = (typeof Side)[keyof typeof Side];

/** The part an order plays in its position. `emergency` belongs to the emergency stop alone. */
export const Leg = { Entry: 'entry', Stop: 'stop', Exit: 'exit', Emergency: 'emergency' } as const;
export type Leg = (typeof Leg)[keyof typeof Leg];

export const OrderType = {
  Market: 'market',
  Limit: 'limit',
  LimitIoc: 'limit-ioc',
  StopMarket: 'stop-market',
} as const;
export type OrderType = (typeof OrderType)[keyof typeof OrderType];

/**
 * - `created`: committed to the outbox, never sent
 * - `sending`: one process has won the right to send it and may be doing so
 * - `unknown`: it was sent and the answer is ambiguous; it keeps its reservation until its fate is proven
 * - `open`: the exchange has confirmed that it rests there (perhaps partially filled)
 * - `filled`, `cancelled`, `expired`, `rejected`: the exchange's last word
 * - `abandoned`: proven never to have reached the exchange, or withdrawn before any send
 */
export const OrderState = {
  Created: 'created',
  Sending: 'sending',
  Unknown: 'unknown',
  Open: 'open',
  Filled: 'filled',
  Cancelled: 'cancelled',
  Expired: 'expired',
  Rejected: 'rejected',
  Abandoned: 'abandoned',
} as const;
export type OrderState = (typeof OrderState)[keyof typeof OrderState];

/**
 * What can be learnt about an order. `seen-*` come from the exchange (an answer, a look-up or the user stream),
 * `seen-triggered` of a stop also from its prices: the market has reached it, so it ought to be selling,
 * `refused` is a proven rejection, `not-executed` a proven non-execution that may be retried (rate limit, maintenance),
 * `proven-absent` the verdict of the look-up rule, `withdrawn` our own decision not to send.
 */
export const OrderEvent = {
  SendBegun: 'send-begun',
  Ambiguous: 'ambiguous',
  NotExecuted: 'not-executed',
  Refused: 'refused',
  Withdrawn: 'withdrawn',
  ProvenAbsent: 'proven-absent',
  SeenOpen: 'seen-open',
  SeenTriggered: 'seen-triggered',
  SeenFilled: 'seen-filled',
  SeenCancelled: 'seen-cancelled',
  SeenExpired: 'seen-expired',
  SeenRejected: 'seen-rejected',
} as const;
export type OrderEvent = (typeof OrderEvent)[keyof typeof OrderEvent];

type Transitions = Readonly<Record<OrderState, Readonly<Partial<Record<OrderEvent, OrderState>>>>>;

const S = OrderState;
const E = OrderEvent;

/** Whatever we believed, the exchange's word about its own order wins. */
const EXCHANGE_SAYS = {
  [E.SeenOpen]: S.Open,
  [E.SeenTriggered]: S.Open,
  [E.SeenFilled]: S.Filled,
  [E.SeenCancelled]: S.Cancelled,
  [E.SeenExpired]: S.Expired,
  [E.SeenRejected]: S.Rejected,
} as const;

/**
 * The order state machine, `(state, event) → state`. A missing entry means the event is late or repeated news and
 * changes nothing. Oddities of the real world are entries like any other: an order cancelled and then reported filled
 * was filled; one proven absent or rejected that turns up after all is adopted.
 */
export const TRANSITIONS: Transitions = {
  [S.Created]: { ...EXCHANGE_SAYS, [E.SendBegun]: S.Sending, [E.Withdrawn]: S.Abandoned },
  [S.Sending]: {
    ...EXCHANGE_SAYS,
    [E.Ambiguous]: S.Unknown,
    [E.NotExecuted]: S.Created,
    [E.Refused]: S.Rejected,
    [E.ProvenAbsent]: S.Abandoned,
  },
  // Whoever sent it still has the exchange's answer, though somebody else has looked for the order meanwhile.
  [S.Unknown]: {
    ...EXCHANGE_SAYS,
    [E.NotExecuted]: S.Created,
    [E.Refused]: S.Rejected,
    [E.ProvenAbsent]: S.Abandoned,
  },
  [S.Open]: {
    [E.SeenFilled]: S.Filled,
    [E.SeenCancelled]: S.Cancelled,
    [E.SeenExpired]: S.Expired,
    [E.SeenRejected]: S.Rejected,
  },
  [S.Filled]: {},
  [S.Cancelled]: { [E.SeenFilled]: S.Filled },
  [S.Expired]: { [E.SeenFilled]: S.Filled },
  [S.Rejected]: {
    [E.SeenOpen]: S.Open,
    [E.SeenTriggered]: S.Open,
    [E.SeenFilled]: S.Filled,
    [E.SeenCancelled]: S.Cancelled,
    [E.SeenExpired]: S.Expired,
  },
  [S.Abandoned]: { ...EXCHANGE_SAYS },
};

/** The state after `event`. Total: news that changes nothing returns the same state. */
export const transition = (state: OrderState, event: OrderEvent): OrderState =>
  TRANSITIONS[state][event] ?? state;

const TERMINAL: ReadonlySet<OrderState> = new Set([
  S.Filled,
  S.Cancelled,
  S.Expired,
  S.Rejected,
  S.Abandoned,
]);

/** True when nothing further is expected of the order (late fills may still arrive and are journaled). */
export const isTerminal = (state: OrderState): boolean => TERMINAL.has(state);

/** True when the exchange may hold, or come to hold, this order: it counts against what may be sold. */
export const mayBeLive = (state: OrderState): boolean =>
  state === S.Sending || state === S.Unknown || state === S.Open;

/** True when it was sent, or may have been, and nobody knows yet what became of it. */
export const fateIsOpen = ({ state }: Pick<OrderView, 'state'>): boolean =>
  state === S.Sending || state === S.Unknown;

/** A trade of one of our orders. `tradeId` is the exchange's and unique per symbol. */
export interface Fill {
  readonly symbol: string;
  readonly tradeId: string;
  readonly clientOrderId: string;
  readonly exchangeOrderId: string;
  readonly side: Side;
  readonly price: DecimalString;
  readonly quantity: DecimalString;
  readonly fee: DecimalString;
  readonly feeAsset: string;
  readonly liquidity: 'maker' | 'taker';
  readonly marketTimeMs: number;
}

/** One order of a leg as the journal knows it. `version` rises with every change, so older news can be told from newer. */
export interface OrderView {
  readonly clientOrderId: string;
  readonly positionId: string;
  readonly account: string;
  readonly symbol: string;
  readonly leg: Leg;
  /** 0 for the first order of a leg, then rising by one with each replacement or resend. */
  readonly sequence: number;
  readonly side: Side;
  readonly type: OrderType;
  readonly quantity: DecimalString;
  readonly limitPrice: DecimalString | null;
  readonly stopPrice: DecimalString | null;
  readonly state: OrderState;
  readonly filledQuantity: DecimalString;
  /** Sum of price × quantity over the fills. */
  readonly filledQuote: DecimalString;
  readonly exchangeOrderId: string | null;
  /** Client order id of the order this one takes the place of, in one atomic request. */
  readonly replaces: string | null;
  /** Wall time after which this attempt can no longer leave our process; null while never sent. */
  readonly sendDeadlineMs: number | null;
  /** Wall time at which it was first known that the market has reached its stop price; absent or null while it is not. */
  readonly triggeredAtMs?: number | null;
  /** Why it ended or was refused: a code of `domain/errors.ts`, or null. */
  readonly reason: string | null;
  readonly version: number;
}
