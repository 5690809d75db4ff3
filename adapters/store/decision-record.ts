import type { Pool } from 'pg';
import type { Bar } from '../../domain/bar';
import { decimal, type DecimalString } from '../../domain/decimal';
import { positionId as positionIdOf } from '../../domain/ids';
import type { PositionView } from '../../domain/position';
import { riskLimitsSchema, type RiskLimits, type RiskSnapshot } from '../../domain/risk';
import { isOfLane } from '../../domain/risk-checks';
import { findCandles } from './candles';
import { createDeliberationStore, type DeliberationRecord } from './deliberations';
import type { AgentStep, AgentTurn } from '../../domain/agent/record';
import { createAgentJournal } from './agent';
import { findDecision } from './journal';
import {
  findMemory,
  findReflection,
  moodAt,
  type KnownMood,
  type Reflection,
  type TradeMemory,
} from './memories';
import { DecisionOutcome, type Decision, type DecisionKey } from './port';
import { findPosition } from './positions';
import type { RunSettings } from './run-record';
import { inSnapshot, type Queryable, type Transaction } from './transaction';

/** One call of a model, with what it said. */
export interface CallRecord {
  readonly callId: string;
  readonly role: string;
  readonly model: string;
  readonly prompt: string;
  readonly promptVersion: number;
  /** Null while it is under way, or when its process died. */
  readonly outcome: string | null;
  readonly failure: string | null;
  readonly latencyMs: number | null;
  readonly costUsd: string | null;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly rawAnswer: string | null;
}

/** What risk granted, and what it went by. */
export interface GrantRecord {
  readonly quantity: DecimalString;
  readonly limitPrice: DecimalString;
  readonly stopPrice: DecimalString;
  readonly targetPrice: DecimalString;
  readonly reservedQuote: DecimalString;
  readonly riskQuote: DecimalString;
  readonly sizeFactor: DecimalString;
  /** Null of a position that a reconciliation recovered: what it was granted by is lost. */
  readonly limits: RiskLimits | null;
  readonly snapshot: RiskSnapshot | null;
}

/** Everything that the journal has about one decision. Null, or empty: it was not recorded, or there was nothing. */
export interface DecisionRecord {
  readonly decisionId: string;
  readonly decision: Decision;
  readonly recordedAt: string;
  readonly settings: RunSettings | null;
  /** The bar that was decided on. */
  readonly bar: Bar | null;
  /** As it was known at the close. */
  readonly mood: KnownMood | null;
  readonly grant: GrantRecord | null;
  readonly refusal: { readonly code: string; readonly message: string } | null;
  /** What a panel of models made of the proposal; null when none was asked. */
  readonly panel: DeliberationRecord | null;
  /** What the tool-calling agent said and did on the bar, over all its pairs; empty when it was not asked. */
  readonly agent: { readonly turns: readonly AgentTurn[]; readonly steps: readonly AgentStep[] };
  /** The position that it opened or was about. */
  readonly position: PositionView | null;
  /** The decision that opened that position, when it is another one. */
  readonly entry: { readonly decisionId: string; readonly decision: Decision } | null;
  readonly memory: TradeMemory | null;
  readonly reflection: Reflection | null;
  /** Of models, for this decision and what came of it, the first first. */
  readonly calls: readonly CallRecord[];
}

/** The full ids of decisions that begin with `prefix`, at most `limit` of them. */
export async function decisionIds(
  pool: Pool,
  account: string,
  prefix: string,
  limit: number,
): Promise<readonly string[]> {
  if (!/^[0-9a-f]+$/.test(prefix)) return [];
  const { rows } = await pool.query<{ id: string }>(
    'SELECT decision_id AS id FROM decisions WHERE account = $1 AND decision_id LIKE $2 ORDER BY decision_id LIMIT $3',
    [account, `${prefix}%`, limit],
  );
  return rows.map(({ id }) => id);
}

/** Reads all there is about a decision; undefined when there is none with this full id. @param origins whose moods count */
export const readDecisionRecord = (
  pool: Pool,
  account: string,
  decisionId: string,
  origins: (session: string) => readonly string[],
): Promise<DecisionRecord | undefined> =>
  inSnapshot(pool, async (tx) => {
    const { rows } = await tx.query<
      Omit<DecisionKey, 'barCloseMs'> & { bar_close_ms: string; recorded_at: Date }
    >(
      `SELECT account, session, strategy, symbol, bar_close_ms, recorded_at FROM decisions WHERE account = $1 AND decision_id = $2`,
      [account, decisionId],
    );
    const [row] = rows;
    if (row === undefined) return undefined;
    const { bar_close_ms, recorded_at, ...rest } = row;
    const decision = await findDecision(tx, { ...rest, barCloseMs: Number(bar_close_ms) });
    if (decision === undefined) return undefined;
    return gather(pool, tx, { decisionId, decision, recordedAt: recorded_at.toISOString() }, origins);
  });

