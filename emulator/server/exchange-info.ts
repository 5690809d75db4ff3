import {
  MAX_OPEN_ORDERS,
  MAX_PRICE_TICKS,
  MAX_RESIDENT_STOPS,
  PERCENT_PRICE_FACTOR,
  AVERAGE_PRICE_MINUTES,
} from '../accounts/filters';
import { priceText, quantityText, type Instrument } from '../engine/instrument';
import { OrderType, type TradingRules } from '../engine/types';
import { formatUnits } from '../engine/units';
import { listedSymbols, requireInstrument, type ServerContext } from './context';
import type { Params } from './params';
import { SELF_TRADE_PREVENTION } from './views';

/** `GET /api/v3/exchangeInfo`: rate limits, symbols and their filters, exactly those which orders are checked against. */
export function exchangeInfo(context: ServerContext, params: Params): unknown {
  const single = params.text('symbol');
  const names = single === undefined ? (params.list('symbols') ?? listedSymbols(context)) : [single];
  const { weightPerMinute, ordersPerTenSeconds, ordersPerDay } = context.limits;
  return {
    timezone: 'UTC',
    serverTime: context.serverMs(),
    rateLimits: [
      { rateLimitType: 'REQUEST_WEIGHT', interval: 'MINUTE', intervalNum: 1, limit: weightPerMinute },
      { rateLimitType: 'ORDERS', interval: 'SECOND', intervalNum: 10, limit: ordersPerTenSeconds },
      { rateLimitType: 'ORDERS', interval: 'DAY', intervalNum: 1, limit: ordersPerDay },
    ],
    exchangeFilters: [],
    symbols: names.map((name) => symbolInfo(context, requireInstrument(context, name))),
  };
}

function symbolInfo({ venue }: ServerContext, instrument: Instrument): unknown {
  const { state } = venue.exchange;
  return {
    symbol: instrument.symbol,
    status: state.statusOf(instrument.symbol),
    baseAsset: instrument.base,
    baseAssetPrecision: 8,
    quoteAsset: instrument.quote,
    quotePrecision: 8,
    quoteAssetPrecision: 8,
    baseCommissionPrecision: 8,
    quoteCommissionPrecision: 8,
    orderTypes: Object.values(OrderType),
    icebergAllowed: false,
    ocoAllowed: true,
    otoAllowed: false,
    quoteOrderQtyMarketAllowed: true,
    allowTrailingStop: false,
    cancelReplaceAllowed: true,
    amendAllowed: false,
    isSpotTradingAllowed: true,
    isMarginTradingAllowed: false,
    filters: filters(instrument, state.rulesOf(instrument.symbol)),
    permissions: [],
    permissionSets: [['SPOT']],
    defaultSelfTradePreventionMode: SELF_TRADE_PREVENTION,
    allowedSelfTradePreventionModes: [SELF_TRADE_PREVENTION],
  };
}

function filters(instrument: Instrument, rules: TradingRules): unknown[] {
  const up = PERCENT_PRICE_FACTOR.toString();
  const down = (1 / PERCENT_PRICE_FACTOR).toString();
  const stepSize = quantityText(instrument, rules.lotStep);
  const minQty = quantityText(instrument, rules.minLots);
  const maxQty = quantityText(instrument, rules.maxLots);
  const tickSize = priceText(instrument, rules.tickStep);
  return [
    {
      filterType: 'PRICE_FILTER',
      minPrice: tickSize,
      maxPrice: priceText(instrument, MAX_PRICE_TICKS),
      tickSize,
    },
    { filterType: 'LOT_SIZE', minQty, maxQty, stepSize },
    { filterType: 'MARKET_LOT_SIZE', minQty, maxQty, stepSize },
    {
      filterType: 'PERCENT_PRICE_BY_SIDE',
      bidMultiplierUp: up,
      bidMultiplierDown: down,
      askMultiplierUp: up,
      askMultiplierDown: down,
      avgPriceMins: AVERAGE_PRICE_MINUTES,
    },
    {
      filterType: 'NOTIONAL',
      minNotional: formatUnits(rules.minNotionalUnits),
      applyMinToMarket: true,
      avgPriceMins: AVERAGE_PRICE_MINUTES,
    },
    { filterType: 'MAX_NUM_ORDERS', maxNumOrders: MAX_OPEN_ORDERS },
    { filterType: 'MAX_NUM_ALGO_ORDERS', maxNumAlgoOrders: MAX_RESIDENT_STOPS },
  ];
}
