-- Fast lanes (docs/fast-lane.md): which one of a strategy may open positions. Written and read for a grant under the lock of the
-- account's row, so that a grant either sees the next lane or was committed before it was opened.

CREATE TABLE lanes (
  account text NOT NULL REFERENCES accounts,
  strategy text NOT NULL,
  -- Raised whenever a lane is opened: one of another generation opens nothing any more.
  generation bigint NOT NULL CHECK (generation > 0),
  entries_paused boolean NOT NULL,
  -- Why it was opened, for people.
  reason text NOT NULL,
  opened_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (account, strategy)
);
