-- Optimisations that run as durable jobs (docs/optimisation.md). They belong to no account and no session.

CREATE TABLE sweeps (
  -- A hash of the definition: the same question is the same sweep.
  sweep_id text PRIMARY KEY,
  definition json NOT NULL,
  -- What the first worker found: the periods, where the bars are from, and a hash of them. Null before.
  ground json,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- `json`, not `jsonb`: a point keeps the order of its parameters.
CREATE TABLE sweep_trials (
  sweep_id text NOT NULL REFERENCES sweeps ON DELETE CASCADE,
  number integer NOT NULL CHECK (number >= 0),
  -- Proposals made before it, those that could not be tried included.
  draw integer NOT NULL CHECK (draw >= number),
  point json NOT NULL,
  -- Null until it has been tried; written once.
  result json,
  -- Of the best, what they do where the search has not looked.
  out_of_sample json,
  PRIMARY KEY (sweep_id, number)
);
