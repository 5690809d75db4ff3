import { Side, type ExchangeEvent } from '../engine/types';
import { openTimeOf } from '../intervals';
import { PrintNumbers, publicTradeOf, type PublicTrade } from '../market-data';
import type { MarketStep } from '../market/source';
import { requireInstrument, type ServerContext } from './context';
import { DepthDiff } from './depth-diff';
import { dayView, levelRows } from './market-views';
import type { StreamName } from './stream-names';
import { aggregateTradeEvent, klineEvent, miniTickerEvent, tickerEvent, tradeEvent } from './stream-views';

/** Receives the messages of the streams it has subscribed to. */
export interface Subscriber {
  deliver(stream: string, data: unknown): void;
}

interface Subscription {
  readonly stream: StreamName;
  readonly subscribers: Set<Subscriber>;
  /** Lets the market idle again. */
  readonly release: () => void;
  /** Sends what is new since the last call, for the streams that follow the wall clock. */
  readonly flush: () => void;
  readonly everyMs: number;
  flushedMs: number;
}

/** The wall-clock beat of all streams but trades, which are sent as they happen. */
const BEAT_MS = 100;
const SLOW_MS = 1000;

/**
 * Public market streams. A stream costs work only while somebody listens. Between two beats a fast market may have
 * moved much: books and tickers are then conflated to their newest state, closed candles and trades are all sent.
 */
export class MarketStreams {
  private readonly subscriptions = new Map<string, Subscription>();
  private readonly numbers = new Map<string, PrintNumbers>();
  private readonly timer: NodeJS.Timeout;

  constructor(private readonly context: ServerContext) {
    this.timer = setInterval(() => {
      this.beat();
    }, BEAT_MS);
    context.venue.listen({
      step: (step) => {
        this.onStep(step);
      },
      events: (events) => {
        const trades = this.userTrades(events);
        return () => {
          for (const [symbol, trade] of trades) this.sendTrade(symbol, trade);
        };
      },
    });
  }

  close(): void {
    clearInterval(this.timer);
    for (const { release } of this.subscriptions.values()) release();
  }

  /** @throws Refusal -1121 for a symbol the exchange does not have. */
  subscribe(stream: StreamName, subscriber: Subscriber): void {
    let subscription = this.subscriptions.get(stream.name);
    if (subscription === undefined) {
      subscription = this.open(stream);
      this.subscriptions.set(stream.name, subscription);
    }
    subscription.subscribers.add(subscriber);
  }

  unsubscribe(name: string, subscriber: Subscriber): void {
    const subscription = this.subscriptions.get(name);
    subscription?.subscribers.delete(subscriber);
    if (subscription === undefined || subscription.subscribers.size > 0) return;
    this.subscriptions.delete(name);
    subscription.release();
  }

  private open(stream: StreamName): Subscription {
    const { venue, instruments } = this.context;
    const symbols = stream.symbol === undefined ? [...instruments.keys()] : [stream.symbol];
    const releases = symbols.map((symbol) => venue.watch(symbol));
    const flush = this.flusher(stream, symbols);
    if (stream.topic.kind === 'depth') {
      releases.push(...symbols.map((symbol) => this.context.depthIds.beforeSnapshot(symbol, flush)));
    }
    return {
      stream,
      subscribers: new Set(),
      release: () => {
        for (const release of releases) release();
      },
      flush,
      everyMs: 'everyMs' in stream.topic ? stream.topic.everyMs : isSlow(stream) ? SLOW_MS : BEAT_MS,
      flushedMs: 0,
    };
  }

  /** What a stream sends on its beat; it closes over what it sent last. */
  private flusher({ name, symbol, topic }: StreamName, symbols: readonly string[]): () => void {
    const send = (data: unknown): void => {
      this.send(name, data);
    };
    if (symbol === undefined) {
      const view = topic.kind === 'ticker' ? tickerEvent : miniTickerEvent;
      return () => {
        send(symbols.map((each) => view(this.day(each), this.context.venue.nowMs)));
      };
    }
    switch (topic.kind) {
      case 'trade':
      case 'aggTrade':
        return () => undefined;
      case 'miniTicker':
        return () => {
          send(miniTickerEvent(this.day(symbol), this.context.venue.nowMs));
        };
      case 'ticker':
        return () => {
          send(tickerEvent(this.day(symbol), this.context.venue.nowMs));
        };
      case 'bookTicker':
        return this.onChange(symbol, () => {
          send(this.bookTicker(symbol));
        });
      case 'partialDepth':
        return this.onChange(symbol, () => {
          send(this.partialDepth(symbol, topic.levels));
        });
      case 'depth': {
        const diff = new DepthDiff(this.context, symbol);
        return () => {
          const event = diff.next();
          if (event !== undefined) send(event);
        };
      }
      case 'kline':
        return this.klineFlusher(symbol, topic.interval, send);
    }
  }

