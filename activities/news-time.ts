import { NEWS_ORIGIN, sessionOrigin } from '../adapters/history/origins';
import type { MarketClock } from './market-clock';

export interface NewsTime {
  /** Whose news these are: the world's, or those of one session of a made-up market. */
  readonly origin: string;
  /** Time on the market that they are about, in whole milliseconds. */
  readonly nowMs: number;
}

export async function newsTime(clock: MarketClock, market: 'real' | 'made-up'): Promise<NewsTime> {
  const nowMs = Math.floor(await clock.nowMs());
  const origin = market === 'real' ? NEWS_ORIGIN : sessionOrigin((await clock.reading()).session);
  return { origin, nowMs };
}
