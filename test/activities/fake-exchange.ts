import type {
  AccountEvent,
  Balance,
  ExchangePort,
  KeyRights,
  MarketBook,
  MarketTrade,
  OrderReport,
  OrderRequest,
  Quote,
  ReplaceReport,
} from '../../adapters/exchange/port';
import { timeframeMs, type Bar } from '../../domain/bar';
import type { ClockReading } from '../../domain/clock';
import {
  add,
  compare,
  decimal,
  isPositive,
  lessThan,
  minimum,
  multiply,
  negate,
  subtract,
  sum,
  ZERO,
  type DecimalString,
} from '../../domain/decimal';
import { ExchangeFailure, FailureKind, MARKET_CLOSED_CLASS, UNKNOWN_PAIR_CLASS } from '../../domain/errors';
import { OrderType, Side, type Fill } from '../../domain/order';
import { BTC } from '../domain/fixtures';
import { FakeMarketStream } from './fake-market-stream';

/**
 * What befalls the next order request: `refused` and `busy` are proven failures, `lost` never arrives, `unheard` is executed
 * and its answer lost, `late` likewise but not to be seen by a look-up for {@link VISIBLE_AFTER_MS}.
 */
export type Fault = 'none' | 'refused' | 'busy' | 'lost' | 'unheard' | 'late';

/** Within the visibility lag that the order desk allows for. */
export const VISIBLE_AFTER_MS = 1_000;

interface Resting {
  readonly request: OrderRequest;
  readonly report: OrderReport;
  readonly visibleAtMs: number;
}

const failure = (kind: FailureKind, message: string, wouldTrigger = false): ExchangeFailure =>
  new ExchangeFailure(kind, message, { errorClass: 'Scripted', wouldTrigger });

const refusal = (message: string, errorClass: string): ExchangeFailure =>
  new ExchangeFailure(FailureKind.Rejected, message, { errorClass });

const baseOf = (symbol: string): string => symbol.split('/')[0] ?? symbol;

/**
 * Pairs of one price at one venue, in memory: orders rest, fill as far as the test allows, trigger as the price moves, and fail as
 * scripted. It is the truth that tests compare the journal with.
 */
export class FakeExchange implements ExchangePort {
  readonly venue: string = 'fake';
  readonly orders = new Map<string, Resting>();
  readonly fills: Fill[] = [];
  readonly faults: Fault[] = [];
  /** Tells those who watch the market what a test wants them to hear. */
  readonly market = new FakeMarketStream();
  price = decimal('100');
  /** Base units that the next market orders, triggered stops and marketable limits find. */
  liquidity = decimal('1000000');
  /** Stops that the price reaches trigger and do not sell. */
  holdsStops = false;
  state: ClockReading['state'] = 'running';
  session = 's1';
  private pace = { speed: 1, sinceMs: 0, fromMs: 0 };
  private stoodAtMs: number | null = null;
  /** Quote and base that the account owned before Ballast bought anything. */
  foreign = { quote: decimal('10000'), base: decimal('3') };
  /** Requests that reached the exchange, by client order id, replacements included. */
  readonly received: string[] = [];
  /** Trades that the exchange counts in their orders and does not list (yet), by their ids. */
  readonly unlisted = new Set<string>();
  /** Coins that somebody has taken out of the account without an order of ours; negative for coins brought in. */
  withdrawn = ZERO;
  /** What a bar looks like, by its open time; null for a market that has always stood at {@link price}. */
  history: ((openTimeMs: number) => Omit<Bar, 'openTimeMs'>) | null = null;
  /** Bars that the exchange does not (yet) tell of, by the market time of their close. */
  readonly missingBars = new Set<number>();

  private readonly delisted = new Set<string>();
  /** Pairs that are listed and not being traded: orders are refused. */
  readonly closed = new Set<string>();

  constructor(private readonly wallTimeMs: () => number) {}

  /** The pair loses its open orders, and from now on every request about it is refused as unknown. Balances stay. */
  delist(symbol: string): void {
    for (const { request } of [...this.orders.values()])
      if (request.symbol === symbol) this.end(request.clientOrderId, 'cancelled');
    this.delisted.add(symbol);
  }

  relist(symbol: string): void {
    this.delisted.delete(symbol);
  }

  /** The answer to a request about a pair. */
  private about<T>(symbol: string | undefined, answer: () => T): Promise<T> {
    return new Promise((resolve) => {
      if (symbol !== undefined && this.delisted.has(symbol))
        throw refusal('Invalid symbol.', UNKNOWN_PAIR_CLASS);
      resolve(answer());
    });
  }

  /** From now on market time runs faster than wall time; before, they are the same. */
  hurry(speed: number): void {
    this.pace = { speed, sinceMs: this.wallTimeMs(), fromMs: this.marketTimeMs() };
  }

