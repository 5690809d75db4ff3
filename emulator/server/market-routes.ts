import { AVERAGE_PRICE_MINUTES } from '../accounts/filters';
import { priceText, quantityText, type Instrument } from '../engine/instrument';
import { Refusal, Side } from '../engine/types';
import { isInterval, openTimeBefore, openTimeOf } from '../intervals';
import type { PublicTrade } from '../market-data';
import { listedSymbols, requireInstrument, type ServerContext } from './context';
import { exchangeInfo } from './exchange-info';
import { candleRow, dayView, levelRows, priceView } from './market-views';
import type { Params } from './params';
import { Access, type Route } from './route';

/** Public market data. Times are market time, except `serverTime`, which signatures need and which is wall time. */
export const marketRoutes: readonly Route[] = [
  { key: 'GET /api/v3/ping', access: Access.Public, weight: 1, handle: () => ({}) },
  {
    key: 'GET /api/v3/time',
    access: Access.Public,
    weight: 1,
    handle: (context) => ({ serverTime: context.serverMs() }),
  },
  { key: 'GET /api/v3/exchangeInfo', access: Access.Public, weight: 20, handle: exchangeInfo },
  { key: 'GET /api/v3/depth', access: Access.Public, weight: depthWeight, handle: depth },
  { key: 'GET /api/v3/klines', access: Access.Public, weight: 2, handle: klines },
  { key: 'GET /api/v3/uiKlines', access: Access.Public, weight: 2, handle: klines },
  { key: 'GET /api/v3/trades', access: Access.Public, weight: 25, handle: trades },
  { key: 'GET /api/v3/aggTrades', access: Access.Public, weight: 4, handle: aggregateTrades },
  { key: 'GET /api/v3/avgPrice', access: Access.Public, weight: 2, handle: averagePrice },
  {
    key: 'GET /api/v3/ticker/24hr',
    access: Access.Public,
    weight: tickerWeight(2, 80),
    handle: perSymbol(dayView),
  },
  {
    key: 'GET /api/v3/ticker/price',
    access: Access.Public,
    weight: tickerWeight(2, 4),
    handle: perSymbol(priceView),
  },
  {
    key: 'GET /api/v3/ticker/bookTicker',
    access: Access.Public,
    weight: tickerWeight(2, 4),
    handle: perSymbol(bookTicker),
  },
  {
    key: 'GET /sapi/v1/system/status',
    access: Access.Public,
    weight: 1,
    handle: ({ faults }) =>
      faults.isMaintained() ? { status: 1, msg: 'system_maintenance' } : { status: 0, msg: 'normal' },
  },
  // ccxt asks for the other markets' symbols too; this exchange has none.
  { key: 'GET /fapi/v1/exchangeInfo', access: Access.Public, weight: 1, handle: noSymbols },
  { key: 'GET /dapi/v1/exchangeInfo', access: Access.Public, weight: 1, handle: noSymbols },
];

function noSymbols(context: ServerContext): unknown {
  return {
    timezone: 'UTC',
    serverTime: context.serverMs(),
    rateLimits: [],
    exchangeFilters: [],
    symbols: [],
  };
}

function depthWeight(params: Params): number {
  const limit = params.integer('limit') ?? 100;
  if (limit <= 100) return 5;
  if (limit <= 500) return 25;
  return limit <= 1000 ? 50 : 250;
}

function depth(context: ServerContext, params: Params): unknown {
  const instrument = requireInstrument(context, params.required('symbol'));
  const limit = params.limit(100, 5000);
  const { book } = context.venue.matcher(instrument.symbol);
  context.depthIds.announceSnapshot(instrument.symbol);
  return {
    lastUpdateId: context.depthIds.idOf(instrument.symbol, book, context.venue.nowMs),
    bids: levelRows(instrument, book.depth(Side.Buy, limit)),
    asks: levelRows(instrument, book.depth(Side.Sell, limit)),
  };
}

async function klines(context: ServerContext, params: Params): Promise<unknown> {
  const instrument = requireInstrument(context, params.required('symbol'));
  const interval = params.required('interval');
  if (!isInterval(interval)) throw new Refusal(-1120, 'Invalid interval.');
  const limit = params.limit(500, 1000);
  context.venue.pump();
  const { nowMs, data, source } = context.venue;
  const startMs = params.integer('startTime');
  const endMs = Math.min(params.integer('endTime') ?? nowMs, nowMs);
  const fromMs = startMs ?? openTimeBefore(interval, endMs, limit - 1);
  // A start without an end must not aggregate years to return a page: stop where the page is full.
  const toMs = startMs === undefined ? endMs : Math.min(endMs, openTimeBefore(interval, startMs, -limit));
  if (fromMs > toMs) return [];
  // A venue's own bars may still have to come.
  await source.live?.prepareBars(instrument.symbol, openTimeOf(interval, fromMs), toMs);
  const rows = data
    .candles(instrument.symbol, interval, fromMs, toMs, nowMs)
    .map((candle) => candleRow(instrument, candle));
  return startMs === undefined ? rows.slice(-limit) : rows.slice(0, limit);
}

