import type { Pool } from 'pg';

/** Where the jobs of a kind are, and what their id is called there. */
export interface JobTable {
  readonly table: 'sweeps' | 'trainings';
  readonly id: 'sweep_id' | 'training_id';
}

/** The record of durable jobs of a kind: what is there stays, so whoever dies may write it again. */
export function createJobRecord(pool: Pick<Pool, 'query'>, { table, id }: JobTable) {
  return {
    create: async (jobId: string, definition: unknown): Promise<void> => {
      await pool.query(
        `INSERT INTO ${table} (${id}, definition) VALUES ($1, $2) ON CONFLICT (${id}) DO NOTHING`,
        [jobId, JSON.stringify(definition)],
      );
    },
    /** Sets a column that is still null. @returns what it holds; null when there is no such job */
    setOnce: async (column: 'ground' | 'outcome', jobId: string, value: unknown): Promise<unknown> => {
      const { rows } = await pool.query<{ value: unknown }>(
        `UPDATE ${table} SET ${column} = coalesce(${column}, $2) WHERE ${id} = $1 RETURNING ${column} AS value`,
        [jobId, JSON.stringify(value)],
      );
      return rows[0]?.value ?? null;
    },
  };
}
