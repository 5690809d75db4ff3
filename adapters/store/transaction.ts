import type { Pool, PoolClient } from 'pg';

/** Something that runs queries: the pool itself or one transaction of it. */
export type Queryable = Pick<Pool, 'query'>;

/** One open transaction. */
export type Transaction = Pick<PoolClient, 'query'>;

/**
 * Runs `work` in one READ COMMITTED transaction: all of it is committed, or nothing. A broken connection is thrown
 * away, and the caller gets the error; whether a lost COMMIT took effect shows when the same call is repeated.
 */
export const inTransaction = <T>(pool: Pool, work: (tx: Transaction) => Promise<T>): Promise<T> =>
  transact(pool, 'BEGIN', work);

/** Runs `work` on one snapshot of the journal, so that what it reads in several queries belongs together. */
export const inSnapshot = <T>(pool: Pool, work: (tx: Transaction) => Promise<T>): Promise<T> =>
  transact(pool, 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY', work);

async function transact<T>(pool: Pool, begin: string, work: (tx: Transaction) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken = false;
  try {
    await client.query(begin);
    const result = await work(client);
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {
      broken = true;
    });
    throw error;
  } finally {
    client.release(broken);
  }
}
