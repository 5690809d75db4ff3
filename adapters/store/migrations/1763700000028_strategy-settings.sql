-- With which parameters a strategy decided, from which bar on: a row when they change. The decisions of a run can be made again
-- from these and the candles.
CREATE TABLE strategy_settings (
  account text NOT NULL REFERENCES accounts,
  session text NOT NULL,
  strategy text NOT NULL,
  from_bar_close_ms bigint NOT NULL,
  settings jsonb NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (account, session, strategy, from_bar_close_ms)
);
