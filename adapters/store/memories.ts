import type { Pool } from 'pg';
import { decimal } from '../../domain/decimal';
import { barsInside, outcomeOf, type Extremes, type TradeOutcome } from '../../domain/memory/outcome';
import {
  situationText,
  type Situation,
  type SituationMood,
  type SituationTrend,
} from '../../domain/memory/situation';
import { assetOf } from '../../domain/observations';
import type { PositionView } from '../../domain/position';
import { findDecision } from './journal';
import { findPosition } from './positions';
import { inTransaction, type Queryable, type Transaction } from './transaction';

/** What a closed trade leaves behind. */
export interface TradeMemory {
  readonly positionId: string;
  readonly account: string;
  readonly session: string;
  readonly strategy: string;
  readonly symbol: string;
  readonly barCloseMs: number;
  readonly situation: Situation;
  readonly situationText: string;
  readonly outcome: TradeOutcome;
}

/** A model's own words about a trade, or why there are none. */
export type Reflection =
  | {
      readonly lesson: string;
      readonly judgement: string;
      readonly prompt: { readonly name: string; readonly version: number };
      readonly model: string;
      readonly requestHash: string;
      /** Of `model_calls`: every attempt, the repair included. */
      readonly callIds: readonly string[];
    }
  | { readonly lesson: null; readonly missing: string; readonly callIds: readonly string[] };

/** Which end of which trade is reflected on. */
export interface ReflectedTrade {
  readonly positionId: string;
  readonly outcomeAtMs: number;
}

/** A memory that can be compared. */
export interface ComparableMemory extends TradeMemory {
  readonly vector: readonly number[];
  /** Null when there is none, or none was known at the time asked about. */
  readonly lesson: string | null;
}

/** Where what was known at the entry is found. */
export interface MemorySources {
  /** Whose candles. */
  readonly venue: string;
  /** Whose moods count; see adapters/history/origins.ts. */
  readonly origins: readonly string[];
  /** What a predictor had said by then; null when none was asked. */
  readonly trend: SituationTrend | null;
}

/** Memories of closed trades. Every write can be repeated and is there once. */
export interface TradeMemories {
  /** Closed trades of the account's current session of which not everything is written yet, the oldest first. */
  owed(
    account: string,
    limit: number,
  ): Promise<readonly Pick<TradeMemory, 'positionId' | 'strategy' | 'symbol'>[]>;
  /**
   * Writes what is known of a closed trade. A trade that was closed, came back to life and closed again has its last outcome, and what was
   * thought of the one before is forgotten. @returns undefined when it is no closed trade (any more)
   */
  remember(positionId: string, sources: MemorySources): Promise<TradeMemory | undefined>;
  find(positionId: string): Promise<TradeMemory | undefined>;
  /** Keeps the vector of a situation; the first one of a model stays. */
  saveEmbedding(positionId: string, modelIdentity: string, vector: readonly number[]): Promise<void>;
  /**
   * Keeps a reflection on the outcome of that time, and with it the debt is paid; the first one stays. On a trade that has come back to
   * life since, nothing is kept.
   */
  saveReflection(about: ReflectedTrade, reflection: Reflection, knownMs: number): Promise<void>;
  reflection(positionId: string): Promise<(Reflection & { readonly knownMs: number }) | undefined>;
  /** Trades of a session with a vector of this model whose outcome was known at `asOfMs`: the newest, newest first. */
  comparable(query: {
    readonly account: string;
    readonly session: string;
    readonly modelIdentity: string;
    readonly asOfMs: number;
    readonly limit: number;
  }): Promise<readonly ComparableMemory[]>;
}

/** A mood whose newest story is older says nothing about a situation. */
const MOOD_WITHIN_MS = 48 * 3_600_000;

/** PostgreSQL takes no NUL in a text; a model may say one. */
const storable = (text: string): string => text.replaceAll('\0', '\uFFFD');

const COLUMNS = `m.position_id AS "positionId", m.account, m.session, m.strategy, m.symbol,
  m.bar_close_ms::double precision AS "barCloseMs", m.situation, m.situation_text AS "situationText", m.outcome`;

