-- Calls of language models: what each said and cost, and the budget of each month, which is enforced before a call.

-- Dollars of a calendar month (UTC). What is reserved counts like what is spent: a call whose process died stays reserved.
CREATE TABLE model_budgets (
  month text PRIMARY KEY CHECK (month ~ '^\d{4}-\d{2}$'),
  reserved_usd numeric NOT NULL DEFAULT 0 CHECK (reserved_usd >= 0),
  spent_usd numeric NOT NULL DEFAULT 0 CHECK (spent_usd >= 0)
);

CREATE TABLE model_calls (
  call_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  month text NOT NULL REFERENCES model_budgets,
  role text NOT NULL,
  -- The content hash of the whole request: what a replay finds the answer by.
  request_hash text NOT NULL,
  prompt text NOT NULL,
  prompt_version integer NOT NULL,
  prompt_hash text NOT NULL,
  -- As configured, and what exactly answered.
  model text NOT NULL,
  model_identity text NOT NULL,
  seed bigint NOT NULL,
  temperature double precision NOT NULL,
  -- From 1; a second one asked the model to mend its first answer.
  attempt smallint NOT NULL CHECK (attempt >= 1),
  is_repair boolean NOT NULL,
  reserved_usd numeric NOT NULL CHECK (reserved_usd >= 0),
  -- Null until the call is settled: the process may have died.
  outcome text,
  cost_usd numeric CHECK (cost_usd >= 0),
  input_tokens integer,
  output_tokens integer,
  latency_ms integer,
  raw_answer text,
  failure text,
  started_at timestamptz NOT NULL DEFAULT now(),
  CHECK ((outcome IS NULL) = (cost_usd IS NULL))
);
CREATE INDEX model_calls_by_time ON model_calls (started_at);
CREATE INDEX model_calls_by_request ON model_calls (request_hash);

-- Answers by the content hash of their request, for replays. The first one stays.
CREATE TABLE model_answers (
  request_hash text PRIMARY KEY,
  model_identity text NOT NULL,
  prompt text NOT NULL,
  prompt_version integer NOT NULL,
  answer json NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT now()
);
