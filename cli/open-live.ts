import { join } from 'node:path';
import { createMarketFeed, type MarketFeedOptions } from '../adapters/exchange/market-feed';
import { openLiveMarket, type LiveMarketOptions } from '../emulator/market/live/open-live-market';
import type { MarketSource } from '../emulator/market/source';

export interface OpenLiveOptions extends Pick<MarketFeedOptions, 'venue' | 'restUrl' | 'wsUrl' | 'clock'> {
  /** Pairs like `BTC/USDT`. */
  readonly pairs: readonly string[];
  /** The exchange's journal folder; the mirror keeps its record in it. */
  readonly journalDir: string;
  readonly log?: LiveMarketOptions['log'];
}

/** Market data that is silent for so long, pings included, is taken for lost. */
const STALE_AFTER_MS = 6000;
const REQUEST_TIMEOUT_MS = 5000;

/**
 * A venue's public data as a market for the emulator. Needs no key and signs nothing.
 * @throws UserError, MarketDataError or ExchangeFailure when it cannot be opened
 */
export async function openLive(options: OpenLiveOptions): Promise<MarketSource> {
  const { pairs, journalDir, log, ...venue } = options;
  const feed = await createMarketFeed({
    ...venue,
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
    staleAfterMs: STALE_AFTER_MS,
  });
  try {
    return await openLiveMarket({ feed, pairs, recordDir: join(journalDir, 'mirror'), log });
  } catch (error) {
    await feed.close();
    throw error;
  }
}
