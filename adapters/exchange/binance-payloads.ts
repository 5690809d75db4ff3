import { z } from 'zod';
import { decimalSchema } from '../../domain/decimal-schema';
import { Side } from '../../domain/order';

/**
 * Binance's spot payloads, as far as the adapter reads them. Prices and quantities arrive as JSON strings and stay exact.
 * ccxt hands out integers as text when one of them would not survive as a number.
 */
const integerText = z.union([z.int(), z.string().regex(/^-?\d+$/)]).transform(String);
const integer = integerText.transform(Number);

const side = z.enum(['BUY', 'SELL']).transform((value) => (value === 'BUY' ? Side.Buy : Side.Sell));

const ORDER_STATUS = {
  PENDING_NEW: 'open',
  NEW: 'open',
  PARTIALLY_FILLED: 'open',
  PENDING_CANCEL: 'open',
  FILLED: 'filled',
  CANCELED: 'cancelled',
  REJECTED: 'rejected',
  EXPIRED: 'expired',
  EXPIRED_IN_MATCH: 'expired',
} as const;
type BinanceStatus = keyof typeof ORDER_STATUS;
const status = z
  .enum(Object.keys(ORDER_STATUS) as [BinanceStatus, ...BinanceStatus[]])
  .transform((value) => ORDER_STATUS[value]);

const answerFill = z.object({
  price: decimalSchema,
  qty: decimalSchema,
  commission: decimalSchema,
  commissionAsset: z.string(),
  tradeId: integerText,
});

/** An order, as placed (`transactTime`, `fills`), as cancelled (`origClientOrderId`) or as queried (`time`, `isWorking`). */
export const orderPayload = z
  .object({
    symbol: z.string(),
    orderId: integerText,
    clientOrderId: z.string(),
    origClientOrderId: z.string().optional(),
    side,
    type: z.string(),
    status,
    origQty: decimalSchema,
    executedQty: decimalSchema,
    /** Negative for old orders of which Binance does not know it. */
    cummulativeQuoteQty: decimalSchema.optional(),
    price: decimalSchema.optional(),
    timeInForce: z.string().optional(),
    stopPrice: decimalSchema.optional(),
    isWorking: z.boolean().optional(),
    /** -1 while the order is not on the book. */
    workingTime: integer.optional(),
    transactTime: integer.optional(),
    time: integer.optional(),
    updateTime: integer.optional(),
    fills: z.array(answerFill).default([]),
  })
  .refine(
    (order) => (order.transactTime ?? order.updateTime ?? order.time) !== undefined,
    'the order tells no time',
  );
export type OrderPayload = z.output<typeof orderPayload>;

export const orderListPayload = z.array(orderPayload);

export const replacedPayload = z.object({
  cancelResult: z.literal('SUCCESS'),
  newOrderResult: z.literal('SUCCESS'),
  cancelResponse: orderPayload,
  newOrderResponse: orderPayload,
});

/** The body under HTTP 400 (-2022) or 409 (-2021): each half of the request tells its own end. */
export const replaceRefusedPayload = z.object({
  data: z.union([
    z.object({
      cancelResult: z.literal('FAILURE'),
      newOrderResult: z.literal('NOT_ATTEMPTED'),
      cancelResponse: z.object({ code: z.number(), msg: z.string() }),
    }),
    z.object({
      cancelResult: z.literal('SUCCESS'),
      newOrderResult: z.literal('FAILURE'),
      cancelResponse: orderPayload,
      newOrderResponse: z.object({ code: z.number(), msg: z.string() }),
    }),
  ]),
});

export const tradePayload = z.object({
  symbol: z.string(),
  id: integerText,
  orderId: integerText,
  price: decimalSchema,
  qty: decimalSchema,
  commission: decimalSchema,
  commissionAsset: z.string(),
  time: integer,
  isBuyer: z.boolean(),
  isMaker: z.boolean(),
});
export type TradePayload = z.output<typeof tradePayload>;
export const tradeListPayload = z.array(tradePayload);

/** News about one order on the user stream. */
export const executionReportPayload = z.object({
  e: z.literal('executionReport'),
  s: z.string(),
  /** The client order id; when the order is cancelled that of the request to cancel, and `C` holds the order's own. */
  c: z.string(),
  C: z.string().nullable().default(''),
  S: side,
  o: z.string(),
  x: z.string(),
  X: status,
  q: decimalSchema,
  z: decimalSchema,
  /** Sum of price × quantity over all its trades. */
  Z: decimalSchema.optional(),
  P: decimalSchema,
  i: integerText,
  T: integer,
  /** Whether the order is on the book. */
  w: z.boolean(),
  m: z.boolean(),
  /** The trade, when `x` is TRADE. */
  t: integerText,
  l: decimalSchema,
  L: decimalSchema,
  n: decimalSchema,
  N: z.string().nullable(),
});
export type ExecutionReportPayload = z.output<typeof executionReportPayload>;

