import { priceText, quantityText, type Instrument } from '../engine/instrument';
import { Side } from '../engine/types';
import type { Candle } from '../market-data';
import type { Level } from '../market/source';
import type { ServerContext } from './context';

/** `[price, quantity]` rows of a ladder. */
export function levelRows(instrument: Instrument, levels: readonly Level[]): [string, string][] {
  return levels.map((level) => [
    priceText(instrument, level.priceTicks),
    quantityText(instrument, level.quantityLots),
  ]);
}

/** Quote volume of a candle. Statistics of the market, not money: a rounded number is right here. */
export function turnoverText(instrument: Instrument, candle: Pick<Candle, 'turnover'>): string {
  return ((candle.turnover * Number(instrument.costUnits)) / 1e8).toFixed(8);
}

/** A candle as `GET klines` sends it. Trade counts and taker shares are not in the recorded bars: they read 0. */
export function candleRow(instrument: Instrument, candle: Candle): unknown[] {
  const zero = quantityText(instrument, 0);
  return [
    candle.openTimeMs,
    priceText(instrument, candle.open),
    priceText(instrument, candle.high),
    priceText(instrument, candle.low),
    priceText(instrument, candle.close),
    quantityText(instrument, candle.lots),
    candle.closeTimeMs,
    turnoverText(instrument, candle),
    0,
    zero,
    zero,
    '0',
  ];
}

export function priceView(context: ServerContext, instrument: Instrument): unknown {
  const { symbol } = instrument;
  return { symbol, price: priceText(instrument, context.venue.matcher(symbol).book.lastTicks) };
}

/** The 24-hour ticker. Trade ids and counts are not in the recorded bars: they read -1 and 0. */
export function dayView(context: ServerContext, instrument: Instrument): Record<string, unknown> {
  const { symbol } = instrument;
  const { book } = context.venue.matcher(symbol);
  const { nowMs, data } = context.venue;
  const day = data.day(symbol, nowMs);
  const last = book.lastTicks;
  const open = day?.open ?? last;
  const [bid] = book.depth(Side.Buy, 1);
  const [ask] = book.depth(Side.Sell, 1);
  const change = last - open;
  const average = day !== undefined && day.lots > 0 ? day.turnover / day.lots : last;
  return {
    symbol,
    priceChange: (change < 0 ? '-' : '') + priceText(instrument, Math.abs(change)),
    priceChangePercent: open === 0 ? '0.000' : ((change / open) * 100).toFixed(3),
    weightedAvgPrice: priceText(instrument, Math.round(average)),
    prevClosePrice: priceText(instrument, day?.previousClose ?? open),
    lastPrice: priceText(instrument, last),
    lastQty: quantityText(instrument, day?.lastLots ?? 0),
    bidPrice: priceText(instrument, bid?.priceTicks ?? 0),
    bidQty: quantityText(instrument, bid?.quantityLots ?? 0),
    askPrice: priceText(instrument, ask?.priceTicks ?? 0),
    askQty: quantityText(instrument, ask?.quantityLots ?? 0),
    openPrice: priceText(instrument, open),
    highPrice: priceText(instrument, Math.max(day?.high ?? last, last)),
    lowPrice: priceText(instrument, Math.min(day?.low ?? last, last)),
    volume: quantityText(instrument, day?.lots ?? 0),
    quoteVolume: turnoverText(instrument, day ?? { turnover: 0 }),
    openTime: day?.openTimeMs ?? nowMs,
    closeTime: nowMs,
    firstId: -1,
    lastId: -1,
    count: 0,
  };
}
