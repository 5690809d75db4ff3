-- What a reconciliation leaves behind: fills that stand in for lost trades, positions recovered from the exchange, coins
-- that are not there, and a report of each run.

ALTER TABLE fills DROP CONSTRAINT fills_source_check;
ALTER TABLE fills ADD CONSTRAINT fills_source_check CHECK (
  source IN ('answer', 'stream', 'look-up', 'reconciliation', 'inferred')
);
-- Real trades are the record. An inferred fill gives way to them.
DROP TRIGGER fills_are_final ON fills;
CREATE TRIGGER fills_are_final BEFORE UPDATE OR DELETE ON fills
  FOR EACH ROW WHEN (OLD.source <> 'inferred') EXECUTE FUNCTION refuse_change();
CREATE INDEX fills_inferred ON fills (client_order_id) WHERE source = 'inferred';

ALTER TABLE positions DROP CONSTRAINT positions_exit_reason_check;
ALTER TABLE positions ADD CONSTRAINT positions_exit_reason_check CHECK (
  exit_reason IN (
    'target', 'stop', 'time', 'strategy', 'flatten', 'emergency', 'unprotected', 'not-entered', 'missing', 'stray'
  )
);
-- How much of what its fills add up to was not found in the account.
ALTER TABLE positions ADD COLUMN missing_quantity numeric NOT NULL DEFAULT 0 CHECK (missing_quantity >= 0);

CREATE TABLE reconciliations (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account text NOT NULL REFERENCES accounts,
  session text NOT NULL,
  -- The workflow run and the number of its pass: a repeated report is one row.
  key text NOT NULL,
  trigger text NOT NULL,
  -- The exchange's clock when the run began to read: everything before it was compared.
  market_time_ms bigint NOT NULL,
  report jsonb NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  UNIQUE (account, key)
);
CREATE INDEX reconciliations_recent ON reconciliations (account, id DESC);
