import { decodeBytes } from './decode-bytes';
import { parseHeadlines } from './parse-feed';
import { NewsSourceError, type FeedAnswer, type FeedValidators, type NewsSource } from './port';

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
export function feedSource(options: FeedOptions): NewsSource {
  const { name, weight } = options;
  return {
    name,
    weight,
    async read(known, nowMs, signal) {
      const deadline = AbortSignal.timeout(options.timeoutMs);
      try {
        return await ask(options, known, nowMs, AbortSignal.any([signal, deadline]));
      } catch (error) {
        const reason = deadline.aborted
          ? `no answer within ${String(options.timeoutMs)} ms`
          : reasonOf(error);
        throw new NewsSourceError(`The news source "${name}" could not be read: ${reason}`);
      }
    },
  };
}

async function ask(
  { url, maxBytes = MAX_FEED_BYTES }: FeedOptions,
  { etag, lastModified }: FeedValidators,
  nowMs: number,
  signal: AbortSignal,
): Promise<FeedAnswer> {
  // Node's own client: feeds redirect, and are compressed.
  const response = await fetch(url, {
    headers: {
      accept:
        'application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5',
      'user-agent': 'ballast-news',
      ...(etag !== null && { 'if-none-match': etag }),
      ...(lastModified !== null && { 'if-modified-since': lastModified }),
    },
    signal,
  });
  if (response.status !== 200) {
    await response.body?.cancel();
    if (response.status === 304) return { kind: 'unchanged' };
    throw new Error(`it answered ${String(response.status)} ${response.statusText}`.trim());
  }
  const bytes = await readBounded(response, maxBytes);
  const text = decodeBytes(bytes, response.headers.get('content-type'));
  return {
    kind: 'told',
    headlines: parseHeadlines(text, nowMs),
    validators: {
      etag: bounded(response.headers.get('etag')),
      lastModified: bounded(response.headers.get('last-modified')),
    },
  };
}

/** A validator that is cut would be another one. */
const bounded = (validator: string | null): string | null =>
  validator !== null && validator.length <= MAX_VALIDATOR_LENGTH ? validator : null;

async function readBounded(response: Response, maxBytes: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  // Leaving the loop early gives the connection up.
  for await (const part of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    length += part.byteLength;
    if (length > maxBytes) throw new Error(`it sends more than ${String(maxBytes)} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  return cause instanceof Error ? `${error.message} (${cause.message})` : error.message;
}
