-- The agent that calls tools (docs/agent.md): what it said and did in each decision, and the two wishes about a position that only it has.

-- The target wished for now; null for that of the approval, which keeps the first one.
ALTER TABLE positions ADD COLUMN target_price numeric CHECK (target_price > 0);
-- Market time from which the entry is not sent any more and its rest is taken back, where that is sooner than approved.
ALTER TABLE positions ADD COLUMN entry_until_ms bigint;

-- One answer of the model. Written once.
CREATE TABLE agent_turns (
  account text NOT NULL REFERENCES accounts,
  session text NOT NULL,
  strategy text NOT NULL,
  bar_close_ms bigint NOT NULL,
  turn integer NOT NULL CHECK (turn >= 0),
  -- What it said beside the tools it asked for, and these: [{id, name, arguments}].
  said text NOT NULL,
  calls jsonb NOT NULL,
  -- Who answered, and what finds the raw answer in model_calls and model_answers; null without an answer.
  model text,
  request_hash text,
  input_tokens integer NOT NULL DEFAULT 0 CHECK (input_tokens >= 0),
  output_tokens integer NOT NULL DEFAULT 0 CHECK (output_tokens >= 0),
  -- Why there was no answer.
  failure text,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (account, session, strategy, bar_close_ms, turn)
);

-- One call of a tool and what came of it. Written once, in one transaction with the wish that it is: what is here has happened.
CREATE TABLE agent_steps (
  account text NOT NULL REFERENCES accounts,
  session text NOT NULL,
  strategy text NOT NULL,
  bar_close_ms bigint NOT NULL,
  -- Counts through the decision.
  step integer NOT NULL CHECK (step >= 0),
  turn integer NOT NULL,
  call_id text NOT NULL,
  tool text NOT NULL,
  arguments text NOT NULL,
  symbol text,
  outcome text NOT NULL CHECK (outcome IN ('told', 'done', 'refused', 'failed')),
  -- What the decision came to by it: a decision's outcome, or null.
  decided text,
  position_id text,
  -- For people, and what the model was told.
  summary text NOT NULL,
  result text NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (account, session, strategy, bar_close_ms, step)
);
