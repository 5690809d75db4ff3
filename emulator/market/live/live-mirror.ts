import { setTimeout as wait } from 'node:timers/promises';
import type { ClockReading } from '../../../domain/clock';
import type { VenueClock } from '../../clock';
import type { LiveMarket, LiveStatus, SymbolSpec } from '../source';
import { BarKeeper } from './bar-keeper';
import { LiveClock } from './clock';
import type { FeedConnection, FeedEvent, LiveFeed } from './feed';
import { Freshness } from './freshness';
import type { News, Unstamped } from './news';
import { MirrorRecord, type RecordContents, type RecordHead } from './record';
import { SymbolMirror } from './symbol-mirror';
import { Timeline } from './timeline';
import type { LiveLog, LiveTiming } from './timing';

/** Market time of which steps are kept: the running minute, and one more. */
export const KEPT_MS = 120_000;
const LOOK_MS = 1000;
/** A clock that has drifted by more is noted in the record. */
const CLOCK_DRIFT_MS = 1000;

export interface LiveMirrorOptions {
  readonly feed: LiveFeed;
  readonly specs: readonly SymbolSpec[];
  readonly recordDir: string;
  readonly contents: RecordContents | undefined;
  readonly reading: ClockReading;
  readonly timing: LiveTiming;
  readonly log: LiveLog;
}

/**
 * Follows a venue's public data. What comes in gets a moment of the mirror's market time, goes to the disk, and only
 * then becomes a step of the market, so that an emulator that is killed finds every step again that it has told of.
 */
export class LiveMirror implements LiveMarket {
  readonly timeline = new Timeline(KEPT_MS);
  private readonly mirrors: ReadonlyMap<string, SymbolMirror>;
  readonly bars: BarKeeper;
  private readonly freshness: Freshness;
  private readonly clock: LiveClock;
  private readonly closing = new AbortController();
  /** Books that are being fetched, with the connection they are for. */
  private readonly fetching = new Map<string, AbortSignal>();
  /** When a trade was heard that no change of the book has followed yet, by symbol; monotonic time. */
  private readonly unmoved = new Map<string, number>();
  private record: MirrorRecord | undefined;
  private notedClock: ClockReading | undefined;
  private newestMs = 0;
  /** Aborted when the connection is lost. */
  private connection: AbortSignal = AbortSignal.abort();
  private running: Promise<void> = Promise.resolve();
  private timers: NodeJS.Timeout[] = [];
  private onFailure: (error: unknown) => void = () => undefined;

  constructor(private readonly options: LiveMirrorOptions) {
    const { specs, contents, feed, reading } = options;
    this.clock = new LiveClock(reading);
    this.mirrors = new Map(specs.map((spec) => [spec.symbol, new SymbolMirror(spec)]));
    this.freshness = new Freshness([...this.mirrors.keys()], () => Date.now());
    this.bars = new BarKeeper({
      feed,
      scales: new Map([...this.mirrors].map(([symbol, { scale }]) => [symbol, scale])),
      clock: this.clock,
      isFresh: (symbol) => this.freshness.isFresh(symbol),
      timing: options.timing,
      log: options.log,
    });
    for (const news of contents?.news ?? []) {
      const mirror = this.mirrors.get(news.symbol);
      if (mirror !== undefined) this.timeline.push(mirror.replay(news));
      this.newestMs = news.timeMs;
    }
  }

  begin(positionMs: number): VenueClock {
    const { recordDir, contents, reading } = this.options;
    this.clock.hold(positionMs, this.newestMs);
    this.record = MirrorRecord.open(recordDir, contents, this.head(), {
      keepMs: KEPT_MS,
      onFailure: (error) => {
        this.closing.abort();
        this.onFailure(error);
      },
    });
    this.noteClock(reading);
    return this.clock;
  }

  start(onFailure: (error: unknown) => void): void {
    this.onFailure = onFailure;
    this.clock.release();
    this.running = this.followAll();
    this.timers = [
      setInterval(() => {
        this.bars.look();
        this.lookForSilentBooks();
      }, LOOK_MS),
      setInterval(() => {
        if (this.connection.aborted) return;
        this.readClock().catch((error: unknown) => {
          this.options.log('error', 'the venue does not tell the time', { reason: messageOf(error) });
        });
      }, this.options.timing.clockEveryMs),
    ];
  }

  async close(): Promise<void> {
    this.closing.abort();
    for (const timer of this.timers) clearInterval(timer);
    await this.running;
    await this.record?.close();
    await this.options.feed.close();
  }

  status(): LiveStatus {
    const worst = this.freshness.worst();
    return {
      upstream: this.options.feed.venue,
      state: worst === undefined ? 'live' : 'stale',
      staleSinceMs: worst?.sinceMs ?? null,
      reason: worst?.reason ?? null,
      updateIds: Object.fromEntries(
        [...this.mirrors].map(([symbol, { lastUpdateId }]) => [symbol, lastUpdateId]),
      ),
    };
  }

  isReady(symbol: string): Promise<boolean> {
    return this.freshness.wait(symbol, this.options.timing.holdMs);
  }

  async prepareBars(symbol: string, fromMs: number, toMs: number): Promise<void> {
    if (await this.isReady(symbol)) await this.bars.prepare(symbol, fromMs, toMs);
  }

  barsKnownToMs(symbol: string): number {
    return this.bars.of(symbol).knownToMs;
  }

