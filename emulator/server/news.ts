import type { IncomingHttpHeaders } from 'node:http';
import {
  DEMONSTRATION_FEEDS,
  DEMONSTRATION_PREFIX,
  demonstrationPath,
  type DemonstrationFeed,
} from '../../domain/news/demonstration';
import { etagOf, isKnown, renderRss } from '../news/rss';
import type { NewsWire } from '../news/wire';
import type { Venue } from '../venue';
import { ApiError } from './errors';
import type { Reply } from './faults/request-faults';

/** What a feed goes back, and holds at most. */
const WINDOW_MS = 48 * 3_600_000;
const MAX_ITEMS = 50;
const TYPE = 'application/rss+xml; charset=utf-8';

export const isNewsPath = (path: string): boolean => path.startsWith(DEMONSTRATION_PREFIX);

/** Is there such an endpoint? `key` is `METHOD path`. */
export const isNewsEndpoint = (key: string): boolean => feedAt(key) !== undefined;

const feedAt = (key: string): DemonstrationFeed | undefined =>
  DEMONSTRATION_FEEDS.find((feed) => key === `GET ${demonstrationPath(feed)}`);

/** The feeds of a market, as of its time. No key, no weight: they are no part of the exchange. */
export class NewsFeeds {
  constructor(private readonly venue: Venue) {}

  /** @throws ApiError 404 when there is no such feed, or the market has none of its own */
  async call(key: string, headers: IncomingHttpHeaders, host: string): Promise<Reply> {
    const feed = feedAt(key);
    if (feed === undefined) {
      const known = DEMONSTRATION_FEEDS.map(demonstrationPath).join(' and ');
      throw new ApiError(404, -1, `The emulator does not offer ${key}; its feeds are ${known}.`);
    }
    const { news, mode } = this.venue.source;
    if (news === undefined)
      throw new ApiError(404, -1, `A ${mode} market has no feeds of the emulator: ask real ones.`);
    this.venue.pump();
    const { nowMs } = this.venue;
    await this.venue.settled();
    return answer(feed, news, nowMs, headers, host);
  }
}

function answer(
  feed: DemonstrationFeed,
  news: NewsWire,
  nowMs: number,
  headers: IncomingHttpHeaders,
  host: string,
): Reply {
  const items = news.items(feed, nowMs - WINDOW_MS, nowMs).slice(-MAX_ITEMS);
  const { description } = news;
  const body = renderRss(feed, { description, url: `http://${host}${demonstrationPath(feed)}`, items });
  const etag = etagOf(body);
  const modifiedMs = items.at(-1)?.publishedMs ?? null;
  const validators = {
    etag,
    'cache-control': 'no-cache',
    ...(modifiedMs !== null && { 'last-modified': new Date(modifiedMs).toUTCString() }),
  };
  const asked = {
    ifNoneMatch: headers['if-none-match'],
    ifModifiedSince: headers['if-modified-since'],
  };
  if (isKnown(asked, etag, modifiedMs)) return { status: 304, headers: validators, body: '' };
  return { status: 200, headers: { ...validators, 'content-type': TYPE }, body };
}
