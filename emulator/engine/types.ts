/** The exchange's vocabulary, with Binance's own words as values. */
export const Side = { Buy: 'BUY', Sell: 'SELL' } as const;
export type Side = (typeof Side)[keyof typeof Side];

export const OrderType = {
  Limit: 'LIMIT',
  Market: 'MARKET',
  LimitMaker: 'LIMIT_MAKER',
  StopLoss: 'STOP_LOSS',
  StopLossLimit: 'STOP_LOSS_LIMIT',
  TakeProfit: 'TAKE_PROFIT',
  TakeProfitLimit: 'TAKE_PROFIT_LIMIT',
} as const;
export type OrderType = (typeof OrderType)[keyof typeof OrderType];

export const TimeInForce = { Gtc: 'GTC', Ioc: 'IOC', Fok: 'FOK' } as const;
export type TimeInForce = (typeof TimeInForce)[keyof typeof TimeInForce];

export const OrderStatus = {
  New: 'NEW',
  PartiallyFilled: 'PARTIALLY_FILLED',
  Filled: 'FILLED',
  Canceled: 'CANCELED',
  Expired: 'EXPIRED',
  ExpiredInMatch: 'EXPIRED_IN_MATCH',
} as const;
export type OrderStatus = (typeof OrderStatus)[keyof typeof OrderStatus];

/** The status an order can end with other than by being filled. */
export type ClosedStatus = Exclude<OrderStatus, 'NEW' | 'PARTIALLY_FILLED' | 'FILLED'>;

const CONTINGENT: ReadonlySet<OrderType> = new Set([
  OrderType.StopLoss,
  OrderType.StopLossLimit,
  OrderType.TakeProfit,
  OrderType.TakeProfitLimit,
]);
const UNPRICED: ReadonlySet<OrderType> = new Set([
  OrderType.Market,
  OrderType.StopLoss,
  OrderType.TakeProfit,
]);

/** Does the order wait for a trigger before it works? */
export function isContingent(type: OrderType): boolean {
  return CONTINGENT.has(type);
}

/** Does the order take whatever price the book offers? */
export function isUnpriced(type: OrderType): boolean {
  return UNPRICED.has(type);
}

export function isOpen(status: OrderStatus): boolean {
  return status === OrderStatus.New || status === OrderStatus.PartiallyFilled;
}

/** What never changes about an order. Zero ticks means "no such price", -1 "no list". */
export interface OrderTerms {
  readonly orderId: number;
  readonly account: string;
  readonly symbol: string;
  readonly clientOrderId: string;
  readonly side: Side;
  readonly type: OrderType;
  readonly timeInForce: TimeInForce;
  readonly priceTicks: number;
  readonly stopTicks: number;
  readonly quantityLots: number;
  /** The budget of a market order given as `quoteOrderQty`, in quote units; otherwise zero. */
  readonly quoteBudget: bigint;
  readonly listId: number;
  readonly createdMs: number;
}

/** An order with its progress. Only `ExchangeState.apply` changes one. */
export interface Order extends OrderTerms {
  filledLots: number;
  filledQuote: bigint;
  status: OrderStatus;
  /** In the book or executing, as opposed to waiting for its trigger. */
  working: boolean;
  workingMs: number;
  updatedMs: number;
  /** What it still holds of the paying asset, in units. */
  locked: bigint;
}

export function remainingLots(order: Order): number {
  return order.quantityLots - order.filledLots;
}

/** Whether a symbol is traded, stands still for a while, or is gone. */
export const TradingStatus = { Trading: 'TRADING', Break: 'BREAK', Delisted: 'DELISTED' } as const;
export type TradingStatus = (typeof TradingStatus)[keyof typeof TradingStatus];

/**
 * What new orders on a symbol must conform to. Steps are counted in the instrument's own ticks and lots, which are the
 * finest there can be.
 */
export interface TradingRules {
  readonly tickStep: number;
  readonly lotStep: number;
  readonly minLots: number;
  readonly maxLots: number;
  readonly minNotionalUnits: bigint;
}

/** A one-cancels-the-other pair. */
export interface OrderList {
  readonly listId: number;
  readonly account: string;
  readonly symbol: string;
  readonly listClientOrderId: string;
  readonly orderIds: readonly [number, number];
  readonly createdMs: number;
  open: boolean;
  updatedMs: number;
}

/** What a fill met: third-party depth (whose level it consumed), a third-party print, or another user's order. */
export type Counterparty =
  | { readonly kind: 'ladder'; readonly priceTicks: number }
  | { readonly kind: 'print' }
  | { readonly kind: 'order'; readonly orderId: number };

/** One order's side of one trade. `fee` is in units of `feeAsset`, the asset received. */
export interface Trade {
  readonly tradeId: number;
  readonly orderId: number;
  readonly account: string;
  readonly symbol: string;
  readonly side: Side;
  readonly timeMs: number;
  readonly priceTicks: number;
  readonly lots: number;
  readonly quote: bigint;
  readonly fee: bigint;
  readonly feeAsset: string;
  readonly isMaker: boolean;
  readonly counterparty: Counterparty;
}

export type ExchangeEvent =
  | {
      readonly kind: 'accountOpened';
      readonly account: string;
      readonly balances: Readonly<Record<string, bigint>>;
    }
  | { readonly kind: 'orderAccepted'; readonly order: OrderTerms; readonly locked: bigint }
  | {
      readonly kind: 'orderTriggered';
      readonly orderId: number;
      readonly timeMs: number;
      readonly locked: bigint;
    }
  | { readonly kind: 'orderTraded'; readonly trade: Trade }
  | {
      readonly kind: 'orderClosed';
      readonly orderId: number;
      readonly timeMs: number;
      readonly status: ClosedStatus;
      /** The id the canceller gave to the cancellation; empty when the exchange closed the order itself. */
      readonly cancelClientOrderId: string;
    }
  | { readonly kind: 'listOpened'; readonly list: Omit<OrderList, 'open' | 'updatedMs'> }
  | { readonly kind: 'listClosed'; readonly listId: number; readonly timeMs: number }
  | { readonly kind: 'rulesChanged'; readonly symbol: string; readonly rules: TradingRules }
  | { readonly kind: 'statusChanged'; readonly symbol: string; readonly status: TradingStatus };

/** A command the exchange refuses, with Binance's code and words. Nothing has changed when it is thrown. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message);
  }
}