  /** Market time stops, as while an emulator is down. */
  standStill(): void {
    this.stoodAtMs = this.marketTimeMs();
  }

  /** Market time goes on from where it stopped. */
  goOn(): void {
    this.pace = { ...this.pace, sinceMs: this.wallTimeMs(), fromMs: this.marketTimeMs() };
    this.stoodAtMs = null;
  }

  marketTimeMs(): number {
    const { speed, sinceMs, fromMs } = this.pace;
    return this.stoodAtMs ?? fromMs + (this.wallTimeMs() - sinceMs) * speed;
  }

  clock(): Promise<ClockReading> {
    const { session, state } = this;
    const { speed } = this.pace;
    const times = { wallTimeMs: this.wallTimeMs(), marketTimeMs: this.marketTimeMs() };
    return Promise.resolve({ ...times, speed, session, state });
  }

  /** What Ballast holds by the exchange's own record: of one pair, or, when there is only one, of it. */
  held(symbol?: string): DecimalString {
    const ofSymbol = this.fills.filter((fill) => fill.symbol === (symbol ?? fill.symbol));
    const moved = ofSymbol.map(({ side, quantity, fee }) =>
      side === Side.Buy ? subtract(quantity, fee) : negate(quantity),
    );
    return sum(moved);
  }

  /** What all resting sells together may still sell. */
  offered(): DecimalString {
    const sells = this.open().filter(({ side }) => side === Side.Sell);
    return sum(sells.map(({ quantity, filledQuantity }) => subtract(quantity, filledQuantity)));
  }

  /** Moves the price, and triggers every stop that it has reached. */
  moveTo(price: DecimalString): void {
    this.price = price;
    for (const { request, report } of [...this.orders.values()]) {
      const reached = request.stopPrice !== null && compare(price, request.stopPrice) <= 0;
      if (report.status !== 'open' || !reached) continue;
      if (this.holdsStops) this.write(request.clientOrderId, { triggered: true });
      else this.execute(request.clientOrderId);
    }
  }

  /** A wick touches a resting stop: it sells what the book takes, and its rest expires. */
  trigger(clientOrderId: string): void {
    if (this.orders.get(clientOrderId)?.report.status === 'open') this.execute(clientOrderId);
  }

  /** Fills up to `quantity` of a resting order; true when anything was left to fill. */
  fillResting(clientOrderId: string, quantity: DecimalString): boolean {
    const { report, request } = this.resting(clientOrderId);
    const rest = minimum(quantity, subtract(report.quantity, report.filledQuantity));
    if (report.status !== 'open' || !isPositive(rest)) return false;
    const isBuy = request.side === Side.Buy;
    const tradeId = String(this.fills.length + 1);
    const price = request.limitPrice ?? this.price;
    const fee = isBuy ? multiply(rest, BTC.takerFee) : multiply(multiply(rest, price), BTC.takerFee);
    const { symbol, side } = request;
    const { exchangeOrderId } = report;
    const marketTimeMs = this.marketTimeMs();
    this.fills.push({
      ...{ symbol, tradeId, clientOrderId, exchangeOrderId, side, price, quantity: rest, fee, marketTimeMs },
      feeAsset: isBuy ? baseOf(symbol) : BTC.quote,
      liquidity: isBuy ? 'maker' : 'taker',
    });
    const filledQuantity = add(report.filledQuantity, rest);
    this.write(clientOrderId, {
      filledQuantity,
      filledQuote: add(report.filledQuote ?? ZERO, multiply(price, rest)),
      marketTimeMs,
      ...(filledQuantity === report.quantity && { status: 'filled' }),
    });
    return true;
  }

  /** Ends a resting order without our asking, as an exchange may. */
  end(clientOrderId: string, status: 'cancelled' | 'expired'): void {
    if (this.resting(clientOrderId).report.status === 'open') this.write(clientOrderId, { status });
  }

  submit(request: OrderRequest): Promise<OrderReport> {
    return this.answer(request, (visibleAtMs) => this.place(request, visibleAtMs));
  }

  replace(cancelClientOrderId: string, request: OrderRequest): Promise<ReplaceReport> {
    return this.answer(request, (visibleAtMs) => {
      const { report } = this.resting(cancelClientOrderId);
      if (report.status !== 'open') return { outcome: 'not-cancelled', message: 'unknown order' };
      this.end(cancelClientOrderId, 'cancelled');
      const cancelled = this.resting(cancelClientOrderId).report;
      try {
        return { outcome: 'replaced', cancelled, placed: this.place(request, visibleAtMs) };
      } catch (error) {
        if (!(error instanceof ExchangeFailure)) throw error;
        const wouldTrigger = error.detail.wouldTrigger ?? false;
        return { outcome: 'naked', cancelled, message: error.message, wouldTrigger };
      }
    });
  }

