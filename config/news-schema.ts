import { z } from 'zod';

const HOUR_MS = 3_600_000;

/** Read where nothing else is configured; none is asked unless `enabled`. */
const DEFAULT_SOURCES = [
  { name: 'cointelegraph', url: 'https://cointelegraph.com/rss' },
  { name: 'decrypt', url: 'https://decrypt.co/feed' },
  {
    name: 'google-news',
    url: 'https://news.google.com/rss/search?q=bitcoin+OR+ethereum+OR+crypto&hl=en-US&gl=US&ceid=US:en',
  },
];

const sourceSchema = z.strictObject({
  /** Unique; headlines and health are kept under it. */
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]{0,39}$/, 'must be 1 to 40 small letters, digits, ".", "_" or "-"'),
  /** An RSS, Atom, RDF or JSON feed. */
  url: z
    .string()
    .refine(
      (text) => /^https?:$/.test(URL.parse(text)?.protocol ?? ''),
      'must be a URL beginning with https:// or http://',
    ),
  /** How much its opinion counts beside the others'. */
  weight: z.number().min(0.01).max(100).default(1),
});

/** News and moods; docs/news.md. Defaults are stated here, since a record of an older `ballast up` has none. */
export const newsSchema = z.strictObject({
  /** Asks the sources. Only where the market is real: what the world says has nothing to do with a made-up or past one. */
  enabled: z.boolean().default(false),
  sources: z
    .array(sourceSchema)
    .max(50)
    .refine((list) => new Set(list.map(({ name }) => name)).size === list.length, 'must have different names')
    .prefault(DEFAULT_SOURCES),
  /** Wall milliseconds between two rounds. */
  intervalMs: z.int().min(10_000).max(86_400_000).default(120_000),
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
