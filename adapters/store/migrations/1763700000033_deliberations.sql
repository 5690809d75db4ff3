-- What a panel of models was told about a proposal, what each seat said, and what became of it.

CREATE TABLE deliberations (
  -- Of the position that the proposal would become: known before it is granted, and when it never is.
  position_id text PRIMARY KEY,
  account text NOT NULL REFERENCES accounts,
  session text NOT NULL,
  strategy text NOT NULL,
  symbol text NOT NULL,
  bar_close_ms bigint NOT NULL,
  -- Null when the panel could not even be told what it is about.
  brief jsonb,
  outcome text CHECK (outcome IN ('confirm', 'shrink', 'veto', 'without')),
  size_factor numeric CHECK (size_factor > 0 AND size_factor <= 1),
  reasons jsonb,
  started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  concluded_at timestamptz,
  UNIQUE (account, session, strategy, symbol, bar_close_ms),
  CHECK ((outcome IS NULL) = (reasons IS NULL) AND (outcome IS NULL) = (concluded_at IS NULL)),
  CHECK ((size_factor IS NULL) = (outcome IS NULL OR outcome = 'veto'))
);

-- One row per seat and round. The first stays: what was said is never asked again.
CREATE TABLE deliberation_answers (
  position_id text NOT NULL REFERENCES deliberations,
  round smallint NOT NULL CHECK (round >= 1),
  seat text NOT NULL,
  role text NOT NULL,
  -- `answered`, or the kind of failure.
  outcome text NOT NULL,
  answer jsonb,
  failure text,
  model text,
  -- What a replay finds the answer by.
  request_hash text,
  prompt text NOT NULL,
  prompt_version integer NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (position_id, round, seat),
  CHECK ((outcome = 'answered') = (answer IS NOT NULL))
);

-- Which calls of models were made for a seat, those included that a crash cut off.
CREATE TABLE deliberation_calls (
  -- Of model_calls, whose rows may be thinned out.
  call_id bigint PRIMARY KEY,
  position_id text NOT NULL REFERENCES deliberations,
  round smallint NOT NULL,
  seat text NOT NULL
);
CREATE INDEX deliberation_calls_by_position ON deliberation_calls (position_id);

-- What the size that the limits allow was multiplied by.
ALTER TABLE approvals ADD COLUMN size_factor numeric NOT NULL DEFAULT 1 CHECK (size_factor > 0 AND size_factor <= 1);