function trades(context: ServerContext, params: Params): unknown {
  const instrument = requireInstrument(context, params.required('symbol'));
  const limit = params.limit(500, 1000);
  context.venue.pump();
  return context.venue.data.recent(instrument.symbol, context.venue.nowMs, limit).map((trade) => ({
    id: trade.tradeId,
    price: priceText(instrument, trade.priceTicks),
    qty: quantityText(instrument, trade.lots),
    quoteQty: quoteText(instrument, trade),
    time: trade.timeMs,
    isBuyerMaker: trade.isBuyerMaker,
    isBestMatch: true,
  }));
}

/** Every trade is an aggregate of its own. */
function aggregateTrades(context: ServerContext, params: Params): unknown {
  const instrument = requireInstrument(context, params.required('symbol'));
  const limit = params.limit(500, 1000);
  context.venue.pump();
  const { nowMs, data } = context.venue;
  const fromId = params.integer('fromId');
  const startMs = params.integer('startTime');
  const endMs = Math.min(params.integer('endTime') ?? nowMs, nowMs);
  const oldest = startMs === undefined && fromId === undefined;
  const found =
    oldest && params.text('endTime') === undefined
      ? data.recent(instrument.symbol, nowMs, limit)
      : data.tape(
          instrument.symbol,
          (startMs ?? endMs - AGGREGATE_REACH_MS) - 1,
          Math.min(endMs, (startMs ?? endMs) + AGGREGATE_REACH_MS),
        );
  const wanted = found.filter((trade) => fromId === undefined || trade.tradeId >= fromId);
  const page = oldest ? wanted.slice(-limit) : wanted.slice(0, limit);
  return page.map((trade) => ({
    a: trade.tradeId,
    p: priceText(instrument, trade.priceTicks),
    q: quantityText(instrument, trade.lots),
    f: trade.tradeId,
    l: trade.tradeId,
    T: trade.timeMs,
    m: trade.isBuyerMaker,
    M: true,
  }));
}

/** Binance, too, looks at no more than an hour of aggregate trades at a time. */
const AGGREGATE_REACH_MS = 3_600_000;

function averagePrice(context: ServerContext, params: Params): unknown {
  const instrument = requireInstrument(context, params.required('symbol'));
  context.venue.pump();
  const { nowMs, data } = context.venue;
  const ticks = data.averageTicks(instrument.symbol, nowMs);
  return { mins: AVERAGE_PRICE_MINUTES, price: priceText(instrument, ticks), closeTime: nowMs };
}

function bookTicker(context: ServerContext, instrument: Instrument): unknown {
  const { book } = context.venue.matcher(instrument.symbol);
  const [bid] = levelRows(instrument, book.depth(Side.Buy, 1));
  const [ask] = levelRows(instrument, book.depth(Side.Sell, 1));
  const none = [priceText(instrument, 0), quantityText(instrument, 0)];
  const [bidPrice, bidQty] = bid ?? none;
  const [askPrice, askQty] = ask ?? none;
  return { symbol: instrument.symbol, bidPrice, bidQty, askPrice, askQty };
}

/** An endpoint that answers for `symbol`, for `symbols`, or for all. */
function perSymbol(view: (context: ServerContext, instrument: Instrument) => unknown) {
  return (context: ServerContext, params: Params): unknown => {
    context.venue.pump();
    const symbol = params.text('symbol');
    if (symbol !== undefined) return view(context, requireInstrument(context, symbol));
    const symbols = params.list('symbols') ?? listedSymbols(context);
    return symbols.map((name) => view(context, requireInstrument(context, name)));
  };
}

function tickerWeight(one: number, all: number): (params: Params) => number {
  return (params) => (params.text('symbol') === undefined ? all : one);
}

function quoteText(instrument: Instrument, trade: PublicTrade): string {
  return ((Number(instrument.costUnits) * trade.priceTicks * trade.lots) / 1e8).toFixed(8);
}
