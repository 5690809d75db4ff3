import { costOf, type Instrument } from '../engine/instrument';
import type { OrderType, Side, TradingRules } from '../engine/types';
import { isContingent, isUnpriced, Refusal, TimeInForce } from '../engine/types';
import { parseUnits } from '../engine/units';

/** Limits which Binance publishes in `exchangeInfo`; the symbol's own are in its `Instrument`. */
export const MAX_PRICE_TICKS = 100_000_000;
export const MAX_OPEN_ORDERS = 200;
export const MAX_RESIDENT_STOPS = 5;
/** A limit price may be at most this many times the average price, and at least one part in this many of it. */
export const PERCENT_PRICE_FACTOR = 5;
/** Minutes of bars in the average price which NOTIONAL and PERCENT_PRICE_BY_SIDE compare with. */
export const AVERAGE_PRICE_MINUTES = 5;

/** An order as a client asks for it: decimals as they came over the wire. */
export interface OrderRequest {
  readonly symbol: string;
  readonly side: Side;
  readonly type: OrderType;
  readonly timeInForce?: TimeInForce;
  readonly quantity?: string;
  readonly quoteOrderQty?: string;
  readonly price?: string;
  readonly stopPrice?: string;
  readonly clientOrderId?: string;
}

/** The request in integers. `quantityLots` is 0 when the order is given by `quoteBudget`. */
export interface ParsedOrder {
  readonly symbol: string;
  readonly side: Side;
  readonly type: OrderType;
  readonly timeInForce: TimeInForce;
  readonly priceTicks: number;
  readonly stopTicks: number;
  readonly quantityLots: number;
  readonly quoteBudget: bigint;
  readonly clientOrderId: string | undefined;
}

/**
 * Applies the symbol's filters as Binance does: PRICE_FILTER, PERCENT_PRICE_BY_SIDE, LOT_SIZE and NOTIONAL, in that
 * order.
 * @param averageTicks the five-minute average price, 0 when there is none yet (the filters which need it then pass).
 * @throws Refusal with code -1013, -1111 or -1100.
 */
export function parseOrder(
  instrument: Instrument,
  rules: TradingRules,
  request: OrderRequest,
  averageTicks: number,
): ParsedOrder {
  const priced = !isUnpriced(request.type);
  const priceTicks = priced ? parsePrice(instrument, rules, 'price', request.price) : 0;
  const stopTicks = isContingent(request.type)
    ? parsePrice(instrument, rules, 'stopPrice', request.stopPrice)
    : 0;
  const parsed: ParsedOrder = {
    symbol: request.symbol,
    side: request.side,
    type: request.type,
    timeInForce: request.timeInForce ?? TimeInForce.Gtc,
    priceTicks,
    stopTicks,
    quantityLots: request.quantity === undefined ? 0 : parseQuantity(instrument, rules, request.quantity),
    quoteBudget:
      request.quoteOrderQty === undefined ? 0n : parseAmount('quoteOrderQty', request.quoteOrderQty),
    clientOrderId: request.clientOrderId,
  };
  if (priced) checkPercentPrice(priceTicks, averageTicks);
  checkNotional(instrument, rules, parsed, averageTicks);
  return parsed;
}

function parsePrice(
  instrument: Instrument,
  { tickStep }: TradingRules,
  name: string,
  text: string | undefined,
): number {
  const units = parseAmount(name, text ?? '');
  if (units === 0n) throw new Refusal(-1013, 'Invalid price.');
  const step = instrument.tickUnits * BigInt(tickStep);
  if (units % step !== 0n || units / instrument.tickUnits > BigInt(MAX_PRICE_TICKS)) {
    throw new Refusal(-1013, 'Filter failure: PRICE_FILTER');
  }
  return Number(units / instrument.tickUnits);
}

function parseQuantity(
  instrument: Instrument,
  { lotStep, minLots, maxLots }: TradingRules,
  text: string,
): number {
  const units = parseAmount('quantity', text);
  if (units === 0n) throw new Refusal(-1013, 'Invalid quantity.');
  const lots = units / instrument.lotUnits;
  if (
    units % (instrument.lotUnits * BigInt(lotStep)) !== 0n ||
    lots < BigInt(minLots) ||
    lots > BigInt(maxLots)
  ) {
    throw new Refusal(-1013, 'Filter failure: LOT_SIZE');
  }
  return Number(lots);
}

function parseAmount(name: string, text: string): bigint {
  const units = parseUnits(text);
  if (units === 'too-precise') throw new Refusal(-1111, `Parameter '${name}' has too much precision.`);
  if (units === undefined) {
    throw new Refusal(
      -1100,
      `Illegal characters found in parameter '${name}'; legal range is '^([0-9]{1,20})(\\.[0-9]{1,20})?$'.`,
    );
  }
  return units;
}

function checkPercentPrice(priceTicks: number, averageTicks: number): void {
  if (averageTicks === 0) return;
  if (priceTicks > averageTicks * PERCENT_PRICE_FACTOR || priceTicks * PERCENT_PRICE_FACTOR < averageTicks) {
    throw new Refusal(-1013, 'Filter failure: PERCENT_PRICE_BY_SIDE');
  }
}

function checkNotional(
  instrument: Instrument,
  { minNotionalUnits }: TradingRules,
  order: ParsedOrder,
  averageTicks: number,
): void {
  const isBudget = order.quoteBudget > 0n;
  const referenceTicks =
    order.priceTicks > 0 ? order.priceTicks : order.stopTicks > 0 ? order.stopTicks : averageTicks;
  if (!isBudget && referenceTicks === 0) return;
  const notional = isBudget ? order.quoteBudget : costOf(instrument, referenceTicks, order.quantityLots);
  if (notional < minNotionalUnits) throw new Refusal(-1013, 'Filter failure: NOTIONAL');
}
