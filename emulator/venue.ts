import { ClockState, type VenueClock } from './clock';
import type { Exchange } from './exchange';
import type { Matcher } from './engine/matching';
import { TradingStatus, type ExchangeEvent, type Trade } from './engine/types';
import type { SessionHeader } from './journal/files';
import type { Journal } from './journal/journal';
import type { MarketData } from './market-data';
import type { MarketSource, MarketStep } from './market/source';

/** How much market time is taken in one go; the record of it is one journal line. */
const STRIDE_MS = 60_000;
/** At speed `max`, market time per stride, and wall time before requests and sockets get their turn. */
const MAX_SPEED_STRIDE_MS = 1000;
const MAX_SPEED_TURN_WALL_MS = 5;
/** Wall time between two looks at the clock. */
const TICK_WALL_MS = 25;

export interface VenueOptions {
  readonly source: MarketSource;
  readonly exchange: Exchange;
  readonly data: MarketData;
  readonly journal: Journal;
  readonly session: SessionHeader;
  readonly clock: VenueClock;
  /** Called when the exchange can no longer keep its record: it must stop. */
  readonly onFailure: (error: unknown) => void;
}

/** What listens to the venue. Both are called in the order things happened. */
export interface VenueListener {
  /** A step of a symbol that somebody watches has been put in place, and its consequences are on the disk. */
  step(step: MarketStep): void;
  /** One command or advance has changed the state; called before it is on the disk. Returns what to do once it is. */
  events(events: readonly ExchangeEvent[], timeMs: number): () => void;
}

/**
 * Ties market, exchange, clock and journal together. Market steps are pulled only while somebody could tell: a symbol
 * without an open order or a subscriber costs nothing, and is brought up to date when it is next asked for.
 */
export class Venue {
  readonly source: MarketSource;
  readonly exchange: Exchange;
  readonly data: MarketData;
  readonly clock: VenueClock;
  readonly session: SessionHeader;
  private readonly journal: Journal;
  private readonly watchers = new Map<string, number>();
  /** Market time at which each idle symbol was last brought up to date. */
  private readonly refreshed = new Map<string, number>();
  private readonly listeners: VenueListener[] = [];
  private positionMs: number;
  private publishing: Promise<void> = Promise.resolve();
  private timer: NodeJS.Timeout | undefined;
  private stopped = true;
  private held = false;

  constructor(private readonly options: VenueOptions) {
    ({
      source: this.source,
      exchange: this.exchange,
      data: this.data,
      journal: this.journal,
      clock: this.clock,
      session: this.session,
    } = options);
    this.positionMs = options.clock.now();
    for (const { symbol } of this.source.symbols) if (this.isActive(symbol)) this.refresh(symbol);
  }

  /** Market time up to which everything has happened. */
  get nowMs(): number {
    return this.positionMs;
  }

  listen(listener: VenueListener): void {
    this.listeners.push(listener);
  }

  /** Starts following the clock. */
  start(): void {
    this.stopped = false;
    this.source.live?.start(this.options.onFailure);
    this.tick();
  }

  /** Stops following the clock; resolves when everything is on the disk and told. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.source.live?.close();
    await this.publishing;
    await this.settled();
  }

  /** Keeps a symbol's steps coming until the returned function is called. */
  watch(symbol: string): () => void {
    this.matcher(symbol);
    this.watchers.set(symbol, (this.watchers.get(symbol) ?? 0) + 1);
    return () => this.watchers.set(symbol, (this.watchers.get(symbol) ?? 1) - 1);
  }

  /** The symbol's matcher with the market as it is now. @throws Refusal -1121. */
  matcher(symbol: string): Matcher {
    this.pump();
    if (!this.isActive(symbol) && this.refreshed.get(symbol) !== this.positionMs) this.refresh(symbol);
    return this.exchange.matcher(symbol);
  }

  /**
   * Runs a command at the current market time. What `act` returns is handed back once the change is on the disk; it
   * must be computed within `act`, because the market goes on meanwhile.
   * @throws what `act` throws.
   */
  async execute<T>(symbol: string, act: (exchange: Exchange, timeMs: number) => T): Promise<T> {
    this.matcher(symbol);
    try {
      return act(this.exchange, this.positionMs);
    } finally {
      await this.commit();
    }
  }

  /**
   * Resolves when everything that has happened is on the disk and the clock's position noted. Whatever tells anyone the
   * market time, or what was true at it, waits for this first: after a kill the market resumes no earlier.
   */
  async settled(): Promise<void> {
    const toldMs = this.positionMs;
    await this.journal.settled();
    this.journal.noteClock(toldMs);
  }

