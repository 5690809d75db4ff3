-- News, point-in-time: what was known when (docs/news.md). Times are UTC milliseconds of the market's clock. `origin` is `news`
-- for the real world, `session …` for the made-up news of a simulated market (adapters/history/origins.ts).

-- How the sources do, and what to ask them with.
CREATE TABLE news_sources (
  origin text NOT NULL,
  source text NOT NULL,
  tried_ms bigint NOT NULL,
  -- The last time it answered; null for never.
  answered_ms bigint,
  -- Tries without an answer since then.
  failures integer NOT NULL CHECK (failures >= 0),
  error text,
  etag text,
  last_modified text,
  PRIMARY KEY (origin, source)
);

-- One story, by the headline that told it first. Written once; only `announced` changes.
CREATE TABLE news_stories (
  story_id text PRIMARY KEY,
  origin text NOT NULL,
  title text NOT NULL,
  url text,
  time_ms bigint NOT NULL,
  known_ms bigint NOT NULL CHECK (time_ms <= known_ms),
  -- Read off the title by the lexicon of domain/news/lexicon.ts.
  assets text[] NOT NULL,
  topics text[] NOT NULL,
  breaking boolean NOT NULL,
  -- The strategies concerned have been told.
  announced boolean NOT NULL DEFAULT false
);
CREATE INDEX news_stories_by_time ON news_stories (origin, known_ms);

-- A headline as a source told it first; one that is corrected is another.
CREATE TABLE news_headlines (
  headline_id text PRIMARY KEY,
  story_id text NOT NULL REFERENCES news_stories ON DELETE CASCADE,
  source text NOT NULL,
  title text NOT NULL,
  url text,
  -- By the source; null when it did not say, or said nonsense.
  published_ms bigint,
  known_ms bigint NOT NULL
);
CREATE INDEX news_headlines_by_story ON news_headlines (story_id);

-- What a scorer answered, once. No label and no sentiment: it was asked and had no answer.
CREATE TABLE news_scores (
  story_id text NOT NULL REFERENCES news_stories ON DELETE CASCADE,
  scorer text NOT NULL,
  known_ms bigint NOT NULL,
  label text,
  sentiment double precision CHECK (sentiment >= -1 AND sentiment <= 1),
  PRIMARY KEY (story_id, scorer),
  CHECK ((label IS NULL) = (sentiment IS NULL))
);

-- How each mood came about. The moods that decisions read are in history_moods.
CREATE TABLE news_moods (
  origin text NOT NULL,
  asset text NOT NULL,
  known_ms bigint NOT NULL,
  scorer text NOT NULL,
  score double precision NOT NULL,
  time_ms bigint NOT NULL,
  breaking boolean NOT NULL,
  stories integer NOT NULL,
  -- Shares of the weight of all sources.
  missing double precision NOT NULL,
  silent double precision NOT NULL,
  -- Null when there was nothing to compare with.
  trend double precision,
  PRIMARY KEY (origin, asset, known_ms)
);
