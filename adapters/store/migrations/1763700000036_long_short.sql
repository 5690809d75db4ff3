-- How many accounts are long for each that is short, as a venue of perpetuals tells it, point-in-time like funding rates.

ALTER TABLE history_series DROP CONSTRAINT history_series_kind_check;
ALTER TABLE history_series ADD CONSTRAINT history_series_kind_check
  CHECK (kind IN ('candles', 'funding', 'trades', 'fear-greed', 'mood', 'long-short'));

CREATE TABLE history_long_short (
  series_id integer NOT NULL REFERENCES history_series ON DELETE CASCADE,
  time_ms bigint NOT NULL,
  ratio double precision NOT NULL CHECK (ratio >= 0 AND ratio < 'Infinity'),
  known_ms bigint NOT NULL CHECK (known_ms >= time_ms),
  PRIMARY KEY (series_id, time_ms)
);
CREATE INDEX history_long_short_by_known ON history_long_short (series_id, known_ms);
