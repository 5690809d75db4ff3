import { AVERAGE_PRICE_MINUTES } from './accounts/filters';
import { printTradeId, type ExchangeState } from './accounts/state';
import { Side, type Trade } from './engine/types';
import { closeTimeOf, Interval, openTimeOf } from './intervals';
import type { IntegerBar, MarketSource, MarketStep } from './market/source';

/** A trade as everyone sees it. */
export interface PublicTrade {
  readonly tradeId: number;
  readonly timeMs: number;
  readonly priceTicks: number;
  readonly lots: number;
  /** The resting side was the buyer: the aggressor sold. */
  readonly isBuyerMaker: boolean;
}

/** A candle of any interval, in integers; `turnover` is the sum of typical price ticks times lots. */
export interface Candle {
  readonly openTimeMs: number;
  readonly closeTimeMs: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly lots: number;
  readonly turnover: number;
}

/** The last 24 hours of a symbol. */
export interface DayStatistics extends Candle {
  readonly previousClose: number;
  readonly lastLots: number;
}

export const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** How far back recent trades are looked for. */
const TAPE_REACH_MS = 3_600_000;

/** Numbers the prints of consecutive steps of one symbol. Steps at the same millisecond share one count. */
export class PrintNumbers {
  private timeMs = -1;
  private index = 0;

  *trades(step: MarketStep): Generator<PublicTrade> {
    if (step.timeMs !== this.timeMs) this.index = 0;
    this.timeMs = step.timeMs;
    for (const print of step.prints) {
      yield {
        tradeId: printTradeId(step.timeMs, this.index),
        timeMs: step.timeMs,
        priceTicks: print.priceTicks,
        lots: print.quantityLots,
        isBuyerMaker: print.side === 'sell',
      };
      this.index += 1;
    }
  }
}

/**
 * A user's fill as everyone sees it, or undefined when the public tape shows it otherwise: a fill by a print is part of
 * that print, and a trade between two users shows once, as the taker's.
 */
export function publicTradeOf(trade: Trade): PublicTrade | undefined {
  if (trade.counterparty.kind === 'print' || (trade.isMaker && trade.counterparty.kind === 'order'))
    return undefined;
  const { tradeId, timeMs, priceTicks, lots } = trade;
  return { tradeId, timeMs, priceTicks, lots, isBuyerMaker: (trade.side === Side.Buy) === trade.isMaker };
}

/** Everything public about the past, computed on demand from the market source and the users' trades. */
export class MarketData {
  private readonly dayCache = new Map<
    string,
    { readonly minuteMs: number; readonly day: DayStatistics | undefined }
  >();

  constructor(
    private readonly source: MarketSource,
    private readonly state: ExchangeState,
  ) {}

  /** Public trades with `fromMs < timeMs <= toMs`, oldest first. */
  tape(symbol: string, fromMs: number, toMs: number): PublicTrade[] {
    const numbers = new PrintNumbers();
    const trades: PublicTrade[] = [];
    for (const step of this.source.steps(fromMs, toMs)) {
      if (step.symbol === symbol) trades.push(...numbers.trades(step));
    }
    const users = this.userTrades(symbol, fromMs).filter((trade) => trade.timeMs <= toMs);
    return users.length === 0 ? trades : [...trades, ...users].sort((a, b) => a.tradeId - b.tradeId);
  }

  /** The newest `limit` public trades at `nowMs`, oldest first, from the last hour. */
  recent(symbol: string, nowMs: number, limit: number): PublicTrade[] {
    let trades: PublicTrade[] = [];
    for (let reachMs = MINUTE_MS; trades.length < limit && reachMs <= TAPE_REACH_MS; reachMs *= 4) {
      trades = this.tape(symbol, nowMs - reachMs, nowMs);
    }
    return trades.slice(-limit);
  }

  /** The last traded price at `nowMs`, 0 when there was none within a day. */
  lastTicks(symbol: string, nowMs: number): number {
    // Most of the time a few seconds are enough, and they cost a fraction of a minute.
    const newest =
      this.tape(symbol, nowMs - MINUTE_MS / 12, nowMs).at(-1) ??
      this.tape(symbol, nowMs - MINUTE_MS, nowMs).at(-1);
    return (
      newest?.priceTicks ?? this.source.bars(symbol, nowMs - DAY_MS, nowMs - MINUTE_MS + 1).at(-1)?.close ?? 0
    );
  }

  /** The volume-weighted price of the last five closed minutes, 0 when there are none. */
  averageTicks(symbol: string, nowMs: number): number {
    const toMs = openTimeOf(Interval.M1, nowMs);
    let turnover = 0;
    let lots = 0;
    let close = 0;
    for (const bar of this.source.bars(symbol, toMs - AVERAGE_PRICE_MINUTES * MINUTE_MS, toMs)) {
      turnover += typicalTicks(bar) * bar.volumeLots;
      lots += bar.volumeLots;
      ({ close } = bar);
    }
    return lots === 0 ? close : Math.round(turnover / lots);
  }

