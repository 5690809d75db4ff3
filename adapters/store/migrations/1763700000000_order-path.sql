-- The order path (design, section 3). Market times are bigint milliseconds; wall times are timestamptz.
-- Locks are always taken in this order: accounts, positions (by id), orders. Enumerations mirror domain/.

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'Rows of % are never changed or deleted: they are the record.', TG_TABLE_NAME;
END
$$;

CREATE TABLE accounts (
  account text PRIMARY KEY,
  session text NOT NULL,
  mode text NOT NULL DEFAULT 'ACTIVE' CHECK (mode IN ('ACTIVE', 'REDUCING', 'HALTED')),
  mode_reason text NOT NULL DEFAULT '',
  halt_epoch integer NOT NULL DEFAULT 0 CHECK (halt_epoch >= 0),
  -- An EquityState of domain/equity.ts, and the market time of its last mark.
  equity jsonb,
  equity_at_ms bigint,
  -- Coins in the account that Ballast did not buy, by asset, as decimal strings.
  foreign_holdings jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CHECK ((equity IS NULL) = (equity_at_ms IS NULL))
);

CREATE TABLE halt_epochs (
  account text NOT NULL REFERENCES accounts,
  epoch integer NOT NULL CHECK (epoch > 0),
  -- Chosen by whoever halts, so that a repeated halt raises the epoch once.
  key text NOT NULL,
  reason text NOT NULL,
  raised_by text NOT NULL,
  raised_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (account, epoch),
  UNIQUE (account, key)
);