export function createTradeMemories(pool: Pool): TradeMemories {
  return {
    async owed(account, limit) {
      const { rows } = await pool.query<Pick<TradeMemory, 'positionId' | 'strategy' | 'symbol'>>(
        `SELECT p.position_id AS "positionId", p.strategy, p.symbol FROM positions p JOIN accounts a USING (account, session)
         WHERE p.account = $1 AND p.state = 'closed' AND p.owes_memory AND p.opened_at_ms IS NOT NULL
         ORDER BY p.closed_at_ms, p.position_id LIMIT $2`,
        [account, limit],
      );
      return rows;
    },
    remember: (positionId, sources) => inTransaction(pool, (tx) => remember(tx, positionId, sources)),
    find: (positionId) => findMemory(pool, positionId),
    async saveEmbedding(positionId, modelIdentity, vector) {
      await pool.query('INSERT INTO memory_embeddings VALUES ($1, $2, $3) ON CONFLICT DO NOTHING', [
        ...[positionId, modelIdentity, vector],
      ]);
    },
    saveReflection: (about, reflection, knownMs) =>
      inTransaction(pool, (tx) => saveReflection(tx, about, reflection, knownMs)),
    reflection: (positionId) => findReflection(pool, positionId),
    async comparable({ account, session, modelIdentity, asOfMs, limit }) {
      const { rows } = await pool.query<ComparableMemory>(
        `SELECT ${COLUMNS}, e.vector, CASE WHEN r.known_ms <= $4 THEN r.lesson END AS lesson
         FROM trade_memories m JOIN memory_embeddings e ON e.position_id = m.position_id AND e.model_identity = $3
         LEFT JOIN trade_reflections r ON r.position_id = m.position_id
         WHERE m.account = $1 AND m.session = $2 AND m.outcome_at_ms <= $4
         ORDER BY m.outcome_at_ms DESC, m.position_id LIMIT $5`,
        [account, session, modelIdentity, Math.floor(asOfMs), limit],
      );
      return rows;
    },
  };
}

export async function findMemory(db: Queryable, positionId: string): Promise<TradeMemory | undefined> {
  const { rows } = await db.query<TradeMemory>(
    `SELECT ${COLUMNS} FROM trade_memories m WHERE position_id = $1`,
    [positionId],
  );
  return rows[0];
}

async function remember(
  tx: Transaction,
  positionId: string,
  sources: MemorySources,
): Promise<TradeMemory | undefined> {
  // Whoever brings a position back to life has this lock too: the outcome is of what is closed now.
  await tx.query('SELECT FROM positions WHERE position_id = $1 FOR NO KEY UPDATE', [positionId]);
  const position = await findPosition(tx, positionId);
  if (position === undefined) return undefined;
  const outcome = outcomeOf(position, {
    extremes: await extremesOf(tx, position, sources.venue),
    riskQuote: await riskOf(tx, positionId),
  });
  if (outcome === null) return undefined;
  const situation = await situationOf(tx, position, sources);
  const { account, session, strategy, symbol, barCloseMs } = position;
  const { rowCount } = await tx.query(
    `INSERT INTO trade_memories AS known (position_id, account, session, strategy, symbol, bar_close_ms, situation,
       situation_text, outcome, outcome_at_ms)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (position_id) DO UPDATE
     SET outcome = excluded.outcome, outcome_at_ms = excluded.outcome_at_ms
     WHERE known.outcome_at_ms <> excluded.outcome_at_ms OR known.outcome->>'realisedPnl' <> excluded.outcome->>'realisedPnl'`,
    [
      ...[positionId, account, session, strategy, symbol, barCloseMs],
      ...[JSON.stringify(situation), situationText(situation), JSON.stringify(outcome), outcome.outcomeAtMs],
    ],
  );
  if (rowCount === 1) await tx.query('DELETE FROM trade_reflections WHERE position_id = $1', [positionId]);
  return findMemory(tx, positionId);
}

async function situationOf(
  db: Queryable,
  position: PositionView,
  { origins, trend }: MemorySources,
): Promise<Situation> {
  const { strategy, symbol, timeframe, barCloseMs } = position;
  const entry = await findDecision(db, position);
  const known = await moodAt(db, origins, symbol, barCloseMs);
  const mood = known === null ? null : pickMood(known);
  return { strategy, symbol, timeframe, reasons: entry?.reasons ?? [], mood, trend };
}

const pickMood = ({ score, ageMs, trend, missing }: SituationMood): SituationMood => ({
  ...{ score, ageMs, trend, missing },
});

/** A mood, with where it comes from. */
export interface KnownMood extends SituationMood {
  readonly knownMs: number;
  readonly scorer: string;
  readonly stories: number;
}