  /** Moves the market forward to `toMs` (at most its end), whether the clock is running or not. */
  async advanceTo(toMs: number): Promise<void> {
    const targetMs = Math.min(toMs, this.source.endMs);
    while (this.positionMs < targetMs) {
      this.clock.moveTo(Math.min(this.positionMs + STRIDE_MS, targetMs));
      this.pump();
      await this.publishing;
    }
  }

  /** Runs `act` with the market standing still, so that all it looks at is of one moment and on the disk. */
  hold(act: () => void): void {
    this.held = true;
    try {
      act();
    } finally {
      this.held = false;
    }
  }

  /** Brings the market up to the clock. */
  pump(): void {
    if (this.held) return;
    const nowMs = this.clock.now();
    while (this.positionMs < nowMs) this.advance(Math.min(this.positionMs + STRIDE_MS, nowMs));
  }

  private advance(toMs: number): void {
    const watched: MarketStep[] = [];
    if (this.source.symbols.some(({ symbol }) => this.isActive(symbol))) {
      for (const step of this.source.steps(this.positionMs, toMs)) {
        if (!this.isActive(step.symbol) || !this.isTraded(step.symbol)) continue;
        this.exchange.step(step);
        if ((this.watchers.get(step.symbol) ?? 0) > 0) watched.push(step);
      }
    }
    this.positionMs = toMs;
    this.commit(watched).catch(this.options.onFailure);
  }

  private isTraded(symbol: string): boolean {
    return this.exchange.state.statusOf(symbol) === TradingStatus.Trading;
  }

  private isActive(symbol: string): boolean {
    return (this.watchers.get(symbol) ?? 0) > 0 || this.exchange.matcher(symbol).book.hasOrders();
  }

  /** Puts the ladder in force in place, less what users have taken of it, and finds the last price. */
  private refresh(symbol: string): void {
    const { book } = this.exchange.matcher(symbol);
    const step = this.source.at(symbol, this.positionMs);
    if (step !== undefined && step.timeMs !== book.stepMs)
      book.setLadder(step, this.takenSince(symbol, step.timeMs));
    book.lastTicks = this.data.lastTicks(symbol, this.positionMs);
    this.refreshed.set(symbol, this.positionMs);
  }

  private takenSince(symbol: string, sinceMs: number): Trade[] {
    const { trades } = this.exchange.state;
    const before = trades.findLastIndex((trade) => trade.timeMs < sinceMs);
    return trades.slice(before + 1).filter((trade) => trade.symbol === symbol);
  }

  /** Journals what has changed, then tells the listeners; in order, however long the disk takes. */
  private commit(watched: readonly MarketStep[] = []): Promise<void> {
    const events = this.exchange.drain();
    const timeMs = this.positionMs;
    const tellSteps = (): void => {
      this.journal.noteClock(timeMs);
      for (const step of watched) for (const listener of this.listeners) listener.step(step);
    };
    if (events.length === 0) {
      if (!this.journal.isSettled()) return this.publishAfter(this.journal.settled(), tellSteps);
      tellSteps();
      return this.publishing;
    }
    const written = this.journal.append(timeMs, events);
    const tell = this.listeners.map((listener) => listener.events(events, timeMs));
    return this.publishAfter(written, () => {
      tellSteps();
      for (const act of tell) act();
    });
  }

  private publishAfter(written: Promise<void>, tell: () => void): Promise<void> {
    this.publishing = Promise.all([this.publishing, written]).then(tell);
    return this.publishing;
  }

  private tick(): void {
    if (this.stopped) return;
    try {
      const atMaxSpeed = this.clock.speed === 'max' && this.clock.state === ClockState.Running;
      if (atMaxSpeed) this.race();
      else this.pump();
      if (this.journal.wantsCompaction()) this.compact().catch(this.options.onFailure);
      if (atMaxSpeed)
        setImmediate(() => {
          this.tick();
        });
      else
        this.timer = setTimeout(() => {
          this.tick();
        }, TICK_WALL_MS);
    } catch (error) {
      this.options.onFailure(error);
    }
  }

  /** As many strides as fit into one turn of the event loop. */
  private race(): void {
    const untilWallMs = performance.now() + MAX_SPEED_TURN_WALL_MS;
    while (performance.now() < untilWallMs && this.clock.state === ClockState.Running) {
      this.clock.moveTo(this.positionMs + MAX_SPEED_STRIDE_MS);
      this.pump();
    }
  }

  /** Rewrites the journal as a snapshot of now. */
  private compact(): Promise<void> {
    return this.journal.compact(this.positionMs, this.session, this.exchange.state.snapshot());
  }
}