async function gather(
  pool: Pool,
  tx: Transaction,
  found: Pick<DecisionRecord, 'decisionId' | 'decision' | 'recordedAt'>,
  origins: (session: string) => readonly string[],
): Promise<DecisionRecord> {
  const { decision } = found;
  const { session, symbol, barCloseMs } = decision;
  // Of the position that it would open, whatever became of it.
  const own = positionIdOf(decision);
  const aboutId = decision.positionId ?? own;
  const position = (await findPosition(tx, aboutId)) ?? null;
  const reflection = (await findReflection(tx, aboutId)) ?? null;
  const panel = (await createDeliberationStore(pool).find(own)) ?? null;
  const journal = createAgentJournal(pool);
  const agent = { turns: await journal.turns(decision), steps: await journal.steps(decision) };
  const settings = await settingsAt(tx, decision);
  const timeframe = decision.inputs?.timeframe ?? settings?.timeframe ?? position?.timeframe;
  const venue = decision.inputs?.venue ?? (await venueOf(tx, session, symbol));
  const [bar] =
    timeframe === undefined || venue === null
      ? []
      : await findCandles(tx, { venue, session, symbol, timeframe }, barCloseMs, 1);
  return {
    ...{ ...found, settings, panel, agent, position, reflection },
    bar: bar ?? null,
    mood: await moodAt(tx, origins(session), symbol, barCloseMs),
    grant: await grantOf(tx, own),
    refusal: await refusalOf(tx, decision, own),
    entry: position === null || position.positionId === own ? null : await entryOf(tx, position),
    memory: (await findMemory(tx, aboutId)) ?? null,
    calls: await callsOf(tx, {
      ids: [...(panel?.answers.flatMap(({ callIds }) => callIds) ?? []), ...(reflection?.callIds ?? [])],
      hashes: agent.turns.flatMap(({ requestHash }) => requestHash ?? []),
    }),
  };
}

async function settingsAt(
  db: Queryable,
  { account, session, strategy, barCloseMs }: DecisionKey,
): Promise<RunSettings | null> {
  const { rows } = await db.query<{ settings: RunSettings }>(
    `SELECT settings FROM strategy_settings WHERE account = $1 AND session = $2 AND strategy = $3 AND from_bar_close_ms <= $4
     ORDER BY from_bar_close_ms DESC LIMIT 1`,
    [account, session, strategy, barCloseMs],
  );
  return rows[0]?.settings ?? null;
}

/** A session is of one venue; decisions from before did not say which. */
async function venueOf(db: Queryable, session: string, symbol: string): Promise<string | null> {
  const { rows } = await db.query<{ venue: string }>(
    'SELECT venue FROM candles WHERE session = $1 AND symbol = $2 LIMIT 1',
    [session, symbol],
  );
  return rows[0]?.venue ?? null;
}

async function grantOf(db: Queryable, positionId: string): Promise<GrantRecord | null> {
  const { rows } = await db.query<
    Record<keyof Omit<GrantRecord, 'limits' | 'snapshot'>, string> & {
      readonly limits: unknown;
      readonly snapshot: RiskSnapshot;
    }
  >(
    `SELECT quantity, limit_price AS "limitPrice", stop_price AS "stopPrice", target_price AS "targetPrice",
       reserved_quote AS "reservedQuote", risk_quote AS "riskQuote", size_factor AS "sizeFactor", limits, snapshot
     FROM approvals WHERE position_id = $1`,
    [positionId],
  );
  const [row] = rows;
  if (row === undefined) return null;
  const isKnown = 'mode' in row.snapshot;
  return {
    ...{
      quantity: decimal(row.quantity),
      limitPrice: decimal(row.limitPrice),
      stopPrice: decimal(row.stopPrice),
    },
    ...{ targetPrice: decimal(row.targetPrice), reservedQuote: decimal(row.reservedQuote) },
    ...{ riskQuote: decimal(row.riskQuote), sizeFactor: decimal(row.sizeFactor) },
    limits: isKnown ? riskLimitsSchema.parse(row.limits) : null,
    snapshot: isKnown ? row.snapshot : null,
  };
}

async function refusalOf(
  db: Queryable,
  { account, outcome, reasons }: Decision,
  positionId: string,
): Promise<DecisionRecord['refusal']> {
  const { rows } = await db.query<{ code: string; message: string }>(
    'SELECT code, message FROM risk_events WHERE account = $1 AND key = $2',
    [account, `grant/${positionId}`],
  );
  if (rows[0] !== undefined) return rows[0];
  // That a lane may open nothing is no answer about the bar: only the decision tells of it.
  const lane = outcome === DecisionOutcome.Refused ? reasons.find(({ code }) => isOfLane(code)) : undefined;
  return lane === undefined ? null : { code: lane.code, message: lane.text };
}

async function entryOf(db: Queryable, position: PositionView): Promise<DecisionRecord['entry']> {
  const { account, session, strategy, symbol, barCloseMs } = position;
  const decision = await findDecision(db, position);
  const { rows } = await db.query<{ id: string }>(
    `SELECT decision_id AS id FROM decisions
     WHERE account = $1 AND session = $2 AND strategy = $3 AND symbol = $4 AND bar_close_ms = $5`,
    [account, session, strategy, symbol, barCloseMs],
  );
  return decision === undefined || rows[0] === undefined ? null : { decisionId: rows[0].id, decision };
}

async function callsOf(
  db: Queryable,
  { ids, hashes }: { readonly ids: readonly string[]; readonly hashes: readonly string[] },
): Promise<readonly CallRecord[]> {
  if (ids.length + hashes.length === 0) return [];
  const { rows } = await db.query<CallRecord>(
    `SELECT call_id::text AS "callId", role, model, prompt, prompt_version AS "promptVersion", outcome, failure,
       latency_ms AS "latencyMs", cost_usd::text AS "costUsd", input_tokens AS "inputTokens", output_tokens AS "outputTokens",
       raw_answer AS "rawAnswer"
     FROM model_calls WHERE call_id = ANY($1::bigint[]) OR request_hash = ANY($2) ORDER BY call_id LIMIT 200`,
    [ids, hashes],
  );
  return rows;
}
