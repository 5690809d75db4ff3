import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createMarketFeed } from '../../../adapters/exchange/market-feed';
import type { EmulatorOptions, RunningEmulator } from '../../../emulator/main';
import type { LiveFeed } from '../../../emulator/market/live/feed';
import { openLiveMarket } from '../../../emulator/market/live/open-live-market';
import type { LiveTiming } from '../../../emulator/market/live/timing';
import type { LiveStatus } from '../../../emulator/market/source';
import { Client, Fixture, type Json } from '../client';

export const BTC_PAIR = 'BTC/USDT';

export interface MirrorOptions {
  readonly journalDir?: string;
  readonly pairs?: readonly string[];
  readonly timing?: Partial<LiveTiming>;
  /** Silence after which the connection counts as lost. */
  readonly staleAfterMs?: number;
  /** Stands between the venue and the mirror. */
  readonly through?: (feed: LiveFeed) => LiveFeed;
  readonly accounts?: EmulatorOptions['accounts'];
}

/** Emulators that play the venue, and emulators that mirror them through unmodified ccxt. */
export class LiveBench extends Fixture {
  /** Starts an emulator that mirrors `upstream`. */
  async mirror(
    upstream: Pick<RunningEmulator, 'url' | 'wsUrl'>,
    options: MirrorOptions = {},
  ): Promise<Mirror> {
    const journalDir = options.journalDir ?? this.folder();
    const feed = await createMarketFeed({
      venue: 'binance',
      restUrl: upstream.url,
      wsUrl: upstream.wsUrl,
      clock: 'emulator',
      requestTimeoutMs: 5000,
      staleAfterMs: options.staleAfterMs ?? 6000,
    });
    const through = options.through ?? ((direct: LiveFeed) => direct);
    const source = await openLiveMarket({
      feed: through(feed),
      pairs: options.pairs ?? [BTC_PAIR],
      recordDir: join(journalDir, 'mirror'),
      timing: { clockEveryMs: 100, holdMs: 300, minBackoffMs: 50, maxBackoffMs: 200, ...options.timing },
    });
    const { accounts } = options;
    const emulator = await this.start({ source, journalDir, paused: false, ...(accounts && { accounts }) });
    return new Mirror(emulator, journalDir);
  }
}

/** A mirroring emulator, with questions that tests ask of it. */
export class Mirror extends Client {
  constructor(
    readonly running: RunningEmulator,
    readonly journalDir: string,
  ) {
    super(running);
  }

  async status(): Promise<LiveStatus> {
    return (await this.control('GET /emulator/clock')).live as LiveStatus;
  }

  async until(state: LiveStatus['state']): Promise<LiveStatus> {
    return eventually(
      () => this.status(),
      (status) => status.state === state,
    );
  }

  /** Waits until the mirror shows the very book that `venue` shows. @returns that book. */
  async untilSameBook(venue: Client, symbol = 'BTCUSDT'): Promise<Json> {
    const wanted = (await venue.public('GET /api/v3/depth', { symbol, limit: 20 })).body;
    await eventually(
      () => this.status(),
      ({ updateIds }) => updateIds[symbol] === wanted.lastUpdateId,
    );
    const { bids, asks } = wanted;
    await eventually(
      async () => (await this.public('GET /api/v3/depth', { symbol, limit: 20 })).body,
      (book) => JSON.stringify([book.bids, book.asks]) === JSON.stringify([bids, asks]),
    );
    return wanted;
  }

  /** Waits until the order is in that state. */
  untilOrder(orderId: unknown, status: string, symbol = 'BTCUSDT'): Promise<Json> {
    return eventually(
      async () => (await this.signed('GET /api/v3/order', { symbol, orderId: Number(orderId) })).body,
      (order) => order.status === status,
    );
  }
}

const PATIENCE_MS = 20_000;

/** Asks until the answer is as wanted. @throws with the last answer when it does not come to that. */
export async function eventually<T>(ask: () => Promise<T>, wanted: (answer: T) => boolean): Promise<T> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  for (;;) {
    const answer = await ask();
    if (wanted(answer)) return answer;
    if (performance.now() > deadlineMs) throw new Error(`it stays at ${JSON.stringify(answer)}`);
    await sleep(10);
  }
}
