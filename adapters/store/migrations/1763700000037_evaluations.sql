-- Deliberations of evaluations (docs/evaluating-intelligence.md), by a hash of everything that decides them. Written once: the same
-- evaluation finds them again, asks nobody and costs nothing.
CREATE TABLE evaluation_sittings (
  key text PRIMARY KEY,
  sitting jsonb NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