const filterPayload = z.discriminatedUnion('filterType', [
  z.object({ filterType: z.literal('PRICE_FILTER'), tickSize: decimalSchema }),
  z.object({
    filterType: z.literal('LOT_SIZE'),
    stepSize: decimalSchema,
    minQty: decimalSchema,
    maxQty: decimalSchema,
  }),
  z.object({ filterType: z.literal(['NOTIONAL', 'MIN_NOTIONAL']), minNotional: decimalSchema }),
]);
export type FilterPayload = z.output<typeof filterPayload>;
const KNOWN_FILTERS: ReadonlySet<unknown> = new Set(['PRICE_FILTER', 'LOT_SIZE', 'NOTIONAL', 'MIN_NOTIONAL']);

export const exchangeInfoPayload = z.object({
  symbols: z.array(
    z.object({
      symbol: z.string(),
      baseAsset: z.string(),
      quoteAsset: z.string(),
      filters: z
        .array(z.looseObject({ filterType: z.string() }))
        .transform((filters) => filters.filter(({ filterType }) => KNOWN_FILTERS.has(filterType)))
        .pipe(z.array(filterPayload)),
    }),
  ),
});
export type SymbolPayload = z.output<typeof exchangeInfoPayload>['symbols'][number];

export const tradeFeePayload = z.array(
  z.object({ symbol: z.string(), makerCommission: decimalSchema, takerCommission: decimalSchema }),
);

export const accountPayload = z.object({
  canTrade: z.boolean(),
  commissionRates: z.object({ maker: decimalSchema, taker: decimalSchema }),
  balances: z.array(z.object({ asset: z.string(), free: decimalSchema, locked: decimalSchema })),
});

export const apiRestrictionsPayload = z.object({
  enableSpotAndMarginTrading: z.boolean(),
  enableWithdrawals: z.boolean(),
});

export const tickerPayload = z.object({
  symbol: z.string(),
  bidPrice: decimalSchema,
  askPrice: decimalSchema,
  lastPrice: decimalSchema,
});

const bookLevel = z
  .tuple([decimalSchema, decimalSchema], z.unknown())
  .transform(([price, quantity]) => ({ price, quantity }));

export const bookPayload = z.object({ bids: z.array(bookLevel), asks: z.array(bookLevel) });

/** `p` price, `q` quantity, `T` time, `m` whether the buyer had waited on the book. */
export const aggregateTradesPayload = z.array(
  z
    .object({ p: decimalSchema, q: decimalSchema, T: integer, m: z.boolean() })
    .transform(({ p, q, T, m }) => ({
      price: p,
      quantity: q,
      side: m ? Side.Sell : Side.Buy,
      marketTimeMs: T,
    })),
);

const price = decimalSchema.transform(Number);

/** `[openTime, open, high, low, close, volume, …]` */
export const klinesPayload = z.array(
  z
    .tuple([integer, price, price, price, price, price], z.unknown())
    .transform(([openTimeMs, open, high, low, close, volume]) => ({
      openTimeMs,
      open,
      high,
      low,
      close,
      volume,
    })),
);

/** As {@link klinesPayload}, with the exact decimals and the close time, for whoever keeps them. */
export const exactKlinesPayload = z.array(
  z
    .tuple(
      [integer, decimalSchema, decimalSchema, decimalSchema, decimalSchema, decimalSchema, integer],
      z.unknown(),
    )
    .transform(([openTimeMs, open, high, low, close, volume]) => ({
      openTimeMs,
      open,
      high,
      low,
      close,
      volume,
    })),
);

/** `[price, quantity]` rows; a quantity of zero removes the level. */
const levelsPayload = z.array(z.tuple([decimalSchema, decimalSchema]));

export const depthPayload = z.object({ lastUpdateId: integer, bids: levelsPayload, asks: levelsPayload });

export const depthUpdatePayload = z.object({
  e: z.literal('depthUpdate'),
  s: z.string(),
  U: integer,
  u: integer,
  b: levelsPayload,
  a: levelsPayload,
});

export const aggregateTradePayload = z.object({
  e: z.literal('aggTrade'),
  s: z.string(),
  a: integer,
  p: decimalSchema,
  q: decimalSchema,
  T: integer,
  /** The buyer rested in the book: the aggressor sold. */
  m: z.boolean(),
});

export const klineEventPayload = z.object({
  e: z.literal('kline'),
  s: z.string(),
  k: z.object({
    t: integer,
    /** The interval: `1m`. */
    i: z.string(),
    o: decimalSchema,
    h: decimalSchema,
    l: decimalSchema,
    c: decimalSchema,
    v: decimalSchema,
    /** Closed, and so final. */
    x: z.boolean(),
  }),
});

export const timePayload = z.object({ serverTime: integer });

/** What the emulator tells about its market at `/emulator/clock`. */
export const emulatorClockPayload = z.object({
  marketTimeMs: z.number(),
  wallTimeMs: z.number(),
  speed: z
    .number({ error: 'is "max", a pace that no deadline can be planned on: give the emulator a number' })
    .positive(),
  sessionId: z.string().min(1),
  state: z.enum(['running', 'paused', 'ended']),
  /** Told by a mirrored market only. */
  live: z.object({ staleSinceMs: z.number().nullable() }).optional(),
});
