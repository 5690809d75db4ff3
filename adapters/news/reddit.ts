import { z } from 'zod';
import { askJson, Patience, reading, RefusedAnswer } from './asking';
import { plainText } from './parse-feed';
import type { FeedAnswer, Headline, NewsSource } from './port';

/**
 * Posts of subreddits by Reddit's API (https://www.reddit.com/dev/api, OAuth2 of an application without a user): a token for an hour,
 * then listings `/r/{names}/new`. Their titles are the headlines.
 */

const LISTED = 50;
const MAX_TITLE_LENGTH = 400;
/** A token is given back before it runs out. */
const SPARE_MS = 60_000;
const NO_VALIDATORS = { etag: null, lastModified: null };

export interface RedditOptions {
  readonly name: string;
  readonly weight: number;
  readonly subreddits: readonly string[];
  readonly clientId: string;
  readonly clientSecret: string;
  readonly timeoutMs: number;
  /** Base URLs of those who give tokens and those who take them. */
  readonly tokenUrl?: string;
  readonly apiUrl?: string;
  readonly wallTimeMs: () => number;
}

const tokenSchema = z.object({ access_token: z.string().min(1), expires_in: z.number().positive() });
const listingSchema = z.object({
  data: z.object({
    children: z.array(
      z.object({
        data: z.object({
          name: z.string().min(1),
          title: z.string(),
          permalink: z.string().optional(),
          created_utc: z.number(),
          stickied: z.boolean().optional(),
          over_18: z.boolean().optional(),
        }),
      }),
    ),
  }),
});

/** Reddit wants to know who asks. */
const USER_AGENT = 'node:ballast-news:v1';

export function redditSource(options: RedditOptions): NewsSource {
  const { name, weight, subreddits, timeoutMs, wallTimeMs } = options;
  const { tokenUrl = 'https://www.reddit.com', apiUrl = 'https://oauth.reddit.com' } = options;
  const patience = new Patience(wallTimeMs);
  let known: { readonly token: string; readonly untilMs: number } | undefined;

  async function tokenOf(signal: AbortSignal): Promise<string> {
    if (known !== undefined && wallTimeMs() < known.untilMs) return known.token;
    const credentials = Buffer.from(`${options.clientId}:${options.clientSecret}`).toString('base64');
    const request = {
      method: 'POST' as const,
      headers: {
        authorization: `Basic ${credentials}`,
        'content-type': 'application/x-www-form-urlencoded',
        'user-agent': USER_AGENT,
      },
      body: 'grant_type=client_credentials',
      signal,
    };
    const url = new URL('/api/v1/access_token', tokenUrl).href;
    const { access_token: token, expires_in: livesS } = await askJson(url, tokenSchema, request, patience);
    known = { token, untilMs: wallTimeMs() + livesS * 1000 - SPARE_MS };
    return token;
  }

  async function list(signal: AbortSignal): Promise<z.infer<typeof listingSchema>> {
    const url = new URL(`/r/${subreddits.map(encodeURIComponent).join('+')}/new`, apiUrl);
    url.search = new URLSearchParams({ limit: String(LISTED), raw_json: '1' }).toString();
    const headers = { authorization: `Bearer ${await tokenOf(signal)}`, 'user-agent': USER_AGENT };
    return askJson(url.href, listingSchema, { headers, signal }, patience);
  }

  async function listAgain(signal: AbortSignal): Promise<z.infer<typeof listingSchema>> {
    const hadToken = known !== undefined;
    try {
      return await list(signal);
    } catch (error) {
      if (!(error instanceof RefusedAnswer && error.status === 401)) throw error;
      known = undefined;
      // One that was withdrawn is replaced; a fresh one that is refused would be again.
      if (!hadToken) throw error;
      return await list(signal);
    }
  }

  return {
    name,
    weight,
    read: (_, nowMs, signal) =>
      reading({ name, timeoutMs }, signal, async (within): Promise<FeedAnswer> => {
        const { data } = await listAgain(within);
        const headlines = data.children.flatMap(({ data: post }): readonly Headline[] => {
          const title = plainText(post.title).slice(0, MAX_TITLE_LENGTH);
          if (title === '' || post.stickied === true || post.over_18 === true) return [];
          const publishedMs = Math.floor(post.created_utc * 1000);
          return [
            {
              key: post.name,
              title,
              url:
                post.permalink === undefined ? null : new URL(post.permalink, 'https://www.reddit.com').href,
              publishedMs: publishedMs > 0 && publishedMs <= nowMs ? publishedMs : null,
            },
          ];
        });
        return { kind: 'told', headlines, validators: NO_VALIDATORS };
      }),
  };
}
