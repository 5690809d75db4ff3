-- Trainings of models that run as durable jobs (docs/learning.md). They belong to no account and no session.

CREATE TABLE trainings (
  -- A hash of the definition: the same question is the same training.
  training_id text PRIMARY KEY,
  definition json NOT NULL,
  -- What the first worker found: where the bars are from, a hash of them, and the code that trains. Null before.
  ground json,
  -- The model and what there is to say of it. Null before it has ended; written once.
  outcome json,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- `json`, not `jsonb`: what was learnt is read as it was written.
CREATE TABLE training_parts (
  training_id text NOT NULL REFERENCES trainings ON DELETE CASCADE,
  step integer NOT NULL CHECK (step >= 0),
  part json NOT NULL,
  PRIMARY KEY (training_id, step)
);
