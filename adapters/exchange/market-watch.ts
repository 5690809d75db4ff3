import { timeframeMs, type Bar } from '../../domain/bar';
import { ExchangeFailure, FailureKind, UNKNOWN_PAIR_CLASS } from '../../domain/errors';
import { aggregateTradePayload, klineEventPayload } from './binance-payloads';
import { abortable, type EventStream, type OpenEventStream } from './event-stream';
import type { Gateway } from './gateway';
import { isMarketEvent, topicOf } from './market-stream';
import type { MarketEvent, MarketWatchRequest } from './port';
import { tellInTurn, watchStream, type StreamWatchDeps } from './stream-watch';
import type { SymbolBook } from './symbols';
import { askListed, isUnlisted } from './try-each';

export interface MarketWatchDeps extends StreamWatchDeps {
  readonly openStream: OpenEventStream;
  readonly symbols: SymbolBook;
}

/** ccxt's class of an error that it has no better one for: the market streams answer so when a request is wrong in itself. */
const REFUSED_CLASS = 'ExchangeError';

/**
 * Tells news of the market until `signal` aborts, as the port documents it. It holds one stream of its own, opened anew when it is lost;
 * `connected` is told once the exchange has confirmed that it streams, so whoever asks for the past on it misses nothing.
 */
export async function watchMarket(
  deps: MarketWatchDeps,
  request: MarketWatchRequest,
  onEvent: (event: MarketEvent) => void | Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const sources = new Sources(request, deps);
  const tell = tellInTurn(onEvent, signal);
  let areListed = false;

  await watchStream(
    {
      name: 'Market news',
      async open() {
        // The exchange itself never says so: of a pair that it does not know nothing ever comes.
        if (!areListed) await abortable(checkListed(sources.symbols, deps.symbols), signal);
        areListed = true;
        return openStream(deps, sources.topics, signal);
      },
      async tell(stream: EventStream) {
        sources.connected();
        await tell({ kind: 'connected' });
        for (;;) {
          for (const event of sources.toEvents(await stream.next())) await tell(event);
        }
      },
      isFinal: ({ kind }) => kind === FailureKind.Rejected,
    },
    deps,
    signal,
  );
}

/** @throws ExchangeFailure that names the pairs which the exchange does not list */
async function checkListed(pairs: readonly string[], symbols: SymbolBook): Promise<void> {
  try {
    await symbols.describe(pairs);
  } catch (error) {
    if (!isUnlisted(error)) throw error;
    const { unknown } = await askListed(pairs, (pair) => symbols.describe([pair]));
    const message = `The exchange does not list ${unknown.join(', ')}: there is nothing to listen to.`;
    throw new ExchangeFailure(FailureKind.Rejected, message, { errorClass: UNKNOWN_PAIR_CLASS });
  }
}

/** @throws ExchangeFailure, rejected when the exchange does not want to stream these */
async function openStream(
  { openStream: open, gateway }: MarketWatchDeps,
  topics: readonly string[],
  signal: AbortSignal,
): Promise<EventStream> {
  try {
    return await open(signal, topics);
  } catch (error) {
    const { message, detail } = gateway.classify(error);
    if (signal.aborted || detail.errorClass !== REFUSED_CLASS) throw error;
    const refusal = `The exchange refuses to stream ${topics.join(', ')}: ${message}`;
    throw new ExchangeFailure(FailureKind.Rejected, refusal, detail);
  }
}

type BarSource = MarketWatchRequest['bars'][number];

/** What is listened to, and how far the bars of each source have come. */
class Sources {
  readonly topics: readonly string[];
  readonly symbols: readonly string[];
  private readonly bars: ReadonlyMap<string, BarSequence>;
  private readonly trades: ReadonlyMap<string, string>;

  /** @throws RangeError for nothing to listen to, and for a symbol that is not of the form `BASE/QUOTE` */
  constructor(
    { bars, trades }: MarketWatchRequest,
    private readonly deps: { readonly gateway: Gateway; readonly symbols: Pick<SymbolBook, 'toId'> },
  ) {
    const klineTopic = ({ symbol, timeframe }: BarSource): string =>
      topicOf(deps.symbols.toId(symbol), `kline_${timeframe}`);
    this.bars = new Map(bars.map((source) => [klineTopic(source), new BarSequence(source)]));
    this.trades = new Map(trades.map((symbol) => [topicOf(deps.symbols.toId(symbol), 'aggTrade'), symbol]));
    this.topics = [...this.bars.keys(), ...this.trades.keys()];
    this.symbols = [...new Set([...bars.map(({ symbol }) => symbol), ...trades])];
    if (this.topics.length === 0) throw new RangeError('Neither bars nor trades are asked for.');
  }

  connected(): void {
    for (const sequence of this.bars.values()) sequence.restart();
  }

  /** What there is to tell of an event. @throws ExchangeFailure when it is not what the exchange documents */
  toEvents(event: unknown): readonly MarketEvent[] {
    const { gateway } = this.deps;
    switch (isMarketEvent(event) ? event.e : undefined) {
      case 'kline': {
        const { s, k } = gateway.understand(klineEventPayload, event);
        if (!k.x) return [];
        const bar = {
          openTimeMs: k.t,
          open: Number(k.o),
          high: Number(k.h),
          low: Number(k.l),
          close: Number(k.c),
          volume: Number(k.v),
        };
        return this.bars.get(topicOf(s, `kline_${k.i}`))?.toEvents(bar) ?? [];
      }
      case 'aggTrade': {
        const { s, p, T } = gateway.understand(aggregateTradePayload, event);
        const symbol = this.trades.get(topicOf(s, 'aggTrade'));
        return symbol === undefined ? [] : [{ kind: 'trade', symbol, price: Number(p), marketTimeMs: T }];
      }
      default:
        return [];
    }
  }
}

/** The closed bars of one source: each once, in order, and never one passed over in silence. */
class BarSequence {
  private newestMs = -Infinity;
  private isFirst = true;

  constructor(private readonly source: BarSource) {}

  /** What comes next follows a new connection: it may come after a gap that is known, or after the market was set back. */
  restart(): void {
    this.isFirst = true;
  }

  toEvents(bar: Bar): readonly MarketEvent[] {
    const { openTimeMs } = bar;
    const expectedMs = this.newestMs + timeframeMs(this.source.timeframe);
    if (this.isFirst ? openTimeMs === this.newestMs : openTimeMs < expectedMs) return [];
    const isGap = !this.isFirst && openTimeMs > expectedMs;
    this.newestMs = openTimeMs;
    this.isFirst = false;
    const { symbol, timeframe } = this.source;
    const told: MarketEvent = { kind: 'bar', symbol, timeframe, bar };
    return isGap ? [{ kind: 'gap', symbol, timeframe, fromMs: expectedMs, toMs: openTimeMs }, told] : [told];
  }
}
