import { lastCloseMs, timeframeMs, type Bar } from '../../domain/bar';
import { fromNumber, type DecimalString } from '../../domain/decimal';
import {
  accountPayload,
  aggregateTradesPayload,
  bookPayload,
  klinesPayload,
  tickerPayload,
  tradeFeePayload,
  type FilterPayload,
  type SymbolPayload,
} from './binance-payloads';
import type { Gateway } from './gateway';
import { PAGE_LIMIT } from './paging';
import type { ExchangePort } from './port';
import type { SymbolBook } from './symbols';
import { isUnlisted } from './try-each';

type MarketDataPort = Pick<ExchangePort, 'bars' | 'quotes' | 'book' | 'trades' | 'instruments' | 'isListed'>;

/** The cheapest request there is: up to so many levels cost the same. */
const BOOK_LEVELS = 100;

interface Fees {
  readonly makerFee: DecimalString;
  readonly takerFee: DecimalString;
}

/** Where an account's fees are told: by the wallet's API, with the account (testnet), or nowhere without a key. */
export type FeeSource = 'trade-fee' | 'account' | 'public';

export interface MarketDataDeps {
  readonly gateway: Gateway;
  readonly symbols: SymbolBook;
  readonly clock: ExchangePort['clock'];
  readonly feeSource: FeeSource;
  /** The venue's public fees as fractions. */
  readonly publicFees: { readonly maker: number; readonly taker: number };
}

/** Bars, quotes and instruments. */
export function createMarketData(deps: MarketDataDeps): MarketDataPort {
  const { gateway, symbols } = deps;

  const fetchBars = (
    symbol: string,
    interval: string,
    limit: number,
    endTime: number,
  ): Promise<readonly Bar[]> =>
    gateway.call({
      schema: klinesPayload,
      send: (client) => client.publicGetKlines({ symbol: symbols.toId(symbol), interval, limit, endTime }),
    });

  return {
    async bars({ symbol, timeframe, limit, untilMs }) {
      const { marketTimeMs } = await deps.clock();
      const closeMs = lastCloseMs(Math.min(marketTimeMs, untilMs ?? Infinity), timeframe);
      let bars: readonly Bar[] = [];
      let endMs = closeMs;
      while (bars.length < limit) {
        const wanted = Math.min(limit - bars.length, PAGE_LIMIT);
        // endTime is inclusive and bounds open times; a bar that is still open must not come along.
        const page = (await fetchBars(symbol, timeframe, wanted, endMs - 1)).filter(
          (bar) => bar.openTimeMs + timeframeMs(timeframe) <= endMs,
        );
        bars = [...page, ...bars];
        const [oldest] = page;
        if (oldest === undefined || page.length < wanted) return bars;
        endMs = oldest.openTimeMs;
      }
      return bars;
    },

    quotes: (wanted) =>
      // One by one: ccxt's throttle charges a list of symbols like the whole exchange, 0.8 s of waiting.
      Promise.all(
        wanted.map(async (symbol) => {
          const ticker = await gateway.call({
            schema: tickerPayload,
            send: (client) => client.publicGetTicker24hr({ symbol: symbols.toId(symbol) }),
          });
          return { symbol, bid: ticker.bidPrice, ask: ticker.askPrice, last: ticker.lastPrice };
        }),
      ),

    async book(symbol, levels) {
      const { bids, asks } = await gateway.call({
        schema: bookPayload,
        send: (client) => client.publicGetDepth({ symbol: symbols.toId(symbol), limit: BOOK_LEVELS }),
      });
      return { symbol, bids: bids.slice(0, levels), asks: asks.slice(0, levels) };
    },

    trades: (symbol, limit) =>
      gateway.call({
        schema: aggregateTradesPayload,
        send: (client) => client.publicGetAggTrades({ symbol: symbols.toId(symbol), limit }),
      }),

    async isListed(symbol) {
      try {
        await symbols.describe([symbol]);
        return true;
      } catch (error) {
        if (isUnlisted(error)) return false;
        throw error;
      }
    },

    async instruments(wanted) {
      const rules = await symbols.describe(wanted);
      return Promise.all(
        rules.map(async (info) => ({
          symbol: `${info.baseAsset}/${info.quoteAsset}`,
          base: info.baseAsset,
          quote: info.quoteAsset,
          ...limitsOf(info),
          ...(await fetchFees(info.symbol, deps)),
        })),
      );
    },
  };
}

async function fetchFees(id: string, { gateway, feeSource, publicFees }: MarketDataDeps): Promise<Fees> {
  switch (feeSource) {
    case 'trade-fee': {
      const fees = await gateway.call({
        schema: tradeFeePayload,
        send: (client) => client.sapiGetAssetTradeFee({ symbol: id }),
      });
      const fee = fees.find(({ symbol }) => symbol === id);
      if (fee === undefined) throw new RangeError(`The exchange told no trading fees for ${id}.`);
      return { makerFee: fee.makerCommission, takerFee: fee.takerCommission };
    }
    case 'account': {
      const account = await gateway.call({
        schema: accountPayload,
        send: (client) => client.privateGetAccount(),
      });
      return { makerFee: account.commissionRates.maker, takerFee: account.commissionRates.taker };
    }
    case 'public':
      return { makerFee: fromNumber(publicFees.maker, 8), takerFee: fromNumber(publicFees.taker, 8) };
  }
}

/** A symbol's rules, from its filters. @throws RangeError when the exchange does not tell one. */
export function limitsOf(info: SymbolPayload) {
  const price = findFilter(info, 'PRICE_FILTER');
  const lot = findFilter(info, 'LOT_SIZE');
  const notional = findFilter(info, 'NOTIONAL', 'MIN_NOTIONAL');
  return {
    tickSize: price.tickSize,
    stepSize: lot.stepSize,
    minQuantity: lot.minQty,
    minNotional: notional.minNotional,
  };
}

/** @throws RangeError when there is none of these types. */
export function findFilter<T extends FilterPayload['filterType']>(
  info: SymbolPayload,
  ...types: readonly T[]
): Extract<FilterPayload, { filterType: T }> {
  const isWanted = (filter: FilterPayload): filter is Extract<FilterPayload, { filterType: T }> =>
    types.some((type) => type === filter.filterType);
  const found = info.filters.find(isWanted);
  if (found === undefined)
    throw new RangeError(`The exchange told no ${types.join(' or ')} filter for ${info.symbol}.`);
  return found;
}
