-- What the triggers of the emergency stop are judged by, where it has to outlive a process. Times ending in _ms are wall
-- milliseconds of the workers.

-- Requests to the exchange that failed one after the other, by kind; a success deletes the row.
CREATE TABLE failure_streaks (
  account text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('any', 'market', 'account', 'trade')),
  failures integer NOT NULL CHECK (failures > 0),
  first_failed_ms bigint NOT NULL,
  last_failed_ms bigint NOT NULL,
  message text NOT NULL,
  PRIMARY KEY (account, kind)
);

-- Positions that were seen without a resident stop, and since when. A row ends when the stop is there again.
CREATE TABLE missing_stops (
  position_id text PRIMARY KEY REFERENCES positions,
  account text NOT NULL REFERENCES accounts,
  since_ms bigint NOT NULL
);
CREATE INDEX missing_stops_by_account ON missing_stops (account);

-- When trading was last resumed: nothing from before counts. In wall and in market time.
ALTER TABLE accounts
  ADD COLUMN measured_since_ms bigint NOT NULL DEFAULT 0,
  ADD COLUMN measured_since_market_ms bigint NOT NULL DEFAULT 0;

CREATE INDEX order_events_sent ON order_events (recorded_at) WHERE event = 'send-begun';