CREATE TABLE mode_changes (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account text NOT NULL REFERENCES accounts,
  from_mode text NOT NULL,
  to_mode text NOT NULL,
  halt_epoch integer NOT NULL,
  reason text NOT NULL,
  changed_by text NOT NULL,
  changed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE positions (
  position_id text PRIMARY KEY,
  account text NOT NULL REFERENCES accounts,
  session text NOT NULL,
  strategy text NOT NULL,
  symbol text NOT NULL,
  timeframe text NOT NULL,
  bar_close_ms bigint NOT NULL,
  instrument jsonb NOT NULL,
  state text NOT NULL DEFAULT 'live' CHECK (state IN ('live', 'closed')),
  -- The stop wished for now; the approval keeps the first one.
  stop_price numeric NOT NULL CHECK (stop_price > 0),
  exit_reason text CHECK (
    exit_reason IN ('target', 'stop', 'time', 'strategy', 'flatten', 'emergency', 'unprotected', 'not-entered')
  ),
  exit_wished_at timestamptz,
  opened_at_ms bigint,
  closed_at_ms bigint,
  realised_pnl numeric,
  unprotected_ms bigint NOT NULL DEFAULT 0 CHECK (unprotected_ms >= 0),
  -- Set when a late fill or a late order brought a closed position back to life.
  reopened boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  UNIQUE (account, session, strategy, symbol, bar_close_ms),
  CHECK ((state = 'closed') = (closed_at_ms IS NOT NULL)),
  CHECK (state <> 'closed' OR (exit_reason IS NOT NULL AND realised_pnl IS NOT NULL))
);
-- One granted position at a time. A reopened one is the exchange's truth and may stand beside it.
CREATE UNIQUE INDEX positions_one_live ON positions (account, session, strategy, symbol)
  WHERE state = 'live' AND NOT reopened;
CREATE INDEX positions_live ON positions (account, session) WHERE state = 'live';
CREATE INDEX positions_recent ON positions (account, created_at DESC);

-- What was allowed, on which grounds. An order cannot exist without one.
CREATE TABLE approvals (
  position_id text PRIMARY KEY REFERENCES positions,
  epoch integer NOT NULL CHECK (epoch >= 0),
  quantity numeric NOT NULL CHECK (quantity > 0),
  limit_price numeric NOT NULL CHECK (limit_price > 0),
  stop_price numeric NOT NULL CHECK (stop_price > 0 AND stop_price < limit_price),
  target_price numeric NOT NULL CHECK (target_price >= limit_price),
  trail_distance numeric CHECK (trail_distance > 0),
  reserved_quote numeric NOT NULL CHECK (reserved_quote > 0),
  risk_quote numeric NOT NULL CHECK (risk_quote > 0),
  granted_at_ms bigint NOT NULL,
  expires_at_ms bigint NOT NULL,
  proposal jsonb NOT NULL,
  limits jsonb NOT NULL,
  snapshot jsonb NOT NULL,
  approved_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TRIGGER approvals_are_final BEFORE UPDATE OR DELETE ON approvals
  FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- The outbox, and what has become of each order.
CREATE TABLE orders (
  client_order_id text PRIMARY KEY,
  position_id text NOT NULL REFERENCES approvals,
  account text NOT NULL REFERENCES accounts,
  symbol text NOT NULL,
  leg text NOT NULL CHECK (leg IN ('entry', 'stop', 'exit', 'emergency')),
  sequence integer NOT NULL CHECK (sequence >= 0),
  side text NOT NULL CHECK (side IN ('buy', 'sell')),
  type text NOT NULL CHECK (type IN ('market', 'limit', 'limit-ioc', 'stop-market')),
  quantity numeric NOT NULL CHECK (quantity > 0),
  limit_price numeric CHECK (limit_price > 0),
  stop_price numeric CHECK (stop_price > 0),
  state text NOT NULL DEFAULT 'created' CHECK (
    state IN ('created', 'sending', 'unknown', 'open', 'filled', 'cancelled', 'expired', 'rejected', 'abandoned')
  ),
  -- Sums over the fills. They may exceed the quantity: the exchange's record is the truth.
  filled_quantity numeric NOT NULL DEFAULT 0 CHECK (filled_quantity >= 0),
  filled_quote numeric NOT NULL DEFAULT 0 CHECK (filled_quote >= 0),
  exchange_order_id text,
  replaces text REFERENCES orders CHECK (replaces <> client_order_id),
  -- Halt epoch and wall-clock deadline (ms) of the latest send.
  epoch integer,
  send_deadline_ms bigint,
  attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  reason text,
  version integer NOT NULL DEFAULT 1 CHECK (version > 0),
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  UNIQUE (position_id, leg, sequence),
  -- Spot: only an entry buys.
  CHECK ((leg = 'entry') = (side = 'buy')),
  CHECK ((type IN ('limit', 'limit-ioc')) = (limit_price IS NOT NULL)),
  CHECK ((type = 'stop-market') = (stop_price IS NOT NULL)),
  CHECK (
    state NOT IN ('sending', 'unknown')
    OR (epoch IS NOT NULL AND send_deadline_ms IS NOT NULL AND attempts > 0)
  ),
  CHECK (state <> 'created' OR send_deadline_ms IS NULL)
);
CREATE INDEX orders_unsettled ON orders (account) WHERE state IN ('created', 'sending', 'unknown', 'open');
CREATE INDEX orders_by_exchange_id ON orders (account, symbol, exchange_order_id);
CREATE INDEX orders_recent ON orders (account, created_at DESC);

-- Every change of every order, for post-mortems.
CREATE TABLE order_events (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  client_order_id text NOT NULL REFERENCES orders,
  -- An OrderEvent of domain/order.ts, or 'planned', or 'fill'.
  event text NOT NULL,
  from_state text,
  to_state text NOT NULL,
  version integer NOT NULL,
  epoch integer,
  quantity numeric NOT NULL,
  filled_quantity numeric NOT NULL,
  exchange_order_id text,
  reason text,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  UNIQUE (client_order_id, version)
);
CREATE TRIGGER order_events_are_final BEFORE UPDATE OR DELETE ON order_events
  FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Trade ids are unique per symbol, and only within a session: a replay that is reset counts from the start again. The
-- side is part of the key because a trade between two of our own orders fills both.
CREATE TABLE fills (
  account text NOT NULL REFERENCES accounts,
  session text NOT NULL,
  symbol text NOT NULL,
  trade_id text NOT NULL,
  client_order_id text NOT NULL REFERENCES orders,
  exchange_order_id text NOT NULL,
  side text NOT NULL CHECK (side IN ('buy', 'sell')),
  price numeric NOT NULL CHECK (price > 0),
  quantity numeric NOT NULL CHECK (quantity > 0),
  -- Negative for a rebate.
  fee numeric NOT NULL,
  fee_asset text NOT NULL,
  liquidity text NOT NULL CHECK (liquidity IN ('maker', 'taker')),
  market_time_ms bigint NOT NULL,
  source text NOT NULL CHECK (source IN ('answer', 'stream', 'look-up', 'reconciliation')),
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (account, session, symbol, trade_id, side)
);
CREATE INDEX fills_by_order ON fills (client_order_id);
CREATE INDEX fills_recent ON fills (account, market_time_ms DESC);
CREATE TRIGGER fills_are_final BEFORE UPDATE OR DELETE ON fills
  FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Spells in which a position held something without a resident stop. The key makes a repetition harmless.
CREATE TABLE unprotected (
  position_id text NOT NULL REFERENCES positions,
  key text NOT NULL,
  duration_ms bigint NOT NULL CHECK (duration_ms >= 0),
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (position_id, key)
);