  /** One connection after the other, until closed. */
  private async followAll(): Promise<void> {
    const { timing, log } = this.options;
    for (let failures = 0; !this.isClosing();) {
      const begunMs = performance.now();
      const reason = await this.followOnce();
      if (this.isClosing()) return;
      for (const symbol of this.mirrors.keys()) this.freshness.lose(symbol, reason);
      failures = performance.now() - begunMs > timing.maxBackoffMs ? 1 : failures + 1;
      log('error', 'the venue is lost; connecting again', { reason, failures });
      await this.pause(failures);
    }
  }

  /** @returns why the connection has ended. */
  private async followOnce(): Promise<string> {
    const { feed } = this.options;
    const lost = new AbortController();
    const signal = AbortSignal.any([lost.signal, this.closing.signal]);
    let connection: FeedConnection | undefined;
    try {
      await this.readClock();
      for (const mirror of this.mirrors.values()) mirror.awaitSnapshot({ forget: true });
      this.unmoved.clear();
      this.connection = signal;
      connection = await feed.connect([...this.mirrors.keys()], signal);
      for (const mirror of this.mirrors.values()) void this.synchronise(mirror, signal);
      for (;;) this.take(await connection.next(), signal);
    } catch (error) {
      return messageOf(error);
    } finally {
      lost.abort();
      connection?.close();
    }
  }

  private take(event: FeedEvent, signal: AbortSignal): void {
    const mirror = this.mirrors.get(event.symbol);
    if (mirror === undefined) return;
    try {
      if (event.kind === 'bar') {
        this.bars.of(event.symbol).add(mirror.scale.bar(event.bar));
        return;
      }
      if (event.kind === 'book') this.unmoved.delete(event.symbol);
      else if (!this.unmoved.has(event.symbol)) this.unmoved.set(event.symbol, performance.now());
      const news = event.kind === 'trade' ? mirror.takeTrade(event) : mirror.takeChange(event);
      if (news !== undefined) this.publish(mirror, news);
    } catch (error) {
      this.startOver(mirror, messageOf(error), signal);
    }
  }

  private startOver(mirror: SymbolMirror, reason: string, signal: AbortSignal): void {
    this.freshness.lose(mirror.spec.symbol, reason);
    mirror.awaitSnapshot({ forget: false });
    void this.synchronise(mirror, signal);
  }

  /** A book whose stream has died under a living connection shows itself by the trades that do not change it. */
  private lookForSilentBooks(): void {
    for (const [symbol, sinceMs] of this.unmoved) {
      const mirror = this.mirrors.get(symbol);
      if (mirror === undefined || performance.now() - sinceMs < this.options.timing.bookSilenceMs) continue;
      this.unmoved.delete(symbol);
      this.startOver(mirror, `${symbol}: trades go on and the book does not change`, this.connection);
    }
  }

  /** Fetches the book until it fits to what is streamed, or the connection is lost; once at a time. */
  private async synchronise(mirror: SymbolMirror, signal: AbortSignal): Promise<void> {
    const { symbol } = mirror.spec;
    if (this.fetching.get(symbol)?.aborted === false) return;
    this.fetching.set(symbol, signal);
    await this.fetchBook(mirror, signal);
    if (this.fetching.get(symbol) === signal) this.fetching.delete(symbol);
  }

  private async fetchBook(mirror: SymbolMirror, signal: AbortSignal): Promise<void> {
    const { symbol } = mirror.spec;
    const isLost = (): boolean => signal.aborted;
    for (let attempt = 1; !isLost(); attempt += 1) {
      try {
        const book = await this.options.feed.book(symbol);
        if (isLost()) return;
        const news = mirror.takeSnapshot(book);
        if (news !== undefined) {
          this.publish(mirror, news);
          return;
        }
      } catch (error) {
        this.options.log('error', 'the book cannot be synchronised', { symbol, reason: messageOf(error) });
      }
      await this.pause(attempt);
    }
  }

  private publish(mirror: SymbolMirror, unstamped: Unstamped): void {
    const news: News = { ...unstamped, timeMs: this.clock.stamp() };
    const step = mirror.step(news);
    this.newestMs = news.timeMs;
    this.record?.append(news, () => {
      this.timeline.push(step);
      this.clock.published();
      if (news.kind !== 'book' || !mirror.isSynced) return;
      this.freshness.refresh(news.symbol);
      this.bars.look();
      this.options.log('info', 'the book is the venue’s', { symbol: news.symbol, updateId: news.updateId });
    });
    if (this.record?.wantsRotation() === true) this.record.rotate(this.head());
  }

  private head(): RecordHead {
    const books = [...this.mirrors.values()].flatMap((mirror) => mirror.head() ?? []);
    return { specs: this.options.specs, books: books.map((book) => ({ ...book, timeMs: this.newestMs })) };
  }

  private isClosing(): boolean {
    return this.closing.signal.aborted;
  }

  private async readClock(): Promise<void> {
    const reading = await this.options.feed.clock();
    this.clock.follow(reading);
    this.noteClock(reading);
  }

  private noteClock(reading: ClockReading): void {
    const noted = this.notedClock;
    const expectedMs =
      noted === undefined
        ? -Infinity
        : noted.marketTimeMs + (reading.wallTimeMs - noted.wallTimeMs) * noted.speed;
    if (Math.abs(expectedMs - reading.marketTimeMs) < CLOCK_DRIFT_MS) return;
    this.notedClock = reading;
    this.record?.noteClock(reading);
  }

  private async pause(failures: number): Promise<void> {
    const { minBackoffMs, maxBackoffMs } = this.options.timing;
    const backoffMs = Math.min(maxBackoffMs, minBackoffMs * 2 ** Math.min(failures - 1, 20));
    await wait(backoffMs, undefined, { signal: this.closing.signal }).catch(() => undefined);
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
