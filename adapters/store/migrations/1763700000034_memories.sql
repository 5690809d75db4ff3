-- What every closed trade leaves behind (docs/memory.md), and names for decisions. Times are UTC milliseconds of the market's clock.

-- Short, and the same for the same decision. Rows from before get theirs too.
ALTER TABLE decisions ADD COLUMN decision_id text NOT NULL GENERATED ALWAYS AS (
  left(md5(account || chr(10) || session || chr(10) || strategy || chr(10) || symbol || chr(10) || bar_close_ms::text), 12)
) STORED;
CREATE INDEX decisions_by_id ON decisions (account, decision_id text_pattern_ops);
-- Of the cycle that decided, and what it went by; null in rows from before.
ALTER TABLE decisions ADD COLUMN run_id text, ADD COLUMN inputs jsonb;

-- A closed trade owes a memory until all of it is written. Positions from before owe none.
ALTER TABLE positions ADD COLUMN owes_memory boolean NOT NULL DEFAULT false;
ALTER TABLE positions ALTER COLUMN owes_memory SET DEFAULT true;
CREATE INDEX positions_owing_memory ON positions (account, session, closed_at_ms)
  WHERE state = 'closed' AND owes_memory AND opened_at_ms IS NOT NULL;

CREATE TABLE trade_memories (
  position_id text PRIMARY KEY REFERENCES positions,
  account text NOT NULL REFERENCES accounts,
  session text NOT NULL,
  strategy text NOT NULL,
  symbol text NOT NULL,
  -- Close of the bar on which it was entered; nothing in the situation was known later.
  bar_close_ms bigint NOT NULL,
  -- A Situation of domain/memory/situation.ts, and the same in words.
  situation jsonb NOT NULL,
  situation_text text NOT NULL,
  -- A TradeOutcome of domain/memory/outcome.ts.
  outcome jsonb NOT NULL,
  outcome_at_ms bigint NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX trade_memories_by_outcome ON trade_memories (account, session, outcome_at_ms DESC);

-- Situations as vectors. Only vectors of the same model are compared.
CREATE TABLE memory_embeddings (
  position_id text NOT NULL REFERENCES trade_memories,
  model_identity text NOT NULL,
  vector real[] NOT NULL CHECK (cardinality(vector) BETWEEN 1 AND 8192),
  PRIMARY KEY (position_id, model_identity)
);

-- What a model made of a trade afterwards. Without a lesson, `missing` says why there is none.
CREATE TABLE trade_reflections (
  position_id text PRIMARY KEY REFERENCES trade_memories,
  judgement text,
  lesson text,
  missing text,
  prompt text,
  prompt_version integer,
  model text,
  -- What a replay finds the answer by, and the calls that were made for it.
  request_hash text,
  call_ids bigint[] NOT NULL DEFAULT '{}',
  known_ms bigint NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CHECK ((lesson IS NULL) <> (missing IS NULL)),
  CHECK (lesson IS NULL OR (judgement IS NOT NULL AND prompt IS NOT NULL AND prompt_version IS NOT NULL AND model IS NOT NULL))
);
