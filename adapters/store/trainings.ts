import type { Pool } from 'pg';
import { createJobRecord } from './job-record';

/** A training as it is stored. What its parts are, the trainer knows. */
export interface StoredTraining {
  readonly definition: unknown;
  /** Null until it has been begun. */
  readonly ground: unknown;
  /** Null until it has ended. */
  readonly outcome: unknown;
}

/** Trainings that run as durable jobs. Every write can be repeated: what is there stays. */
export interface TrainingStore {
  create(trainingId: string, definition: unknown): Promise<void>;
  /** Undefined when there is no such training. */
  find(trainingId: string): Promise<StoredTraining | undefined>;
  /** Sets what the training is made on, unless it is set. @returns what is set */
  settle(trainingId: string, ground: unknown): Promise<unknown>;
  /** Keeps what a step has given, unless it has been kept. */
  keep(trainingId: string, step: number, part: unknown): Promise<void>;
  hasPart(trainingId: string, step: number): Promise<boolean>;
  /** Of all steps that have been made, by their numbers. */
  parts(trainingId: string): Promise<ReadonlyMap<number, unknown>>;
  /** Keeps what the training has come to, unless that has been kept. @returns what is kept */
  conclude(trainingId: string, outcome: unknown): Promise<unknown>;
}

export function createTrainingStore(pool: Pick<Pool, 'query'>): TrainingStore {
  const { create, setOnce } = createJobRecord(pool, { table: 'trainings', id: 'training_id' });
  return {
    create,
    async find(trainingId) {
      const { rows } = await pool.query<StoredTraining>(
        'SELECT definition, ground, outcome FROM trainings WHERE training_id = $1',
        [trainingId],
      );
      return rows[0];
    },
    settle: (trainingId, ground) => setOnce('ground', trainingId, ground),
    async keep(trainingId, step, part) {
      await pool.query(
        `INSERT INTO training_parts (training_id, step, part) VALUES ($1, $2, $3)
         ON CONFLICT (training_id, step) DO NOTHING`,
        [trainingId, step, JSON.stringify(part)],
      );
    },
    async hasPart(trainingId, step) {
      const { rows } = await pool.query('SELECT FROM training_parts WHERE training_id = $1 AND step = $2', [
        trainingId,
        step,
      ]);
      return rows.length > 0;
    },
    async parts(trainingId) {
      const { rows } = await pool.query<{ step: number; part: unknown }>(
        'SELECT step, part FROM training_parts WHERE training_id = $1 ORDER BY step',
        [trainingId],
      );
      return new Map(rows.map(({ step, part }) => [step, part]));
    },
    conclude: (trainingId, outcome) => setOnce('outcome', trainingId, outcome),
  };
}
