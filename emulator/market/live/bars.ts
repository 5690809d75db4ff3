import { setTimeout as wait } from 'node:timers/promises';
import { Interval, openTimeOf } from '../../intervals';
import { MINUTE_MS } from '../bar-path';
import type { IntegerBar } from '../source';

/** How many one-minute bars a request to the venue answers at most. */
const PAGE_BARS = 1000;
/** How far back bars are fetched when somebody asks. */
export const MAX_HISTORY_MS = 90 * 86_400_000;
/** Until so long after a close only the venue's stream is believed about the bar: REST may still lack its last trades. */
const SETTLED_MS = 1000;
const LOOK_MS = 25;
/** Bars from the stream that wait for earlier ones. */
const MAX_AHEAD = 100;

export interface LiveBarsOptions {
  readonly fetch: (fromMs: number, toMs: number) => Promise<readonly IntegerBar[]>;
  /** Everything from here on is held; older bars come when they are asked for. */
  readonly fromMs: number;
  /** The venue's market time, and how much of it passes per wall millisecond. */
  readonly clock: { venueMs(): number; readonly speed: number };
}

/** One symbol's closed one-minute bars: the venue's own, none of our making. Minutes which it has no bar of are gaps. */
export class LiveBars {
  private readonly bars = new Map<number, IntegerBar>();
  private readonly ahead = new Map<number, IntegerBar>();
  private fromMs: number;
  private toMs: number;
  private catching: Promise<void> | undefined;
  private reaching: Promise<void> = Promise.resolve();

  constructor(private readonly options: LiveBarsOptions) {
    this.fromMs = openTimeOf(Interval.M1, options.fromMs);
    this.toMs = this.fromMs;
  }

  /** One past the newest minute about which everything is known. */
  get knownToMs(): number {
    return this.toMs;
  }

  /** A closed bar from the stream. One that comes too early waits for those before it, which `catchUp` fetches. */
  add(bar: IntegerBar): void {
    if (bar.openTimeMs < this.toMs) return;
    this.ahead.set(bar.openTimeMs, bar);
    if (this.ahead.size > MAX_AHEAD) this.ahead.clear();
    this.join();
  }

  /** Bars with `fromMs <= openTimeMs < toMs`, oldest first. */
  list(fromMs: number, toMs: number): IntegerBar[] {
    const found: IntegerBar[] = [];
    const first = Math.max(Math.ceil(fromMs / MINUTE_MS) * MINUTE_MS, this.fromMs);
    for (let openMs = first; openMs < Math.min(toMs, this.toMs); openMs += MINUTE_MS) {
      const bar = this.bars.get(openMs);
      if (bar !== undefined) found.push(bar);
    }
    return found;
  }

  /** Fetches what the stream has not brought. Concurrent calls share one request. @throws what the feed throws. */
  catchUp(): Promise<void> {
    this.catching ??= this.fetchNewest().finally(() => {
      this.catching = undefined;
    });
    return this.catching;
  }

  /** Fetches older bars, newest first, so that what has come stays when a later request fails. */
  reachBack(fromMs: number): Promise<void> {
    const oldestMs = openTimeOf(Interval.M1, Math.max(fromMs, this.options.clock.venueMs() - MAX_HISTORY_MS));
    this.reaching = this.reaching
      .catch(() => undefined)
      .then(async () => {
        while (oldestMs < this.fromMs) {
          const pageFromMs = Math.max(oldestMs, this.fromMs - PAGE_BARS * MINUTE_MS);
          this.keep(await this.options.fetch(pageFromMs, this.fromMs), this.fromMs);
          this.fromMs = pageFromMs;
        }
      });
    return this.reaching;
  }

  /**
   * Waits until everything closed by `toMs` is known, while `isWorthIt` and at most for `limitMs`: a minute that has
   * just closed is told by the venue a moment later.
   */
  async await(toMs: number, isWorthIt: () => boolean, limitMs: number): Promise<void> {
    const deadlineMs = performance.now() + limitMs;
    while (this.toMs < Math.min(toMs, this.closedToMs()) && isWorthIt() && performance.now() < deadlineMs) {
      if (this.isOverdue()) await this.catchUp();
      else await wait(LOOK_MS);
    }
  }

  /** Has the stream had its time to tell? */
  isOverdue(): boolean {
    const { clock } = this.options;
    return clock.venueMs() - this.toMs - MINUTE_MS >= SETTLED_MS * clock.speed;
  }

  private join(): void {
    for (let next = this.ahead.get(this.toMs); next !== undefined; next = this.ahead.get(this.toMs)) {
      this.ahead.delete(this.toMs);
      this.bars.set(this.toMs, next);
      this.toMs += MINUTE_MS;
    }
    for (; this.fromMs < this.toMs - MAX_HISTORY_MS; this.fromMs += MINUTE_MS) this.bars.delete(this.fromMs);
  }

  private closedToMs(): number {
    return openTimeOf(Interval.M1, this.options.clock.venueMs());
  }

  private async fetchNewest(): Promise<void> {
    const { clock, fetch } = this.options;
    const closedToMs = this.closedToMs();
    // A bar that has just closed is taken as final only when REST has had its time, too.
    const isSettled = clock.venueMs() - closedToMs >= SETTLED_MS * clock.speed;
    const finalToMs = isSettled ? closedToMs : closedToMs - MINUTE_MS;
    if (this.toMs >= finalToMs) return;
    this.keep(await fetch(this.toMs, finalToMs), finalToMs);
    this.toMs = Math.max(this.toMs, finalToMs);
    this.join();
  }

  private keep(bars: readonly IntegerBar[], beforeMs: number): void {
    for (const bar of bars) if (bar.openTimeMs < beforeMs) this.bars.set(bar.openTimeMs, bar);
  }
}