/** The mood about a symbol's asset as it was known then; null when there was none. Moods are written once: the answer stays the same. */
export async function moodAt(
  db: Queryable,
  origins: readonly string[],
  symbol: string,
  atMs: number,
): Promise<KnownMood | null> {
  const { rows } = await db.query<KnownMood>(
    `SELECT score, $3::double precision - time_ms AS "ageMs", trend, missing, known_ms::double precision AS "knownMs", scorer, stories
     FROM news_moods WHERE origin = ANY($1) AND asset = $2 AND known_ms <= $3 ORDER BY known_ms DESC LIMIT 1`,
    [origins, assetOf(symbol), Math.floor(atMs)],
  );
  const [mood] = rows;
  return mood === undefined || mood.ageMs > MOOD_WITHIN_MS ? null : mood;
}

async function extremesOf(db: Queryable, position: PositionView, venue: string): Promise<Extremes | null> {
  const { firstOpenMs, count } = barsInside(position);
  if (count === 0) return null;
  const { session, symbol, timeframe, closedAtMs } = position;
  const { rows } = await db.query<{ bars: number; low: number | null; high: number | null }>(
    `SELECT count(*)::integer AS bars, min(low) AS low, max(high) AS high FROM (
       SELECT low, high FROM candles
       WHERE venue = $1 AND session = $2 AND symbol = $3 AND timeframe = $4 AND open_time_ms >= $5 AND open_time_ms < $6
       ORDER BY open_time_ms LIMIT $7) inside`,
    [venue, session, symbol, timeframe, firstOpenMs, closedAtMs, count],
  );
  const [row] = rows;
  if (row === undefined || row.low === null || row.high === null) return null;
  return { bars: row.bars, low: row.low, high: row.high };
}

/** What a grant would lose at its stop; null when there is none, as for a position that a reconciliation recovered. */
async function riskOf(db: Queryable, positionId: string) {
  const { rows } = await db.query<{ risk: string }>(
    `SELECT risk_quote AS risk FROM approvals WHERE position_id = $1 AND NOT proposal ? 'recovered'`,
    [positionId],
  );
  return rows[0] === undefined ? null : decimal(rows[0].risk);
}

async function saveReflection(
  tx: Transaction,
  { positionId, outcomeAtMs }: ReflectedTrade,
  reflection: Reflection,
  knownMs: number,
): Promise<void> {
  const written =
    reflection.lesson === null
      ? [null, null, storable(reflection.missing), null, null, null, null]
      : [
          ...[reflection.judgement, storable(reflection.lesson), null, reflection.prompt.name],
          ...[reflection.prompt.version, reflection.model, reflection.requestHash],
        ];
  await tx.query(
    `INSERT INTO trade_reflections (position_id, known_ms, call_ids, judgement, lesson, missing, prompt, prompt_version, model, request_hash)
     SELECT position_id, $3, $4, $5, $6, $7, $8, $9, $10, $11 FROM trade_memories WHERE position_id = $1 AND outcome_at_ms = $2
     ON CONFLICT DO NOTHING`,
    [positionId, outcomeAtMs, Math.floor(knownMs), reflection.callIds, ...written],
  );
  // One that is live again owes the memory of its next end.
  await tx.query('UPDATE positions SET owes_memory = false WHERE position_id = $1 AND closed_at_ms = $2', [
    ...[positionId, outcomeAtMs],
  ]);
}

export async function findReflection(
  db: Queryable,
  positionId: string,
): Promise<(Reflection & { readonly knownMs: number }) | undefined> {
  const { rows } = await db.query<{
    readonly judgement: string | null;
    readonly lesson: string | null;
    readonly missing: string | null;
    readonly prompt: string | null;
    readonly prompt_version: number | null;
    readonly model: string | null;
    readonly request_hash: string | null;
    readonly call_ids: readonly string[];
    readonly known_ms: string;
  }>('SELECT * FROM trade_reflections WHERE position_id = $1', [positionId]);
  const [row] = rows;
  if (row === undefined) return undefined;
  const common = { knownMs: Number(row.known_ms), callIds: row.call_ids };
  if (row.lesson === null) return { ...common, lesson: null, missing: row.missing ?? '' };
  return {
    ...common,
    ...{ lesson: row.lesson, judgement: row.judgement ?? '', model: row.model ?? '' },
    prompt: { name: row.prompt ?? '', version: row.prompt_version ?? 0 },
    requestHash: row.request_hash ?? '',
  };
}
