import { z } from 'zod';
import { askJson, Patience, reading, RefusedAnswer } from './asking';
import { plainText } from './parse-feed';
import type { FeedAnswer, FeedValidators, Headline, NewsSource } from './port';

/**
 * Posts of X by its API v2, recent search with an application's bearer token (https://docs.x.com/x-api/posts/search-recent-posts).
 * Every post that is read is paid for, so the newest known one is kept as validator and only later ones are asked for.
 */

const MOST = 50;
const MAX_TITLE_LENGTH = 400;
const POST_ID = /^\d{1,30}$/u;

export interface XOptions {
  readonly name: string;
  readonly weight: number;
  /** As X takes it, e.g. `from:federalreserve OR #bitcoin -is:retweet`. */
  readonly query: string;
  readonly bearerToken: string;
  readonly timeoutMs: number;
  readonly apiUrl?: string;
  readonly wallTimeMs: () => number;
}

const searchSchema = z.object({
  data: z
    .array(z.object({ id: z.string().regex(POST_ID), text: z.string(), created_at: z.string().optional() }))
    .optional(),
  meta: z.object({ result_count: z.number(), newest_id: z.string().regex(POST_ID).optional() }),
});

export function xSource(options: XOptions): NewsSource {
  const { name, weight, query, timeoutMs, apiUrl = 'https://api.x.com' } = options;
  const patience = new Patience(options.wallTimeMs);

  const search = (sinceId: string | null, signal: AbortSignal): Promise<z.infer<typeof searchSchema>> => {
    const url = new URL('/2/tweets/search/recent', apiUrl);
    url.search = new URLSearchParams({
      query,
      max_results: String(MOST),
      'tweet.fields': 'created_at',
      ...(sinceId !== null && { since_id: sinceId }),
    }).toString();
    const headers = { authorization: `Bearer ${options.bearerToken}`, 'user-agent': 'ballast-news' };
    return askJson(url.href, searchSchema, { headers, signal }, patience);
  };

  async function searchSince({ etag }: FeedValidators, signal: AbortSignal) {
    try {
      return await search(etag, signal);
    } catch (error) {
      // A post that X no longer looks back to is refused.
      if (etag === null || !(error instanceof RefusedAnswer && error.status === 400)) throw error;
      return await search(null, signal);
    }
  }

  return {
    name,
    weight,
    read: (known, nowMs, signal) =>
      reading({ name, timeoutMs }, signal, async (within): Promise<FeedAnswer> => {
        const { data = [], meta } = await searchSince(known, within);
        const headlines = data.flatMap(({ id, text, created_at: createdAt }): readonly Headline[] => {
          const title = plainText(text.replace(/https?:\/\/\S+/gu, ' ')).slice(0, MAX_TITLE_LENGTH);
          if (title === '') return [];
          const publishedMs = Date.parse(createdAt ?? '');
          const isPast = publishedMs > 0 && publishedMs <= nowMs;
          return [
            { key: id, title, url: `https://x.com/i/status/${id}`, publishedMs: isPast ? publishedMs : null },
          ];
        });
        if (headlines.length === 0 && meta.newest_id === undefined) return { kind: 'unchanged' };
        const validators = { etag: meta.newest_id ?? known.etag, lastModified: null };
        return { kind: 'told', headlines, validators };
      }),
  };
}
