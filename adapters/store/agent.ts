import type { Pool } from 'pg';
import type { AgentCall, AgentEffect, AgentStep, AgentTurn, AgentKey } from '../../domain/agent/record';
import { ExitReason, PositionState } from '../../domain/position';
import { lockPosition, withdrawEntry, wishExit, wishStop, wishTarget } from './positions';
import { StoreError, StoreErrorCode } from './store-error';
import { inTransaction, type Queryable, type Transaction } from './transaction';

/** What the agent said and did. Every write is one transaction that may be repeated: what was written first stays. */
export interface AgentJournal {
  /** The turns of a decision, in order. */
  turns(key: AgentKey): Promise<readonly AgentTurn[]>;
  steps(key: AgentKey): Promise<readonly AgentStep[]>;
  /** @returns the turn as it is journaled, which may be an earlier one */
  recordTurn(key: AgentKey, turn: AgentTurn): Promise<AgentTurn>;
  /**
   * Journals a step together with the wishes that it is. A step that is there already is returned, and nothing is wished again. When no
   * position that it is about lives any more, it is journaled as refused.
   * @throws StoreError `misuse` for a position of another strategy: nothing is journaled then
   */
  recordStep(key: AgentKey, step: AgentStep, effects: readonly AgentEffect[]): Promise<AgentStep>;
}

const KEY = 'account = $1 AND session = $2 AND strategy = $3 AND bar_close_ms = $4';
const keyOf = ({ account, session, strategy, barCloseMs }: AgentKey): readonly unknown[] => [
  ...[account, session, strategy, barCloseMs],
];

const TURN = `turn, said, calls, model, request_hash AS "requestHash", input_tokens AS "inputTokens",
  output_tokens AS "outputTokens", failure`;
const STEP = `step, turn, call_id AS "callId", tool, arguments, symbol, outcome, decided, position_id AS "positionId", summary, result`;

export function createAgentJournal(pool: Pool): AgentJournal {
  return {
    async turns(key) {
      const query = `SELECT ${TURN} FROM agent_turns WHERE ${KEY} ORDER BY turn`;
      return (await pool.query<AgentTurn>(query, [...keyOf(key)])).rows;
    },
    steps: (key) => stepsOf(pool, key),
    recordTurn: (key, turn) => inTransaction(pool, (tx) => recordTurn(tx, key, turn)),
    recordStep: (key, step, effects) => inTransaction(pool, (tx) => recordStep(tx, key, step, effects)),
  };
}

async function stepsOf(db: Queryable | Transaction, key: AgentKey): Promise<readonly AgentStep[]> {
  const query = `SELECT ${STEP} FROM agent_steps WHERE ${KEY} ORDER BY step`;
  return (await db.query<AgentStep>(query, [...keyOf(key)])).rows;
}

/** PostgreSQL takes no NUL in a text; a model may say one. */
const storable = (text: string): string => text.replaceAll('\0', '\uFFFD');

const storableCall = ({ id, name, arguments: given }: AgentCall): AgentCall => ({
  ...{ id: storable(id), name: storable(name), arguments: storable(given) },
});

async function recordTurn(tx: Transaction, key: AgentKey, turn: AgentTurn): Promise<AgentTurn> {
  await tx.query(
    `INSERT INTO agent_turns (account, session, strategy, bar_close_ms, turn, said, calls, model, request_hash, input_tokens,
       output_tokens, failure)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING`,
    [
      ...[
        ...keyOf(key),
        turn.turn,
        storable(turn.said),
        JSON.stringify(turn.calls.map(storableCall)),
        turn.model,
      ],
      ...[turn.requestHash, turn.inputTokens, turn.outputTokens, turn.failure],
    ],
  );
  const query = `SELECT ${TURN} FROM agent_turns WHERE ${KEY} AND turn = $5`;
  return (await tx.query<AgentTurn>(query, [...keyOf(key), turn.turn])).rows[0] ?? turn;
}

async function recordStep(
  tx: Transaction,
  key: AgentKey,
  step: AgentStep,
  effects: readonly AgentEffect[],
): Promise<AgentStep> {
  // Whoever comes second waits here for the first to commit.
  const { rowCount } = await tx.query(
    `INSERT INTO agent_steps (account, session, strategy, bar_close_ms, step, turn, call_id, tool, arguments, symbol, outcome, decided,
       position_id, summary, result)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) ON CONFLICT DO NOTHING`,
    [
      ...[
        ...keyOf(key),
        step.step,
        step.turn,
        storable(step.callId),
        storable(step.tool),
        storable(step.arguments),
      ],
      ...[
        step.symbol,
        step.outcome,
        step.decided,
        step.positionId,
        storable(step.summary),
        storable(step.result),
      ],
    ],
  );
  if (rowCount === 1 && effects.length > 0) {
    let carried = 0;
    for (const effect of effects) carried += (await carry(tx, key, effect)) ? 1 : 0;
    if (carried === 0)
      await tx.query(
        `UPDATE agent_steps SET outcome = 'refused', decided = NULL, summary = $6, result = $6 WHERE ${KEY} AND step = $5`,
        [
          ...keyOf(key),
          step.step,
          `${step.tool}: nothing is left to be done: the position is closed, or its stop is higher`,
        ],
      );
  }
  return (await stepsOf(tx, key)).find((one) => one.step === step.step) ?? step;
}

/** Journals one wish about a live position of the strategy's own; false when it does not live any more. */
async function carry(tx: Transaction, key: AgentKey, effect: AgentEffect): Promise<boolean> {
  const { positionId } = effect;
  const position = await lockPosition(tx, positionId);
  if (
    position.strategy !== key.strategy ||
    position.account !== key.account ||
    position.session !== key.session
  )
    throw new StoreError(
      StoreErrorCode.Misuse,
      `${key.strategy} cannot wish anything for ${positionId}: it belongs to ${position.strategy}.`,
    );
  if (position.state !== PositionState.Live) return false;
  switch (effect.kind) {
    case 'exit':
      return wishExit(tx, positionId, ExitReason.Strategy);
    case 'stop':
      return wishStop(tx, positionId, effect.stopPrice);
    case 'target':
      return wishTarget(tx, positionId, effect.targetPrice);
    case 'withdraw':
      return withdrawEntry(tx, positionId, key.barCloseMs);
  }
}
