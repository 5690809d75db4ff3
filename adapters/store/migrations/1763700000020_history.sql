-- Market history: what was imported or downloaded, for backtests and for looking back. It belongs to no session and no
-- account (docs/adr/0019). What live cycles saw stays in `candles`.

-- One row for everything of one kind, market and timeframe. Whoever changes its rows raises `revision` in the same
-- transaction: together with `content_key` it stamps the content, by which copies outside know that they are stale.
CREATE TABLE history_series (
  series_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind text NOT NULL CHECK (kind IN ('candles', 'funding', 'trades', 'fear-greed')),
  venue text NOT NULL,
  symbol text NOT NULL,
  -- Empty for what has none.
  timeframe text NOT NULL,
  -- Of candles: made of trades (`last`), or the venue's mark or index price.
  price text NOT NULL CHECK (price IN ('last', 'mark', 'index')),
  content_key uuid NOT NULL DEFAULT gen_random_uuid(),
  revision bigint NOT NULL DEFAULT 0,
  row_count bigint NOT NULL DEFAULT 0,
  first_ms bigint,
  last_ms bigint,
  changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  UNIQUE (kind, venue, symbol, timeframe, price)
);

-- No check of high and low: what a venue told wrongly is kept as it was told, and the quality monitor says so.
CREATE TABLE history_candles (
  series_id integer NOT NULL REFERENCES history_series ON DELETE CASCADE,
  time_ms bigint NOT NULL,
  open double precision NOT NULL CHECK (open > 0 AND open < 'Infinity'),
  high double precision NOT NULL CHECK (high > 0 AND high < 'Infinity'),
  low double precision NOT NULL CHECK (low > 0 AND low < 'Infinity'),
  close double precision NOT NULL CHECK (close > 0 AND close < 'Infinity'),
  volume double precision NOT NULL CHECK (volume >= 0 AND volume < 'Infinity'),
  PRIMARY KEY (series_id, time_ms)
);

CREATE TABLE history_funding (
  series_id integer NOT NULL REFERENCES history_series ON DELETE CASCADE,
  time_ms bigint NOT NULL,
  rate double precision NOT NULL CHECK (rate > -1 AND rate < 1),
  PRIMARY KEY (series_id, time_ms)
);

CREATE TABLE history_fear_greed (
  series_id integer NOT NULL REFERENCES history_series ON DELETE CASCADE,
  time_ms bigint NOT NULL,
  value double precision NOT NULL CHECK (value >= 0 AND value <= 100),
  PRIMARY KEY (series_id, time_ms)
);

CREATE TABLE history_trades (
  series_id integer NOT NULL REFERENCES history_series ON DELETE CASCADE,
  trade_id text NOT NULL,
  time_ms bigint NOT NULL,
  price double precision NOT NULL CHECK (price > 0 AND price < 'Infinity'),
  quantity double precision NOT NULL CHECK (quantity > 0 AND quantity < 'Infinity'),
  -- Of the taker.
  side text NOT NULL CHECK (side IN ('buy', 'sell')),
  PRIMARY KEY (series_id, trade_id)
);
CREATE INDEX history_trades_by_time ON history_trades (series_id, time_ms);

-- Recorded order books stay in their files.
CREATE TABLE history_recordings (
  sha256 text PRIMARY KEY CHECK (sha256 ~ '^[0-9a-f]{64}$'),
  venue text NOT NULL,
  symbol text NOT NULL,
  path text NOT NULL,
  bytes bigint NOT NULL,
  line_count bigint NOT NULL,
  first_ms bigint NOT NULL,
  last_ms bigint NOT NULL CHECK (last_ms >= first_ms),
  imported_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX history_recordings_by_symbol ON history_recordings (venue, symbol, first_ms);

-- Files that are in a series already, as of a revision: nothing has to be read again while that is the newest.
CREATE TABLE history_imports (
  series_id integer NOT NULL REFERENCES history_series ON DELETE CASCADE,
  sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
  revision bigint NOT NULL,
  path text NOT NULL,
  row_count bigint NOT NULL,
  imported_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (series_id, sha256)
);

-- For people and other programs: one line per venue, symbol, timeframe, price and time.
CREATE VIEW history_bars AS
  SELECT venue, symbol, timeframe, price, to_timestamp(time_ms / 1000.0) AS open_time, time_ms AS open_time_ms,
    open, high, low, close, volume
  FROM history_candles JOIN history_series USING (series_id);
