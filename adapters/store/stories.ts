import { createHash } from 'node:crypto';
import type { Pool } from 'pg';
import { normalisedTitle } from '../../domain/news/headline';
import { subjectsOf } from '../../domain/news/lexicon';
import type { CombinedMood } from '../../domain/news/mood';
import { assignStories, SAME_STORY_WITHIN_MS } from '../../domain/news/stories';
import type { FeedValidators, Headline, HeadlineScore } from '../news/port';
import { inTransaction, type Transaction } from './transaction';

/** Of the newest stories, as many are compared with new headlines. */
const MAX_COMPARED = 1_000;

export interface SourceHealth extends FeedValidators {
  readonly source: string;
  readonly triedMs: number;
  readonly answeredMs: number | null;
  /** Tries without an answer since it answered last; 0 when the last try had one. */
  readonly failures: number;
  readonly error: string | null;
}

export interface StoredStory {
  readonly storyId: string;
  readonly title: string;
  readonly url: string | null;
  readonly timeMs: number;
  readonly knownMs: number;
  readonly assets: readonly string[];
  readonly topics: readonly string[];
  readonly breaking: boolean;
  /** Who told it. */
  readonly sources: readonly string[];
  /** By the scorer asked for; null when it had no answer, or has not been asked. */
  readonly label: string | null;
  readonly sentiment: number | null;
}

export interface StoredMood extends Omit<CombinedMood, 'ageMs'> {
  readonly asset: string;
  readonly knownMs: number;
  readonly scorer: string;
  readonly trend: number | null;
}

/** Stories and what is thought of them, by origin. Every write can be repeated: what was known first stays. */
export interface NewsStore {
  sources(origin: string): Promise<readonly SourceHealth[]>;
  /** Null validators: it answered that nothing is new. */
  recordAnswer(
    origin: string,
    source: string,
    atMs: number,
    validators: FeedValidators | null,
  ): Promise<void>;
  recordFailure(origin: string, source: string, atMs: number, error: string): Promise<void>;
  /** Adds the headlines that are not known yet, each to the story that it tells. @returns how many stories are new */
  addHeadlines(
    origin: string,
    source: string,
    knownMs: number,
    headlines: readonly Headline[],
  ): Promise<number>;
  /** Stories that this scorer has not been asked about, the newest first. */
  unscored(
    origin: string,
    scorer: string,
    range: { readonly sinceMs: number; readonly limit: number },
  ): Promise<readonly Pick<StoredStory, 'storyId' | 'title'>[]>;
  addScores(
    scorer: string,
    knownMs: number,
    scores: readonly { readonly storyId: string; readonly score: HeadlineScore | null }[],
  ): Promise<void>;
  /** Stories known since then, the newest first, as `scorer` judged them; those about an asset, or all. */
  stories(
    origin: string,
    scorer: string,
    range: { readonly sinceMs: number; readonly limit: number; readonly asset?: string },
  ): Promise<readonly StoredStory[]>;
  /** Breaking stories known since then of which nobody has been told. */
  unannounced(
    origin: string,
    sinceMs: number,
  ): Promise<readonly Omit<StoredStory, 'label' | 'sentiment' | 'sources'>[]>;
  markAnnounced(storyIds: readonly string[]): Promise<void>;
  addMoods(origin: string, moods: readonly StoredMood[]): Promise<void>;
  /** The newest first. */
  moods(origin: string, asset: string, limit: number): Promise<readonly StoredMood[]>;
}

const STORY = `story_id AS "storyId", title, url, time_ms::double precision AS "timeMs",
  known_ms::double precision AS "knownMs", assets, topics, breaking`;

