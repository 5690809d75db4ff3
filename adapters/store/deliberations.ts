import type { Pool } from 'pg';
import { decimal, type DecimalString } from '../../domain/decimal';
import type { PanelBrief } from '../../domain/deliberation/brief';
import type { Seat } from '../../domain/deliberation/seats';
import type { PanelOutcome, PanelVerdict, Statement } from '../../domain/deliberation/verdict';
import type { Reason } from '../../domain/strategy';

/** Which proposal is deliberated on. */
export interface DeliberationKey {
  /** Of the position that it would become. */
  readonly positionId: string;
  readonly account: string;
  readonly session: string;
  readonly strategy: string;
  readonly symbol: string;
  readonly barCloseMs: number;
}

export interface SeatTurn {
  readonly positionId: string;
  readonly round: number;
  readonly seat: Seat;
}

/** What a seat said at its turn, or why it said nothing. */
export interface SeatRecord {
  readonly role: string;
  /** `answered`, or the kind of failure. */
  readonly outcome: string;
  readonly answer: unknown;
  readonly failure: string | null;
  readonly model: string | null;
  /** What a replay finds the answer by. */
  readonly requestHash: string | null;
  readonly prompt: string;
  readonly promptVersion: number;
}

/** A deliberation as it was held. */
export interface DeliberationRecord extends DeliberationKey {
  readonly brief: PanelBrief | null;
  /** Null while it goes on, or when its cycle died. */
  readonly outcome: PanelOutcome | null;
  readonly sizeFactor: DecimalString | null;
  readonly reasons: readonly Reason[];
  /** In the order in which they spoke; each with the ids of the calls of models that were made for it. */
  readonly answers: readonly (SeatRecord & {
    readonly seat: Seat;
    readonly round: number;
    readonly callIds: readonly string[];
  })[];
}

/** Deliberations. Every write is one statement, can be repeated, and the first one of its kind stays. */
export interface DeliberationStore {
  open(key: DeliberationKey, brief: PanelBrief): Promise<void>;
  brief(positionId: string): Promise<PanelBrief | undefined>;
  /** What was said so far, in order; null for a seat that gave no answer. */
  statements(positionId: string): Promise<readonly Statement[]>;
  /** What a seat has said at a turn; undefined when it has not spoken yet. */
  said(turn: SeatTurn): Promise<SeatRecord | undefined>;
  /** Keeps what a seat says. @returns what it has said: the first stays */
  say(turn: SeatTurn, record: SeatRecord): Promise<SeatRecord>;
  /** Notes for whom a call of a model is made. */
  linkCall(turn: SeatTurn, callId: string): Promise<void>;
  /** Writes the verdict; of a deliberation that never was opened too. */
  conclude(key: DeliberationKey, verdict: PanelVerdict): Promise<void>;
  find(positionId: string): Promise<DeliberationRecord | undefined>;
}

const SAID = `role, outcome, answer, failure, model, request_hash AS "requestHash", prompt, prompt_version AS "promptVersion"`;
const KEY_COLUMNS = 'position_id, account, session, strategy, symbol, bar_close_ms';
const keyValues = ({ positionId, account, session, strategy, symbol, barCloseMs }: DeliberationKey) => [
  ...[positionId, account, session, strategy, symbol, barCloseMs],
];

/** PostgreSQL takes no NUL, not even in JSON; a model may say one. */
const json = (value: unknown): string | null =>
  value === null ? null : JSON.stringify(value).replaceAll('\\u0000', '\\ufffd');

export function createDeliberationStore(pool: Pool): DeliberationStore {
  const said = async ({ positionId, round, seat }: SeatTurn): Promise<SeatRecord | undefined> => {
    const { rows } = await pool.query<SeatRecord>(
      `SELECT ${SAID} FROM deliberation_answers WHERE position_id = $1 AND round = $2 AND seat = $3`,
      [positionId, round, seat],
    );
    return rows[0];
  };
  return {
    async open(key, brief) {
      await pool.query(
        `INSERT INTO deliberations (${KEY_COLUMNS}, brief) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`,
        [...keyValues(key), json(brief)],
      );
    },
    async brief(positionId) {
      const { rows } = await pool.query<{ brief: PanelBrief | null }>(
        'SELECT brief FROM deliberations WHERE position_id = $1',
        [positionId],
      );
      return rows[0]?.brief ?? undefined;
    },
    async statements(positionId) {
      const { rows } = await pool.query<Statement>(
        'SELECT seat, round, answer FROM deliberation_answers WHERE position_id = $1 ORDER BY round, recorded_at',
        [positionId],
      );
      return rows;
    },
    said,
    async say(turn, record) {
      await pool.query(
        `INSERT INTO deliberation_answers (position_id, round, seat, role, outcome, answer, failure, model, request_hash, prompt,
           prompt_version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING`,
        [
          ...[turn.positionId, turn.round, turn.seat, record.role, record.outcome, json(record.answer)],
          ...[record.failure?.replaceAll('\0', '\uFFFD') ?? null, record.model, record.requestHash],
          ...[record.prompt, record.promptVersion],
        ],
      );
      return (await said(turn)) ?? record;
    },
    async linkCall({ positionId, round, seat }, callId) {
      await pool.query(
        'INSERT INTO deliberation_calls (call_id, position_id, round, seat) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING',
        [callId, positionId, round, seat],
      );
    },
    async conclude(key, { outcome, sizeFactor, reasons }) {
      await pool.query(
        `INSERT INTO deliberations AS known (${KEY_COLUMNS}, outcome, size_factor, reasons, concluded_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, clock_timestamp())
         ON CONFLICT (position_id) DO UPDATE SET outcome = excluded.outcome, size_factor = excluded.size_factor,
           reasons = excluded.reasons, concluded_at = excluded.concluded_at
         WHERE known.outcome IS NULL`,
        [...keyValues(key), outcome, sizeFactor, json(reasons)],
      );
    },
    find: (positionId) => findDeliberation(pool, positionId),
  };
}

type DeliberationRow = Omit<DeliberationRecord, 'answers' | 'sizeFactor' | 'reasons'> & {
  readonly sizeFactor: string | null;
  readonly reasons: readonly Reason[] | null;
};

async function findDeliberation(pool: Pool, positionId: string): Promise<DeliberationRecord | undefined> {
  const { rows } = await pool.query<DeliberationRow>(
    `SELECT position_id AS "positionId", account, session, strategy, symbol, bar_close_ms::double precision AS "barCloseMs",
       brief, outcome, size_factor::text AS "sizeFactor", reasons FROM deliberations WHERE position_id = $1`,
    [positionId],
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  const { rows: answers } = await pool.query<DeliberationRecord['answers'][number]>(
    `SELECT seat, round, ${SAID}, ARRAY(
       SELECT call_id::text FROM deliberation_calls c
       WHERE c.position_id = a.position_id AND c.round = a.round AND c.seat = a.seat ORDER BY call_id
     ) AS "callIds"
     FROM deliberation_answers a WHERE position_id = $1 ORDER BY round, recorded_at`,
    [positionId],
  );
  const { sizeFactor, reasons } = row;
  return {
    ...row,
    sizeFactor: sizeFactor === null ? null : decimal(sizeFactor),
    reasons: reasons ?? [],
    answers,
  };
}
