import type { Pool } from 'pg';
import { createJobRecord } from './job-record';

/** A trial of a sweep, as it is stored. What a result is, the optimiser knows. */
export interface StoredTrial {
  readonly number: number;
  readonly draw: number;
  readonly point: Readonly<Record<string, unknown>>;
  /** Null until it has been tried. */
  readonly result: unknown;
  /** Null unless it is one of the best of a sweep that has ended. */
  readonly outOfSample: unknown;
}

/** Optimisations that run as durable jobs. Every write can be repeated: what is there stays. */
export interface SweepStore {
  create(sweepId: string, definition: unknown): Promise<void>;
  /** Undefined when there is no such sweep. */
  find(sweepId: string): Promise<{ readonly definition: unknown; readonly ground: unknown } | undefined>;
  /** All that vary parameters of this strategy, by their ids. */
  of(strategyId: string): Promise<readonly { readonly sweepId: string; readonly definition: unknown }[]>;
  /** Sets what the sweep is made on, unless it is set. @returns what is set */
  settle(sweepId: string, ground: unknown): Promise<unknown>;
  /** Adds trials that are to be tried. */
  propose(sweepId: string, trials: readonly Pick<StoredTrial, 'number' | 'draw' | 'point'>[]): Promise<void>;
  record(sweepId: string, number: number, result: unknown): Promise<void>;
  recordOutOfSample(sweepId: string, number: number, result: unknown): Promise<void>;
  /** By their numbers; all of them, or those of a range, the end exclusive. */
  trials(
    sweepId: string,
    range?: { readonly from: number; readonly to: number },
  ): Promise<readonly StoredTrial[]>;
}

/** More than there are of any sweep. */
const MOST = 2 ** 31 - 1;

export function createSweepStore(pool: Pick<Pool, 'query'>): SweepStore {
  const { create, setOnce } = createJobRecord(pool, { table: 'sweeps', id: 'sweep_id' });
  return {
    create,
    settle: (sweepId, ground) => setOnce('ground', sweepId, ground),
    async find(sweepId) {
      const { rows } = await pool.query<{ definition: unknown; ground: unknown }>(
        'SELECT definition, ground FROM sweeps WHERE sweep_id = $1',
        [sweepId],
      );
      return rows[0];
    },
    async of(strategyId) {
      const { rows } = await pool.query<{ sweepId: string; definition: unknown }>(
        `SELECT sweep_id AS "sweepId", definition FROM sweeps
         WHERE definition->'definition'->>'strategyId' = $1 ORDER BY sweep_id`,
        [strategyId],
      );
      return rows;
    },
    async propose(sweepId, trials) {
      await pool.query(
        `INSERT INTO sweep_trials (sweep_id, number, draw, point)
         SELECT $1, * FROM unnest($2::integer[], $3::integer[], $4::json[])
         ON CONFLICT (sweep_id, number) DO NOTHING`,
        [
          sweepId,
          trials.map(({ number }) => number),
          trials.map(({ draw }) => draw),
          trials.map(({ point }) => JSON.stringify(point)),
        ],
      );
    },
    async record(sweepId, number, result) {
      await pool.query(
        'UPDATE sweep_trials SET result = $3 WHERE sweep_id = $1 AND number = $2 AND result IS NULL',
        [sweepId, number, JSON.stringify(result)],
      );
    },
    async recordOutOfSample(sweepId, number, result) {
      await pool.query(
        'UPDATE sweep_trials SET out_of_sample = $3 WHERE sweep_id = $1 AND number = $2 AND out_of_sample IS NULL',
        [sweepId, number, JSON.stringify(result)],
      );
    },
    async trials(sweepId, range) {
      const { rows } = await pool.query<StoredTrial>(
        `SELECT number, draw, point, result, out_of_sample AS "outOfSample" FROM sweep_trials
         WHERE sweep_id = $1 AND number >= $2 AND number < $3 ORDER BY number`,
        [sweepId, range?.from ?? 0, range?.to ?? MOST],
      );
      return rows;
    },
  };
}
