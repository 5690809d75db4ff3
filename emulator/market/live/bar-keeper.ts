import { LiveBars } from './bars';
import type { LiveClock } from './clock';
import type { LiveFeed } from './feed';
import type { LiveScale } from './scale';
import type { LiveLog, LiveTiming } from './timing';

/** Held from the start: a day for the tickers, and an hour. */
const HELD_MS = 25 * 3_600_000;

export interface BarKeeperOptions {
  readonly feed: Pick<LiveFeed, 'bars'>;
  readonly scales: ReadonlyMap<string, LiveScale>;
  readonly clock: Pick<LiveClock, 'venueMs' | 'speed'>;
  /** Is the symbol's data coming in? */
  readonly isFresh: (symbol: string) => boolean;
  readonly timing: Pick<LiveTiming, 'barWaitMs'>;
  readonly log: LiveLog;
}

/** The closed bars of all mirrored symbols. A venue that does not answer leaves gaps, and is asked again. */
export class BarKeeper {
  private readonly bars: ReadonlyMap<string, LiveBars>;

  constructor(private readonly options: BarKeeperOptions) {
    const { feed, scales, clock } = options;
    this.bars = new Map(
      [...scales].map(([symbol, scale]) => {
        const fetch = async (fromMs: number, toMs: number) =>
          (await feed.bars(symbol, fromMs, toMs)).map((bar) => scale.bar(bar));
        return [symbol, new LiveBars({ fetch, fromMs: clock.venueMs() - HELD_MS, clock })];
      }),
    );
  }

  /** @throws RangeError for a symbol that is not mirrored. */
  of(symbol: string): LiveBars {
    const bars = this.bars.get(symbol);
    if (bars === undefined) throw new RangeError(`${symbol} is not mirrored`);
    return bars;
  }

  /** Brings in the bars of that span, and waits a moment for one that has just closed. */
  async prepare(symbol: string, fromMs: number, toMs: number): Promise<void> {
    const { isFresh, timing } = this.options;
    await this.attempt(symbol, async (bars) => {
      await bars.reachBack(fromMs);
      await bars.await(toMs, () => isFresh(symbol), timing.barWaitMs);
    });
  }

  /** Fetches what the stream has not brought in time. */
  look(): void {
    for (const [symbol, bars] of this.bars) {
      if (this.options.isFresh(symbol) && bars.isOverdue()) void this.attempt(symbol, () => bars.catchUp());
    }
  }

  private async attempt(symbol: string, act: (bars: LiveBars) => Promise<void>): Promise<void> {
    try {
      await act(this.of(symbol));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.options.log('error', 'bars cannot be fetched', { symbol, reason });
    }
  }
}