  cancel(symbol: string, clientOrderId: string): Promise<OrderReport | undefined> {
    return this.about(symbol, () => {
      if (this.orders.get(clientOrderId)?.report.status !== 'open') return undefined;
      this.end(clientOrderId, 'cancelled');
      return this.resting(clientOrderId).report;
    });
  }

  lookUp(symbol: string, clientOrderId: string): Promise<OrderReport | undefined> {
    return this.about(symbol, () => {
      const found = this.orders.get(clientOrderId);
      const visible = found !== undefined && found.visibleAtMs <= this.wallTimeMs();
      return visible ? found.report : undefined;
    });
  }

  openOrders(symbol?: string): Promise<readonly OrderReport[]> {
    return this.about(symbol, () => this.open().filter((order) => order.symbol === (symbol ?? order.symbol)));
  }

  ordersSince(symbol: string, sinceMs: number): Promise<readonly OrderReport[]> {
    const reports = [...this.orders.values()].map(({ report }) => report);
    return this.about(symbol, () =>
      reports.filter((report) => report.symbol === symbol && report.marketTimeMs >= sinceMs),
    );
  }

  fillsSince(symbol: string, sinceMs: number): Promise<readonly Fill[]> {
    return this.about(symbol, () =>
      this.listed().filter((fill) => fill.symbol === symbol && fill.marketTimeMs >= sinceMs),
    );
  }

  async ordersFrom(symbol: string): ReturnType<ExchangePort['ordersFrom']> {
    return { rows: await this.ordersSince(symbol, 0), more: false };
  }

  async fillsFrom(symbol: string): ReturnType<ExchangePort['fillsFrom']> {
    return { rows: await this.fillsSince(symbol, 0), more: false };
  }

  fillsOf(symbol: string, _exchangeOrderId: string, clientOrderId: string): Promise<readonly Fill[]> {
    return this.about(symbol, () => this.listed().filter((fill) => fill.clientOrderId === clientOrderId));
  }

  private listed(): readonly Fill[] {
    return this.fills.filter(({ tradeId }) => !this.unlisted.has(tradeId));
  }

  instruments([symbol = BTC.symbol]: readonly string[]): ReturnType<ExchangePort['instruments']> {
    return this.about(symbol, () => [{ ...BTC, symbol, base: baseOf(symbol) }]);
  }

  isListed(symbol: string): Promise<boolean> {
    return Promise.resolve(!this.delisted.has(symbol));
  }

  /** Bars of a quiet market around {@link price}, or of {@link history}, without those of {@link missingBars}. */
  bars(request: Parameters<ExchangePort['bars']>[0]): Promise<readonly Bar[]> {
    const length = timeframeMs(request.timeframe);
    const newestMs = request.untilMs ?? Math.floor(this.marketTimeMs() / length) * length;
    const close = Number(this.price);
    const quiet = { open: close, high: close + 0.1, low: close - 0.1, close, volume: 1 };
    const bars = Array.from({ length: request.limit }, (_, index) => {
      const openTimeMs = newestMs - (request.limit - index) * length;
      return { openTimeMs, ...(this.history?.(openTimeMs) ?? quiet) };
    });
    return this.about(request.symbol, () =>
      bars.filter(({ openTimeMs }) => !this.missingBars.has(openTimeMs + length)),
    );
  }

  quotes(symbols: readonly string[]): Promise<readonly Quote[]> {
    const { price } = this;
    const gone = symbols.find((symbol) => this.delisted.has(symbol));
    return this.about(gone, () => symbols.map((symbol) => ({ symbol, bid: price, ask: price, last: price })));
  }

  book(symbol: string, levels: number): Promise<MarketBook> {
    const side = Array.from({ length: Math.min(levels, 1) }, () => ({
      price: this.price,
      quantity: this.liquidity,
    }));
    return this.about(symbol, () => ({ symbol, bids: side, asks: side }));
  }

  trades(symbol: string): Promise<readonly MarketTrade[]> {
    const trade = {
      price: this.price,
      quantity: decimal('1'),
      side: Side.Buy,
      marketTimeMs: this.marketTimeMs(),
    };
    return this.about(symbol, () => [trade]);
  }

