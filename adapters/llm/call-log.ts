import type { Pool } from 'pg';
import { z } from 'zod';
import { decimal, ZERO, type DecimalString } from '../../domain/decimal';
import { inTransaction, type Transaction } from '../store/transaction';
import type { TokenUsage } from './failure';
import type { ModelAnswer } from './port';

/** What is known of a call before it is made. Money is in dollars, as decimal strings. */
export interface CallPlan {
  readonly role: string;
  readonly requestHash: string;
  readonly prompt: { readonly name: string; readonly version: number; readonly hash: string };
  readonly model: string;
  readonly modelIdentity: string;
  readonly seed: number;
  readonly temperature: number;
  readonly attempt: number;
  readonly isRepair: boolean;
  /** The most that the call can cost. */
  readonly reserveUsd: DecimalString;
}

/** How a call ended. */
export interface CallEnd {
  /** `answered`, or the kind of the failure. */
  readonly outcome: string;
  readonly costUsd: DecimalString;
  readonly usage: TokenUsage | null;
  readonly latencyMs: number;
  readonly rawAnswer: string | null;
  readonly failure: string | null;
}

export interface MonthlyBudget {
  readonly month: string;
  readonly reservedUsd: DecimalString;
  readonly spentUsd: DecimalString;
}

export type Reservation =
  | { readonly reserved: true; readonly callId: string }
  | { readonly reserved: false; readonly budget: MonthlyBudget };

/** Calls, their cost and their answers, in PostgreSQL. Every method is one transaction or one statement. */
export interface CallLog {
  /**
   * Notes a call that is about to be made and sets its greatest cost aside, unless the month's limit would be passed. A call that can
   * cost nothing is always granted. Concurrent calls queue on the month's row, so together they never pass the limit.
   */
  reserve(plan: CallPlan, month: string, limitUsd: DecimalString): Promise<Reservation>;
  /** Turns what was reserved into what was spent. Settling twice changes nothing. */
  settle(callId: string, end: CallEnd): Promise<void>;
  budget(month: string): Promise<MonthlyBudget>;
  /** Keeps an answer for replays; the first one stays. */
  keepAnswer(plan: CallPlan, answer: ModelAnswer): Promise<void>;
  findAnswer(requestHash: string): Promise<ModelAnswer | undefined>;
}

const answerSchema = z.object({
  text: z.string(),
  toolCalls: z.array(z.object({ id: z.string(), name: z.string(), arguments: z.string() })),
  usage: z.object({ inputTokens: z.number(), outputTokens: z.number() }),
});

/** PostgreSQL takes no NUL in a text; a model may say one. */
const storable = (text: string | null): string | null => text?.replaceAll('\0', '\uFFFD') ?? null;

/** The log on a database whose schema is up to date. */
export function createCallLog(pool: Pool): CallLog {
  return {
    reserve: (plan, month, limitUsd) => inTransaction(pool, (tx) => reserve(tx, plan, month, limitUsd)),
    settle: (callId, end) => inTransaction(pool, (tx) => settle(tx, callId, end)),
    budget: async (month) => (await budgets(pool, month))[0] ?? { month, reservedUsd: ZERO, spentUsd: ZERO },
    async keepAnswer({ requestHash, modelIdentity, prompt }, answer) {
      await pool.query(
        `INSERT INTO model_answers (request_hash, model_identity, prompt, prompt_version, answer)
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
        [requestHash, modelIdentity, prompt.name, prompt.version, JSON.stringify(answer)],
      );
    },
    async findAnswer(requestHash) {
      const { rows } = await pool.query<{ answer: unknown }>(
        'SELECT answer FROM model_answers WHERE request_hash = $1',
        [requestHash],
      );
      return rows[0] === undefined ? undefined : answerSchema.parse(rows[0].answer);
    },
  };
}

async function budgets(db: Pick<Pool, 'query'> | Transaction, month: string): Promise<MonthlyBudget[]> {
  const { rows } = await db.query<{ month: string; reserved_usd: string; spent_usd: string }>(
    'SELECT * FROM model_budgets WHERE month = $1',
    [month],
  );
  return rows.map((row) => ({
    month: row.month,
    reservedUsd: decimal(row.reserved_usd),
    spentUsd: decimal(row.spent_usd),
  }));
}

async function reserve(
  tx: Transaction,
  plan: CallPlan,
  month: string,
  limitUsd: DecimalString,
): Promise<Reservation> {
  await tx.query('INSERT INTO model_budgets (month) VALUES ($1) ON CONFLICT DO NOTHING', [month]);
  const { rowCount } = await tx.query(
    `UPDATE model_budgets SET reserved_usd = reserved_usd + $2
     WHERE month = $1 AND ($2 = 0::numeric OR reserved_usd + spent_usd + $2 <= $3::numeric)`,
    [month, plan.reserveUsd, limitUsd],
  );
  if (rowCount === 0) {
    const [budget = { month, reservedUsd: ZERO, spentUsd: ZERO }] = await budgets(tx, month);
    return { reserved: false, budget };
  }
  const { rows } = await tx.query<{ call_id: string }>(
    `INSERT INTO model_calls (month, role, request_hash, prompt, prompt_version, prompt_hash, model, model_identity, seed,
       temperature, attempt, is_repair, reserved_usd)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) RETURNING call_id`,
    [
      ...[month, plan.role, plan.requestHash, plan.prompt.name, plan.prompt.version, plan.prompt.hash],
      ...[plan.model, plan.modelIdentity, plan.seed, plan.temperature, plan.attempt, plan.isRepair],
      plan.reserveUsd,
    ],
  );
  return { reserved: true, callId: rows[0]?.call_id ?? '' };
}

async function settle(tx: Transaction, callId: string, end: CallEnd): Promise<void> {
  const { rows } = await tx.query<{ month: string; reserved_usd: string }>(
    `UPDATE model_calls SET outcome = $2, cost_usd = $3, input_tokens = $4, output_tokens = $5, latency_ms = $6, raw_answer = $7,
       failure = $8 WHERE call_id = $1 AND outcome IS NULL RETURNING month, reserved_usd`,
    [
      ...[callId, end.outcome, end.costUsd, end.usage?.inputTokens ?? null, end.usage?.outputTokens ?? null],
      ...[end.latencyMs, storable(end.rawAnswer), storable(end.failure)],
    ],
  );
  const call = rows[0];
  if (call === undefined) return;
  await tx.query(
    `UPDATE model_budgets SET reserved_usd = reserved_usd - $2, spent_usd = spent_usd + $3 WHERE month = $1`,
    [call.month, call.reserved_usd, end.costUsd],
  );
}