export function createNewsStore(pool: Pool): NewsStore {
  const noteTry = async (values: readonly unknown[], change: string): Promise<void> => {
    await pool.query(
      `INSERT INTO news_sources AS known (origin, source, tried_ms, answered_ms, failures, error, etag, last_modified)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
       ON CONFLICT (origin, source) DO UPDATE SET tried_ms = excluded.tried_ms, error = excluded.error, ${change}`,
      [...values],
    );
  };
  return {
    async sources(origin) {
      const { rows } = await pool.query<SourceHealth>(
        `SELECT source, tried_ms::double precision AS "triedMs", answered_ms::double precision AS "answeredMs",
           failures, error, etag, last_modified AS "lastModified"
         FROM news_sources WHERE origin = $1 ORDER BY source`,
        [origin],
      );
      return rows;
    },
    recordAnswer: (origin, source, atMs, validators) =>
      noteTry(
        [origin, source, atMs, atMs, 0, null, validators?.etag ?? null, validators?.lastModified ?? null],
        `failures = 0, answered_ms = excluded.answered_ms${
          validators === null ? '' : ', etag = excluded.etag, last_modified = excluded.last_modified'
        }`,
      ),
    recordFailure: (origin, source, atMs, error) =>
      noteTry([origin, source, atMs, null, 1, error, null, null], 'failures = known.failures + 1'),
    addHeadlines: (origin, source, knownMs, headlines) =>
      inTransaction(pool, (tx) => addHeadlines(tx, { origin, source, knownMs }, headlines)),
    async unscored(origin, scorer, { sinceMs, limit }) {
      const { rows } = await pool.query<{ storyId: string; title: string }>(
        `SELECT story_id AS "storyId", title FROM news_stories s WHERE origin = $1 AND known_ms >= $3
           AND NOT EXISTS (SELECT FROM news_scores WHERE story_id = s.story_id AND scorer = $2)
         ORDER BY known_ms DESC, story_id LIMIT $4`,
        [origin, scorer, sinceMs, limit],
      );
      return rows;
    },
    async addScores(scorer, knownMs, scores) {
      await pool.query(
        `INSERT INTO news_scores (scorer, known_ms, story_id, label, sentiment)
         SELECT $1, $2, * FROM unnest($3::text[], $4::text[], $5::double precision[]) ON CONFLICT DO NOTHING`,
        [
          ...[scorer, knownMs, scores.map(({ storyId }) => storyId)],
          ...[scores.map(({ score }) => score?.label), scores.map(({ score }) => score?.sentiment)],
        ],
      );
    },
    async stories(origin, scorer, { sinceMs, limit, asset }) {
      const { rows } = await pool.query<StoredStory>(
        `SELECT ${STORY.replaceAll('known_ms', 's.known_ms').replace('story_id', 's.story_id')}, label, sentiment,
           ARRAY(SELECT DISTINCT source FROM news_headlines h WHERE h.story_id = s.story_id ORDER BY source) AS sources
         FROM news_stories s LEFT JOIN news_scores c ON c.story_id = s.story_id AND c.scorer = $2
         WHERE origin = $1 AND s.known_ms >= $3 AND ($5::text IS NULL OR $5 = ANY(assets)) ORDER BY s.known_ms DESC, s.story_id LIMIT $4`,
        [origin, scorer, sinceMs, limit, asset ?? null],
      );
      return rows;
    },
    async unannounced(origin, sinceMs) {
      const { rows } = await pool.query<Omit<StoredStory, 'label' | 'sentiment' | 'sources'>>(
        `SELECT ${STORY} FROM news_stories
         WHERE origin = $1 AND known_ms >= $2 AND breaking AND NOT announced ORDER BY known_ms, story_id`,
        [origin, sinceMs],
      );
      return rows;
    },
    async markAnnounced(storyIds) {
      await pool.query('UPDATE news_stories SET announced = true WHERE story_id = ANY($1)', [storyIds]);
    },
    async addMoods(origin, moods) {
      await pool.query(
        `INSERT INTO news_moods SELECT $1, * FROM json_to_recordset($2) AS mood (asset text, "knownMs" bigint, scorer text,
           score double precision, "timeMs" bigint, breaking boolean, stories integer, missing double precision,
           silent double precision, trend double precision) ON CONFLICT DO NOTHING`,
        [origin, JSON.stringify(moods)],
      );
    },
    async moods(origin, asset, limit) {
      const { rows } = await pool.query<StoredMood>(
        `SELECT asset, known_ms::double precision AS "knownMs", scorer, score, time_ms::double precision AS "timeMs",
           breaking, stories, missing, silent, trend
         FROM news_moods WHERE origin = $1 AND asset = $2 ORDER BY known_ms DESC LIMIT $3`,
        [origin, asset, limit],
      );
      return rows;
    },
  };
}

interface Seen {
  readonly origin: string;
  readonly source: string;
  readonly knownMs: number;
}

/** Those who add to one origin at once come one after the other, so that no story becomes two. */
async function addHeadlines(
  tx: Transaction,
  { origin, source, knownMs }: Seen,
  headlines: readonly Headline[],
): Promise<number> {
  await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`news ${origin}`]);
  const told = headlines.map((headline) => ({
    ...headline,
    id: idOf(origin, source, headline),
    timeMs: Math.min(headline.publishedMs ?? knownMs, knownMs),
  }));
  const { rows: known } = await tx.query<{ id: string }>(
    'SELECT headline_id AS id FROM news_headlines WHERE headline_id = ANY($1)',
    [told.map(({ id }) => id)],
  );
  const fresh = told.filter(({ id }) => !known.some((one) => one.id === id));
  if (fresh.length === 0) return 0;
  const oldestMs = Math.min(...fresh.map(({ timeMs }) => timeMs));
  const { rows: stories } = await tx.query<{ storyId: string; title: string; timeMs: number }>(
    `SELECT story_id AS "storyId", title, time_ms::double precision AS "timeMs" FROM news_stories
     WHERE origin = $1 AND time_ms >= $2 ORDER BY known_ms DESC, story_id LIMIT $3`,
    [origin, oldestMs - SAME_STORY_WITHIN_MS, MAX_COMPARED],
  );
  const assigned = assignStories(fresh, stories);
  const first = fresh.filter(({ id }) => assigned.get(id) === id);
  for (const { id, title, url, timeMs } of first) {
    const { assets, topics, breaking } = subjectsOf(title);
    await tx.query(
      `INSERT INTO news_stories (story_id, origin, title, url, time_ms, known_ms, assets, topics, breaking)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING`,
      [id, origin, title, url, timeMs, knownMs, assets, topics, breaking],
    );
  }
  await tx.query(
    `INSERT INTO news_headlines (source, known_ms, headline_id, story_id, title, url, published_ms)
     SELECT $1, $2, * FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[]) ON CONFLICT DO NOTHING`,
    [
      ...[source, knownMs, fresh.map(({ id }) => id), fresh.map(({ id }) => assigned.get(id))],
      ...[fresh.map(({ title }) => title), fresh.map(({ url }) => url)],
      fresh.map(({ publishedMs }) => publishedMs),
    ],
  );
  return first.length;
}

/** A headline that is corrected is another one, known since its correction; other capitals and dashes are no correction. */
const idOf = (origin: string, source: string, { key, title }: Headline): string =>
  createHash('sha256')
    .update(JSON.stringify([origin, source, key, normalisedTitle(title)]))
    .digest('hex')
    .slice(0, 24);
