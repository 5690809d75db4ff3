-- Wall-clock time (ms) at which it was first known that the market has reached the order's stop price.
ALTER TABLE orders ADD COLUMN triggered_at_ms bigint;