  balances(): Promise<readonly Balance[]> {
    const spent = this.fills.map(({ side, price, quantity, fee, feeAsset }) => {
      const notional = multiply(price, quantity);
      if (side === Side.Buy) return negate(notional);
      return subtract(notional, feeAsset === BTC.quote ? fee : ZERO);
    });
    const others = [...new Set(this.fills.map(({ symbol }) => symbol))].filter(
      (symbol) => symbol !== BTC.symbol,
    );
    return Promise.resolve([
      { asset: BTC.quote, free: add(this.foreign.quote, sum(spent)), locked: ZERO },
      {
        asset: BTC.base,
        free: subtract(add(this.foreign.base, this.held(BTC.symbol)), this.withdrawn),
        locked: ZERO,
      },
      ...others.map((symbol) => ({ asset: baseOf(symbol), free: this.held(symbol), locked: ZERO })),
    ]);
  }

  /** Says hello and then nothing until it is told to stop. */
  async watchAccount(onEvent: (event: AccountEvent) => Promise<void>, signal: AbortSignal): Promise<void> {
    await onEvent({ kind: 'connected' });
    await new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => {
        resolve();
      });
    });
  }

  async watchMarket(...[request, onEvent, signal]: Parameters<ExchangePort['watchMarket']>): Promise<void> {
    const symbols = [...request.bars.map(({ symbol }) => symbol), ...request.trades];
    if (symbols.length === 0) throw new RangeError('Neither bars nor trades are asked for.');
    for (const symbol of symbols) await this.about(symbol, () => undefined);
    await this.market.watch(request, onEvent, signal);
  }

  clockSkewMs(): Promise<number> {
    return Promise.resolve(0);
  }

  keyRights(): Promise<KeyRights> {
    return Promise.resolve({ canTrade: true, canWithdraw: false });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  private open(): readonly OrderReport[] {
    return [...this.orders.values()].map(({ report }) => report).filter(({ status }) => status === 'open');
  }

  private resting(clientOrderId: string): Resting {
    const found = this.orders.get(clientOrderId);
    if (found === undefined) throw new Error(`The exchange does not know ${clientOrderId}.`);
    return found;
  }

  private write(clientOrderId: string, change: Partial<OrderReport>): void {
    const before = this.resting(clientOrderId);
    this.orders.set(clientOrderId, { ...before, report: { ...before.report, ...change } });
  }

  private answer<T>(request: OrderRequest, work: (visibleAtMs: number) => T): Promise<T> {
    return new Promise((resolve) => {
      const fault = this.faults.shift() ?? 'none';
      if (this.wallTimeMs() > request.sendDeadlineMs)
        throw failure(FailureKind.NotExecuted, 'the send deadline has passed');
      if (this.delisted.has(request.symbol)) throw refusal('Invalid symbol.', UNKNOWN_PAIR_CLASS);
      if (this.closed.has(request.symbol)) throw refusal('Market is closed.', MARKET_CLOSED_CLASS);
      if (fault === 'refused') throw failure(FailureKind.Rejected, 'scripted refusal');
      if (fault === 'busy') throw failure(FailureKind.NotExecuted, 'scripted rate limit');
      if (fault === 'lost') throw failure(FailureKind.Ambiguous, 'scripted timeout');
      this.received.push(request.clientOrderId);
      const result = work(this.wallTimeMs() + (fault === 'late' ? VISIBLE_AFTER_MS : 0));
      if (fault !== 'none') throw failure(FailureKind.Ambiguous, 'scripted timeout');
      resolve(result);
    });
  }

  private place(request: OrderRequest, visibleAtMs: number): OrderReport {
    const { clientOrderId, symbol, side, quantity, stopPrice } = request;
    if (this.orders.has(clientOrderId)) throw new Error(`${clientOrderId} was sent twice.`);
    if (stopPrice !== null && compare(stopPrice, this.price) >= 0)
      throw failure(FailureKind.Rejected, 'Stop price would trigger immediately.', true);
    const exchangeOrderId = `x${this.orders.size + 1}`;
    const identity = { clientOrderId, exchangeOrderId, symbol, side, quantity, stopPrice };
    const report: OrderReport = {
      ...identity,
      status: 'open',
      filledQuantity: ZERO,
      filledQuote: ZERO,
      type: request.type,
      limitPrice: request.limitPrice,
      marketTimeMs: this.marketTimeMs(),
      fills: [],
    };
    this.orders.set(clientOrderId, { request, report, visibleAtMs });
    const marketable = request.limitPrice !== null && !lessThan(request.limitPrice, this.price);
    if (request.type === OrderType.Market || marketable) this.execute(clientOrderId);
    return this.resting(clientOrderId).report;
  }

  /** Takes what the book offers; the rest of a market order expires, that of a limit order rests. */
  private execute(clientOrderId: string): void {
    const { request, report } = this.resting(clientOrderId);
    const quantity = minimum(this.liquidity, subtract(report.quantity, report.filledQuantity));
    this.fillResting(clientOrderId, quantity);
    if (request.type !== OrderType.Limit) this.end(clientOrderId, 'expired');
  }
}