  /** Candles with `fromMs <= openTimeMs <= toMs` that had begun by `nowMs`, oldest first, the running one included. */
  candles(symbol: string, interval: Interval, fromMs: number, toMs: number, nowMs: number): Candle[] {
    const first = openTimeOf(interval, fromMs);
    const end = Math.min(nextOpenOf(interval, toMs), openTimeOf(Interval.M1, nowMs));
    const candles: Candle[] = [];
    for (const bar of this.source.bars(symbol, first, end)) append(candles, interval, candleOf(bar));
    const running = this.running(symbol, nowMs);
    if (
      running !== undefined &&
      running.openTimeMs < nextOpenOf(interval, toMs) &&
      running.openTimeMs >= first
    ) {
      append(candles, interval, running);
    }
    return candles.filter((candle) => candle.openTimeMs >= fromMs);
  }

  /** What has been traded of the minute that `nowMs` is in, or undefined when nothing has. */
  running(symbol: string, nowMs: number): Candle | undefined {
    const openTimeMs = openTimeOf(Interval.M1, nowMs);
    let running: Candle | undefined;
    for (const trade of this.tape(symbol, openTimeMs - 1, nowMs)) {
      const { priceTicks, lots } = trade;
      const candle = {
        openTimeMs,
        closeTimeMs: openTimeMs + MINUTE_MS - 1,
        open: priceTicks,
        high: priceTicks,
        low: priceTicks,
        close: priceTicks,
        lots,
        turnover: priceTicks * lots,
      };
      running = running === undefined ? candle : merge(running, candle);
    }
    return running;
  }

  /** The 24 hours to the last closed minute, with the running minute's prices; undefined when there was no trade. */
  day(symbol: string, nowMs: number): DayStatistics | undefined {
    const minuteMs = openTimeOf(
      Interval.M1,
      Math.min(nowMs, this.source.live?.barsKnownToMs(symbol) ?? nowMs),
    );
    const cached = this.dayCache.get(symbol);
    const closed = cached?.minuteMs === minuteMs ? cached.day : this.closedDay(symbol, minuteMs);
    this.dayCache.set(symbol, { minuteMs, day: closed });
    const running = this.running(symbol, nowMs);
    if (running === undefined) return closed && { ...closed, closeTimeMs: nowMs };
    if (closed === undefined)
      return { ...running, closeTimeMs: nowMs, previousClose: running.open, lastLots: running.lots };
    return { ...closed, ...merge(closed, running), closeTimeMs: nowMs };
  }

  private closedDay(symbol: string, minuteMs: number): DayStatistics | undefined {
    const [first, ...rest] = this.source.bars(symbol, minuteMs - DAY_MS, minuteMs);
    if (first === undefined) return undefined;
    let day = candleOf(first);
    for (const bar of rest) day = merge(day, candleOf(bar));
    return { ...day, previousClose: first.open, lastLots: rest.at(-1)?.volumeLots ?? first.volumeLots };
  }

  private userTrades(symbol: string, afterMs: number): PublicTrade[] {
    const found: PublicTrade[] = [];
    for (let index = this.state.trades.length - 1; index >= 0; index -= 1) {
      const trade = this.state.trades[index];
      if (trade === undefined || trade.timeMs <= afterMs) break;
      const shown = trade.symbol === symbol ? publicTradeOf(trade) : undefined;
      if (shown !== undefined) found.push(shown);
    }
    return found;
  }
}

function nextOpenOf(interval: Interval, timeMs: number): number {
  return closeTimeOf(interval, openTimeOf(interval, timeMs)) + 1;
}

function typicalTicks(bar: IntegerBar): number {
  return (bar.high + bar.low + bar.close) / 3;
}

function candleOf(bar: IntegerBar): Candle {
  return {
    openTimeMs: bar.openTimeMs,
    closeTimeMs: bar.openTimeMs + MINUTE_MS - 1,
    open: bar.open,
    high: bar.high,
    low: bar.low,
    close: bar.close,
    lots: bar.volumeLots,
    turnover: typicalTicks(bar) * bar.volumeLots,
  };
}

/** Two candles of consecutive spans as one. */
function merge(a: Candle, b: Candle): Candle {
  return {
    openTimeMs: a.openTimeMs,
    closeTimeMs: a.closeTimeMs,
    open: a.open,
    high: Math.max(a.high, b.high),
    low: Math.min(a.low, b.low),
    close: b.close,
    lots: a.lots + b.lots,
    turnover: a.turnover + b.turnover,
  };
}

function append(candles: Candle[], interval: Interval, minute: Candle): void {
  const openTimeMs = openTimeOf(interval, minute.openTimeMs);
  const last = candles.at(-1);
  if (last?.openTimeMs === openTimeMs) candles[candles.length - 1] = merge(last, minute);
  else candles.push({ ...minute, openTimeMs, closeTimeMs: closeTimeOf(interval, openTimeMs) });
}
