import type { Pool } from 'pg';

/** Deliberations of evaluations by their keys. What one is, the evaluation knows. */
export interface SittingStore {
  /** Those that are there. */
  find(keys: readonly string[]): Promise<ReadonlyMap<string, unknown>>;
  /** Keeps what was said; what is there stays. */
  keep(key: string, sitting: unknown): Promise<void>;
  /** Dollars that calls of models cost, by their ids. */
  costOfCalls(callIds: readonly string[]): Promise<number>;
}

export function createSittingStore(pool: Pick<Pool, 'query'>): SittingStore {
  return {
    async find(keys) {
      const { rows } = await pool.query<{ key: string; sitting: unknown }>(
        'SELECT key, sitting FROM evaluation_sittings WHERE key = ANY($1)',
        [keys],
      );
      return new Map(rows.map(({ key, sitting }) => [key, sitting]));
    },
    async keep(key, sitting) {
      await pool.query(
        'INSERT INTO evaluation_sittings (key, sitting) VALUES ($1, $2) ON CONFLICT DO NOTHING',
        [key, JSON.stringify(sitting)],
      );
    },
    async costOfCalls(callIds) {
      // A call that is still open may cost what was reserved for it.
      const { rows } = await pool.query<{ cost: number }>(
        `SELECT coalesce(sum(coalesce(cost_usd, reserved_usd)), 0)::double precision AS cost FROM model_calls
         WHERE call_id::text = ANY($1)`,
        [callIds],
      );
      return rows[0]?.cost ?? 0;
    },
  };
}
