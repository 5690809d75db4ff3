import type { ClockReading } from '../../domain/clock';
import type { DecimalString } from '../../domain/decimal';
import {
  aggregateTradePayload,
  depthPayload,
  depthUpdatePayload,
  exactKlinesPayload,
  klineEventPayload,
} from './binance-payloads';
import { createCcxtClient } from './ccxt-client';
import { createScrubber } from './failure';
import { createGateway } from './gateway';
import { HttpClient } from './http-client';
import { createClock } from './market-clock';
import { findFilter, limitsOf } from './market-data';
import { createMarketStreams, isMarketEvent, topicOf } from './market-stream';
import { checkOptions, type ExchangeOptions } from './options';
import { PAGE_LIMIT } from './paging';
import { createSymbolBook } from './symbols';
import { createFetch } from './transport';

/** The trading rules of one symbol, as the venue publishes them. */
export interface FeedRules {
  /** The venue's own id, e.g. `BTCUSDT`. */
  readonly symbol: string;
  readonly base: string;
  readonly quote: string;
  readonly tickSize: DecimalString;
  readonly stepSize: DecimalString;
  readonly minQuantity: DecimalString;
  readonly maxQuantity: DecimalString;
  readonly minNotional: DecimalString;
}

/** `[price, quantity]`; a quantity of zero removes the level. */
export type FeedLevel = readonly [DecimalString, DecimalString];

/** The whole book as of `updateId`. */
export interface FeedBook {
  readonly updateId: number;
  readonly bids: readonly FeedLevel[];
  readonly asks: readonly FeedLevel[];
}

/** A closed bar of one minute, exact. */
export interface FeedBar {
  readonly openTimeMs: number;
  readonly open: DecimalString;
  readonly high: DecimalString;
  readonly low: DecimalString;
  readonly close: DecimalString;
  readonly volume: DecimalString;
}

/** What the venue streams. A book event changes levels from update `firstId` to `lastId`; bars are closed ones. */
export type FeedEvent =
  | {
      readonly kind: 'book';
      readonly symbol: string;
      readonly firstId: number;
      readonly lastId: number;
      readonly bids: readonly FeedLevel[];
      readonly asks: readonly FeedLevel[];
    }
  | {
      readonly kind: 'trade';
      readonly symbol: string;
      /** Grows with every trade of the symbol. */
      readonly tradeId: number;
      /** The aggressor's side. */
      readonly side: 'buy' | 'sell';
      readonly price: DecimalString;
      readonly quantity: DecimalString;
    }
  | { readonly kind: 'bar'; readonly symbol: string; readonly bar: FeedBar };

/** One connection. `next` rejects once it is lost and everything heard has been read. */
export interface FeedConnection {
  next(): Promise<FeedEvent>;
  close(): void;
}

/** The public data of one venue. Symbols are the venue's ids, except where they are asked for by `BASE/QUOTE`. */
export interface MarketFeed {
  readonly venue: string;
  /** @throws ExchangeFailure, and for a pair that the venue does not list. */
  rules(pairs: readonly string[]): Promise<readonly FeedRules[]>;
  /** The venue's market time. */
  clock(): Promise<ClockReading>;
  /** One-minute bars with `fromMs <= openTimeMs < toMs`, oldest first; a bar that is still open may be among them. */
  bars(symbol: string, fromMs: number, toMs: number): Promise<readonly FeedBar[]>;
  book(symbol: string): Promise<FeedBook>;
  /** Streams book changes, trades and closed one-minute bars of these symbols. */
  connect(symbols: readonly string[], signal: AbortSignal): Promise<FeedConnection>;
  close(): Promise<void>;
}

export interface MarketFeedOptions extends Pick<
  ExchangeOptions,
  'venue' | 'restUrl' | 'wsUrl' | 'clock' | 'requestTimeoutMs' | 'logger'
> {
  /** Neither a message nor an answer to a ping for so long: the connection is dead. */
  readonly staleAfterMs: number;
}

