import { priceText, quantityText, type Instrument } from '../engine/instrument';
import type { Candle, PublicTrade } from '../market-data';
import { turnoverText } from './market-views';

/** Binance's JSON of the market streams. Times are market time. */
type Json = Record<string, unknown>;

export function tradeEvent(instrument: Instrument, trade: PublicTrade): Json {
  return {
    e: 'trade',
    E: trade.timeMs,
    s: instrument.symbol,
    t: trade.tradeId,
    p: priceText(instrument, trade.priceTicks),
    q: quantityText(instrument, trade.lots),
    T: trade.timeMs,
    m: trade.isBuyerMaker,
    M: true,
  };
}

export function aggregateTradeEvent(instrument: Instrument, trade: PublicTrade): Json {
  const { t, ...rest } = tradeEvent(instrument, trade);
  return { ...rest, e: 'aggTrade', a: t, f: t, l: t };
}

export function klineEvent(
  instrument: Instrument,
  interval: string,
  candle: Candle,
  nowMs: number,
  isClosed: boolean,
): Json {
  const zero = quantityText(instrument, 0);
  return {
    e: 'kline',
    E: nowMs,
    s: instrument.symbol,
    k: {
      t: candle.openTimeMs,
      T: candle.closeTimeMs,
      s: instrument.symbol,
      i: interval,
      f: -1,
      L: -1,
      o: priceText(instrument, candle.open),
      c: priceText(instrument, candle.close),
      h: priceText(instrument, candle.high),
      l: priceText(instrument, candle.low),
      v: quantityText(instrument, candle.lots),
      n: 0,
      x: isClosed,
      q: turnoverText(instrument, candle),
      V: zero,
      Q: zero,
      B: '0',
    },
  };
}

/** From the REST ticker's fields. */
export function miniTickerEvent(day: Json, nowMs: number): Json {
  return {
    e: '24hrMiniTicker',
    E: nowMs,
    s: day.symbol,
    c: day.lastPrice,
    o: day.openPrice,
    h: day.highPrice,
    l: day.lowPrice,
    v: day.volume,
    q: day.quoteVolume,
  };
}

/** From the REST ticker's fields. */
export function tickerEvent(day: Json, nowMs: number): Json {
  return {
    ...miniTickerEvent(day, nowMs),
    e: '24hrTicker',
    p: day.priceChange,
    P: day.priceChangePercent,
    w: day.weightedAvgPrice,
    x: day.prevClosePrice,
    Q: day.lastQty,
    b: day.bidPrice,
    B: day.bidQty,
    a: day.askPrice,
    A: day.askQty,
    O: day.openTime,
    C: day.closeTime,
    F: day.firstId,
    L: day.lastId,
    n: day.count,
  };
}
