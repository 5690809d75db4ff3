import { DEMONSTRATION_FEEDS, DEMONSTRATION_LABEL, demonstrationPath } from '../domain/news/demonstration';
import type { BallastConfig } from './config';

type PlannedConfig = Pick<BallastConfig, 'mode' | 'market' | 'exchange' | 'news'>;

/** A feed at a URL. */
interface PlannedFeed {
  readonly name: string;
  readonly url: string;
  readonly weight: number;
}

/**
 * Which news are read. The world's are read where the market is the world's, and missing where they cannot be had; a made-up or a past
 * market hears the emulator's demonstration feeds, which are about its session and nothing else. Never both.
 */
export interface NewsPlan {
  readonly of: 'world' | 'demonstration' | 'nothing';
  /** One line for whoever looks at news or moods. */
  readonly label: string;
  readonly feeds: readonly PlannedFeed[];
  /** Wall milliseconds between two rounds; null for none. */
  readonly intervalMs: number | null;
}

const WORLD_INTERVAL_MS = 120_000;
/** Shorter, since the market may run fast: half an hour of it at sixty times. */
const DEMONSTRATION_INTERVAL_MS = 30_000;
const REAL_MARKETS: readonly string[] = ['testnet', 'live', 'paper'];

export function newsPlan({ mode, market, exchange, news }: PlannedConfig): NewsPlan {
  if (REAL_MARKETS.includes(mode)) return worldPlan(news);
  if (news.enabled === false) return nothing('No news are asked for: news.enabled is false.');
  if (mode === 'simulated' && !market.news)
    return nothing('The simulated market of this session has no news (market.news).');
  const { restUrl } = exchange;
  const feeds = DEMONSTRATION_FEEDS.map((feed) => ({
    name: `demo-${feed}`,
    // Before `ballast up` has started the emulator nobody knows where it is.
    url: new URL(demonstrationPath(feed), restUrl ?? 'http://127.0.0.1').href,
    weight: 1,
  }));
  const what = mode === 'simulated' ? 'made-up headlines that move its prices' : 'neutral headlines, no mood';
  return {
    of: 'demonstration',
    label: `${DEMONSTRATION_LABEL}: ${what}`,
    feeds,
    intervalMs: news.intervalMs ?? DEMONSTRATION_INTERVAL_MS,
  };
}

const nothing = (label: string): NewsPlan => ({ of: 'nothing', label, feeds: [], intervalMs: null });

function worldPlan(news: BallastConfig['news']): NewsPlan {
  if (news.enabled !== true) return nothing('No news are asked for: set news.enabled (docs/news.md).');
  return {
    of: 'world',
    label: 'feeds of the world',
    feeds: news.sources,
    intervalMs: news.intervalMs ?? WORLD_INTERVAL_MS,
  };
}