  private onChange(symbol: string, act: () => void): () => void {
    let sent = -1;
    return () => {
      const { version } = this.context.venue.matcher(symbol).book;
      if (version !== sent) act();
      sent = version;
    };
  }

  /** Every candle that has closed since the last beat, each once and final, then the running one. */
  private klineFlusher(
    symbol: string,
    interval: Parameters<typeof openTimeOf>[0],
    send: (data: unknown) => void,
  ): () => void {
    const { venue } = this.context;
    const instrument = requireInstrument(this.context, symbol);
    let openMs = openTimeOf(interval, venue.nowMs);
    let flushedMs = -1;
    return () => {
      const { nowMs } = venue;
      if (nowMs === flushedMs) return;
      flushedMs = nowMs;
      // A candle is final once its bars are known, which in a mirrored market takes a moment.
      const knownToMs = venue.source.live?.barsKnownToMs(symbol) ?? nowMs;
      const currentMs = Math.max(openMs, openTimeOf(interval, Math.min(nowMs, knownToMs)));
      for (const candle of venue.data.candles(symbol, interval, openMs, currentMs, nowMs)) {
        send(klineEvent(instrument, interval, candle, nowMs, candle.openTimeMs < currentMs));
      }
      openMs = currentMs;
    };
  }

  private beat(): void {
    if (this.subscriptions.size === 0) return;
    const { venue } = this.context;
    venue.pump();
    const flush = (): void => {
      venue.hold(() => {
        this.flush();
      });
    };
    // A disk that fails is reported by the venue; there is nothing to send then.
    venue.settled().then(flush, () => undefined);
  }

  private flush(): void {
    const wallMs = this.context.wallMs();
    for (const subscription of this.subscriptions.values()) {
      if (wallMs - subscription.flushedMs < subscription.everyMs - BEAT_MS / 2) continue;
      subscription.flushedMs = wallMs;
      subscription.flush();
    }
  }

  private onStep(step: MarketStep): void {
    const lower = step.symbol.toLowerCase();
    if (!this.subscriptions.has(`${lower}@trade`) && !this.subscriptions.has(`${lower}@aggTrade`)) return;
    const numbers = this.numbers.get(step.symbol) ?? new PrintNumbers();
    this.numbers.set(step.symbol, numbers);
    for (const trade of numbers.trades(step)) this.sendTrade(step.symbol, trade);
  }

  private userTrades(events: readonly ExchangeEvent[]): [string, PublicTrade][] {
    return events.flatMap((event) => {
      const trade = event.kind === 'orderTraded' ? publicTradeOf(event.trade) : undefined;
      return trade === undefined || event.kind !== 'orderTraded'
        ? []
        : [[event.trade.symbol, trade] as [string, PublicTrade]];
    });
  }

  private sendTrade(symbol: string, trade: PublicTrade): void {
    const lower = symbol.toLowerCase();
    const instrument = requireInstrument(this.context, symbol);
    this.send(`${lower}@trade`, tradeEvent(instrument, trade));
    this.send(`${lower}@aggTrade`, aggregateTradeEvent(instrument, trade));
  }

  private day(symbol: string): Record<string, unknown> {
    return dayView(this.context, requireInstrument(this.context, symbol));
  }

  private bookTicker(symbol: string): unknown {
    const day = this.day(symbol);
    const { book } = this.context.venue.matcher(symbol);
    const u = this.context.depthIds.idOf(symbol, book, this.context.venue.nowMs);
    return { u, s: symbol, b: day.bidPrice, B: day.bidQty, a: day.askPrice, A: day.askQty };
  }

  private partialDepth(symbol: string, levels: number): unknown {
    const instrument = requireInstrument(this.context, symbol);
    const { book } = this.context.venue.matcher(symbol);
    return {
      lastUpdateId: this.context.depthIds.idOf(symbol, book, this.context.venue.nowMs),
      bids: levelRows(instrument, book.depth(Side.Buy, levels)),
      asks: levelRows(instrument, book.depth(Side.Sell, levels)),
    };
  }

  private send(name: string, data: unknown): void {
    for (const subscriber of this.subscriptions.get(name)?.subscribers ?? []) subscriber.deliver(name, data);
  }
}

/** Tickers, and candles so long that building one is work, go out once a second. */
function isSlow({ topic }: StreamName): boolean {
  if (topic.kind === 'kline') return !/^\d+m$/.test(topic.interval);
  return topic.kind === 'miniTicker' || topic.kind === 'ticker';
}
