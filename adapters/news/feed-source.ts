import { reading, RefusedAnswer } from './asking';
import { decodeBytes } from './decode-bytes';
import { parseHeadlines } from './parse-feed';
import type { FeedAnswer, FeedValidators, NewsSource } from './port';
import { askWeb } from './web';

/** Far above any feed; a server that sends more is broken, or means harm. */
export const MAX_FEED_BYTES = 2 * 1024 * 1024;
const MAX_VALIDATOR_LENGTH = 500;

export interface FeedOptions {
  readonly name: string;
  readonly url: string;
  readonly weight: number;
  /** For everything, the reading of the answer included. */
  readonly timeoutMs: number;
  readonly maxBytes?: number;
}

/** A feed at a URL. Asked with the validators of its last answer, it may say that nothing is new. Redirects are followed. */
export const feedSource = (options: FeedOptions): NewsSource => ({
  name: options.name,
  weight: options.weight,
  read: (known, nowMs, signal) => reading(options, signal, (within) => ask(options, known, nowMs, within)),
});

async function ask(
  { url, maxBytes = MAX_FEED_BYTES }: FeedOptions,
  { etag, lastModified }: FeedValidators,
  nowMs: number,
  signal: AbortSignal,
): Promise<FeedAnswer> {
  const { status, statusText, headers, bytes } = await askWeb(url, {
    headers: {
      accept:
        'application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5',
      'user-agent': 'ballast-news',
      ...(etag !== null && { 'if-none-match': etag }),
      ...(lastModified !== null && { 'if-modified-since': lastModified }),
    },
    maxBytes,
    signal,
  });
  if (status === 304) return { kind: 'unchanged' };
  if (status !== 200) throw new RefusedAnswer(status, statusText);
  const text = decodeBytes(bytes, headers['content-type'] ?? null);
  return {
    kind: 'told',
    headlines: parseHeadlines(text, nowMs),
    validators: { etag: bounded(headers.etag), lastModified: bounded(headers['last-modified']) },
  };
}

/** A validator that is cut would be another one. */
const bounded = (validator: string | undefined): string | null =>
  validator !== undefined && validator.length <= MAX_VALIDATOR_LENGTH ? validator : null;
