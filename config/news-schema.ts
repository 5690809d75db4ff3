import { z } from 'zod';
import { path, secret } from './fields';

const HOUR_MS = 3_600_000;
/** Of sources that are not feeds. */
const TAKEN_NAMES: readonly string[] = ['reddit', 'x', 'fear-greed', 'funding', 'long-short'];

/** Read where nothing else is configured; none is asked unless `enabled`. */
const DEFAULT_SOURCES = [
  { name: 'cointelegraph', url: 'https://cointelegraph.com/rss' },
  { name: 'decrypt', url: 'https://decrypt.co/feed' },
  {
    name: 'google-news',
    url: 'https://news.google.com/rss/search?q=bitcoin+OR+ethereum+OR+crypto&hl=en-US&gl=US&ceid=US:en',
  },
];

/** How much an opinion counts beside the others'. */
const weight = z.number().min(0.01).max(100).default(1);
const webUrl = z
  .string()
  .refine(
    (text) => /^https?:$/.test(URL.parse(text)?.protocol ?? ''),
    'must be a URL beginning with https:// or http://',
  );

const sourceSchema = z.strictObject({
  /** Unique; headlines and health are kept under it. */
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]{0,39}$/, 'must be 1 to 40 small letters, digits, ".", "_" or "-"'),
  /** An RSS, Atom, RDF or JSON feed. */
  url: webUrl,
  weight,
});

/** News and moods; docs/news.md. Defaults are stated here, since a record of an older `ballast up` has none. */
export const newsSchema = z.strictObject({
  /**
   * In the modes `paper`, `testnet` and `live`: true asks the world's sources. In the others: false leaves even the emulator's own
   * demonstration feeds alone, which are read otherwise.
   */
  enabled: z.boolean().optional(),
  sources: z
    .array(sourceSchema)
    .max(50)
    .refine((list) => new Set(list.map(({ name }) => name)).size === list.length, 'must have different names')
    .refine(
      (list) => list.every(({ name }) => !TAKEN_NAMES.includes(name)),
      `must not be called ${TAKEN_NAMES.join(', ')}`,
    )
    .prefault(DEFAULT_SOURCES),
  /** Read when its keys are given. */
  reddit: z
    .strictObject({
      subreddits: z
        .array(z.string().regex(/^[A-Za-z0-9_]{2,21}$/, 'must be the name of a subreddit, without r/'))
        .min(1)
        .max(20)
        .default(['CryptoCurrency', 'Bitcoin', 'ethereum']),
      weight,
    })
    .prefault({}),
  redditClientId: secret.optional(),
  redditClientIdFile: path.optional(),
  redditClientSecret: secret.optional(),
  redditClientSecretFile: path.optional(),
  /** Read when its bearer token is given. */
  x: z
    .strictObject({
      /** A query of X's recent search. */
      query: z.string().min(1).max(512).default('(bitcoin OR ethereum OR crypto) lang:en -is:retweet'),
      weight,
    })
    .prefault({}),
  xBearerToken: secret.optional(),
  xBearerTokenFile: path.optional(),
  /** Numbers that count in moods beside headlines. */
  gauges: z
    .strictObject({
      fearGreed: z
        .strictObject({
          enabled: z.boolean().default(true),
          url: webUrl.default('https://api.alternative.me/fng/'),
          weight,
        })
        .prefault({}),
      funding: z.strictObject({ enabled: z.boolean().default(true), weight }).prefault({}),
      longShort: z.strictObject({ enabled: z.boolean().default(true), weight }).prefault({}),
      /** A server that speaks the protocol of the venue's futures, instead of the venue. */
      futuresUrl: webUrl.optional(),
    })
    .prefault({}),
  /** Wall milliseconds between two rounds. Absent: 120,000, of the demonstration feeds 30,000. */
  intervalMs: z.int().min(10_000).max(86_400_000).optional(),
  /** For one answer. */
  timeoutMs: z.int().min(100).max(30_000).default(10_000),
  /** After which a story counts half. */
  halfLifeMs: z
    .int()
    .min(60_000)
    .max(30 * 24 * HOUR_MS)
    .default(6 * HOUR_MS),
  /** After which it does not count. */
  maxAgeMs: z
    .int()
    .min(60_000)
    .max(30 * 24 * HOUR_MS)
    .default(48 * HOUR_MS),
  breaking: z
    .strictObject({
      /** Names of the strategies whose entries pause while a breaking story about what they trade is young. */
      strategies: z.array(z.string()).default([]),
      /** Market milliseconds from when the story was known. */
      pauseMs: z
        .int()
        .min(60_000)
        .max(24 * HOUR_MS)
        .default(HOUR_MS),
    })
    .prefault({}),
});
