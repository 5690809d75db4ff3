-- What is observed beside the bars, point-in-time (docs/adr/0024). Two times each: what an observation is about, and when it
-- could first be known. Decisions are made on what was known.

ALTER TABLE history_series DROP CONSTRAINT history_series_kind_check;
ALTER TABLE history_series ADD CONSTRAINT history_series_kind_check
  CHECK (kind IN ('candles', 'funding', 'trades', 'fear-greed', 'mood'));

-- What was imported before did not tell: by the rule of domain/observations.ts.
ALTER TABLE history_funding ADD COLUMN known_ms bigint;
UPDATE history_funding SET known_ms = time_ms + 60000;
ALTER TABLE history_funding ALTER COLUMN known_ms SET NOT NULL, ADD CHECK (known_ms >= time_ms);

ALTER TABLE history_fear_greed ADD COLUMN known_ms bigint;
UPDATE history_fear_greed SET known_ms = time_ms + 3600000;
ALTER TABLE history_fear_greed ALTER COLUMN known_ms SET NOT NULL, ADD CHECK (known_ms >= time_ms);

CREATE INDEX history_funding_by_known ON history_funding (series_id, known_ms);
CREATE INDEX history_fear_greed_by_known ON history_fear_greed (series_id, known_ms);

-- The mood about an asset (the series' symbol), each time that it was told anew. The series' venue says whose: `news` of the
-- real world, `session …` of a made-up one.
CREATE TABLE history_moods (
  series_id integer NOT NULL REFERENCES history_series ON DELETE CASCADE,
  known_ms bigint NOT NULL,
  -- Of the newest story that it rests on.
  time_ms bigint NOT NULL CHECK (time_ms <= known_ms),
  -- From -1, bearish, to 1, bullish.
  score double precision NOT NULL CHECK (score >= -1 AND score <= 1),
  -- 1 while it rests on a breaking story.
  breaking smallint NOT NULL CHECK (breaking IN (0, 1)),
  PRIMARY KEY (series_id, known_ms)
);
