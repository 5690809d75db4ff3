-- The rest of the journal: what was seen, decided, risked and commanded.

CREATE TABLE candles (
  venue text NOT NULL,
  session text NOT NULL,
  symbol text NOT NULL,
  timeframe text NOT NULL,
  open_time_ms bigint NOT NULL,
  open double precision NOT NULL,
  high double precision NOT NULL,
  low double precision NOT NULL,
  close double precision NOT NULL,
  volume double precision NOT NULL CHECK (volume >= 0),
  PRIMARY KEY (venue, session, symbol, timeframe, open_time_ms),
  CHECK (low <= open AND low <= close AND high >= open AND high >= close)
);

CREATE TABLE decisions (
  account text NOT NULL REFERENCES accounts,
  session text NOT NULL,
  strategy text NOT NULL,
  symbol text NOT NULL,
  bar_close_ms bigint NOT NULL,
  outcome text NOT NULL CHECK (outcome IN ('hold', 'enter', 'exit', 'trail', 'refused', 'skipped')),
  reasons jsonb NOT NULL CHECK (jsonb_typeof(reasons) = 'array'),
  close numeric,
  position_id text,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (account, session, strategy, symbol, bar_close_ms)
);
CREATE INDEX decisions_recent ON decisions (account, session, bar_close_ms DESC);

CREATE TABLE risk_events (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account text NOT NULL REFERENCES accounts,
  -- The same event reported again keeps its first row.
  key text NOT NULL,
  code text NOT NULL,
  message text NOT NULL,
  market_time_ms bigint,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  UNIQUE (account, key)
);

CREATE TABLE equity (
  account text NOT NULL REFERENCES accounts,
  session text NOT NULL,
  market_time_ms bigint NOT NULL,
  equity numeric NOT NULL,
  equity_at_day_start numeric NOT NULL,
  peak_equity numeric NOT NULL,
  day_start_ms bigint NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (account, session, market_time_ms)
);

CREATE TABLE audit (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account text NOT NULL,
  command text NOT NULL,
  arguments jsonb NOT NULL,
  reason text,
  by text NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX audit_recent ON audit (account, recorded_at DESC);
CREATE TRIGGER audit_is_final BEFORE UPDATE OR DELETE ON audit
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