/** Levels a side in a snapshot of the book; more cost five times the request weight. */
const SNAPSHOT_LEVELS = 1000;
/** ccxt wants one, for the signatures that are never made here. */
const UNUSED_RECEIVE_WINDOW_MS = 5000;

/**
 * Opens a venue's public data through an unmodified ccxt client. There is no key: nothing is signed, nothing can be
 * ordered. Nothing is sent until the first call.
 * @throws UserError when the options contradict each other.
 */
export async function createMarketFeed(options: MarketFeedOptions): Promise<MarketFeed> {
  const { venue, staleAfterMs, requestTimeoutMs } = options;
  const exchangeOptions: ExchangeOptions = { ...options, recvWindowMs: UNUSED_RECEIVE_WINDOW_MS };
  checkOptions(exchangeOptions);
  const httpClient = new HttpClient();
  const client = await createCcxtClient(exchangeOptions, staleAfterMs, (origins) =>
    createFetch(httpClient, origins, options.restUrl),
  );
  const gateway = createGateway(client, createScrubber([]), options.logger);
  const symbols = createSymbolBook(gateway, []);
  const openStream = createMarketStreams({ client, staleAfterMs, requestTimeoutMs });

  return {
    venue,
    clock: createClock(gateway, httpClient, exchangeOptions).clock,
    async rules(pairs) {
      return (await symbols.describe(pairs)).map((info) => ({
        symbol: info.symbol,
        base: info.baseAsset,
        quote: info.quoteAsset,
        ...limitsOf(info),
        maxQuantity: findFilter(info, 'LOT_SIZE').maxQty,
      }));
    },
    async bars(symbol, fromMs, toMs) {
      const bars: FeedBar[] = [];
      let startTime = fromMs;
      while (startTime < toMs) {
        const parameters = { symbol, interval: '1m', startTime, endTime: toMs - 1, limit: PAGE_LIMIT };
        const page = await gateway.call({
          schema: exactKlinesPayload,
          send: (ccxt) => ccxt.publicGetKlines(parameters),
        });
        bars.push(...page);
        const last = page.at(-1);
        if (last === undefined || page.length < PAGE_LIMIT) break;
        startTime = last.openTimeMs + 1;
      }
      return bars;
    },
    async book(symbol) {
      const { lastUpdateId, bids, asks } = await gateway.call({
        schema: depthPayload,
        send: (ccxt) => ccxt.publicGetDepth({ symbol, limit: SNAPSHOT_LEVELS }),
      });
      return { updateId: lastUpdateId, bids, asks };
    },
    async connect(ids, signal) {
      const topics = ids.flatMap((id) => ['depth@100ms', 'aggTrade', 'kline_1m'].map((t) => topicOf(id, t)));
      const stream = await openStream(signal, topics);
      return {
        async next() {
          for (;;) {
            const event = toFeedEvent(await stream.next());
            if (event !== undefined) return event;
          }
        },
        close: () => {
          stream.close();
        },
      };
    },
    async close() {
      await client.close();
      httpClient.close();
    },
  };
}

/** @throws ZodError when an event that we have subscribed to is not what the venue documents. */
function toFeedEvent(event: unknown): FeedEvent | undefined {
  switch (isMarketEvent(event) ? event.e : undefined) {
    case 'depthUpdate': {
      const { s, U, u, b, a } = depthUpdatePayload.parse(event);
      return { kind: 'book', symbol: s, firstId: U, lastId: u, bids: b, asks: a };
    }
    case 'aggTrade': {
      const { s, a, p, q, m } = aggregateTradePayload.parse(event);
      return { kind: 'trade', symbol: s, tradeId: a, side: m ? 'sell' : 'buy', price: p, quantity: q };
    }
    case 'kline': {
      const { s, k } = klineEventPayload.parse(event);
      if (!k.x) return undefined;
      const bar = { openTimeMs: k.t, open: k.o, high: k.h, low: k.l, close: k.c, volume: k.v };
      return { kind: 'bar', symbol: s, bar };
    }
    default:
      return undefined;
  }
}
