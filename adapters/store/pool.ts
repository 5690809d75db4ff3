import { Pool } from 'pg';

export interface PoolOptions {
  /** `postgres://user:password@host:port/database`. */
  readonly url: string;
  /** Shown in `pg_stat_activity`, e.g. `ballast-orders`. */
  readonly applicationName: string;
  readonly maxConnections?: number;
  /** Hears of connections that broke while nobody was using them. */
  readonly onConnectionError: (error: Error) => void;
}

const STATEMENT_TIMEOUT_MS = 15_000;
/** A process that stalls inside a transaction loses it, so that its locks never hold up a halt. */
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 10_000;
/** Longer than the server's own limit: it is for a server that has stopped answering at all. */
const ANSWER_TIMEOUT_MS = 20_000;
const CONNECT_TIMEOUT_MS = 5_000;

/**
 * A pool which outlives PostgreSQL: a server that goes away fails the queries under way, for their callers to retry,
 * and the next query connects anew. Close it with `end()`.
 */
export function createPool({
  url,
  applicationName,
  maxConnections = 5,
  onConnectionError,
}: PoolOptions): Pool {
  const pool = new Pool({
    connectionString: url,
    application_name: applicationName,
    max: maxConnections,
    keepAlive: true,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: ANSWER_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
  });
  pool.on('error', onConnectionError);
  // The pool listens only to idle connections. One that breaks while it is checked out, between two of its queries,
  // would otherwise end the process with an unhandled 'error' event.
  pool.on('connect', (client) => client.on('error', onConnectionError));
  return pool;
}
