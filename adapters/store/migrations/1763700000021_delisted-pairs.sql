-- Pairs that the exchange does not list any more: what positions on them hold cannot be sold.

-- Wall-clock time (ms) since when the exchange is proven not to know the position's pair; null while it does.
ALTER TABLE positions ADD COLUMN delisted_at_ms bigint;

ALTER TABLE positions DROP CONSTRAINT positions_exit_reason_check;
ALTER TABLE positions ADD CONSTRAINT positions_exit_reason_check CHECK (
  exit_reason IN (
    'target', 'stop', 'time', 'strategy', 'flatten', 'emergency', 'unprotected', 'not-entered', 'missing', 'stray',
    'delisted'
  )
);
