import { RefusalCode } from '../../domain/errors';
import { lockAccount } from './accounts';
import type { GrantRequest, LaneOpening } from './port';
import type { Queryable, Transaction } from './transaction';

/** The lane of a strategy that was opened last. */
export interface OpenLane {
  readonly generation: number;
  readonly entriesPaused: boolean;
  readonly reason: string;
}

export interface LaneRefusal {
  readonly code: RefusalCode;
  readonly message: string;
}

/**
 * Opens the strategy's next lane under the account's lock, which every grant takes: whoever asks for another lane afterwards is
 * refused, and whatever was granted before is in the journal.
 * @returns its generation
 * @throws StoreError `unknown-account`
 */
export async function openLane(
  tx: Transaction,
  { account, strategy, entriesPaused, reason }: LaneOpening,
): Promise<number> {
  await lockAccount(tx, account);
  const { rows } = await tx.query<{ generation: string }>(
    `INSERT INTO lanes AS known (account, strategy, generation, entries_paused, reason) VALUES ($1, $2, 1, $3, $4)
     ON CONFLICT (account, strategy) DO UPDATE SET generation = known.generation + 1,
       entries_paused = excluded.entries_paused, reason = excluded.reason, opened_at = excluded.opened_at
     RETURNING generation`,
    [account, strategy, entriesPaused, reason],
  );
  const [row] = rows;
  if (row === undefined)
    throw new Error(`The lane of ${strategy} in ${account} was written, and is not there.`);
  return Number(row.generation);
}

/** Why the lane that asks may open nothing; undefined when it may, or when none asks. */
export async function laneRefusal(db: Queryable, request: GrantRequest): Promise<LaneRefusal | undefined> {
  if (request.lane === undefined) return undefined;
  const { rows } = await db.query<{ generation: string; entries_paused: boolean; reason: string }>(
    'SELECT generation, entries_paused, reason FROM lanes WHERE account = $1 AND strategy = $2',
    [request.account, request.strategy],
  );
  const [row] = rows;
  return judgeLane(
    row && { generation: Number(row.generation), entriesPaused: row.entries_paused, reason: row.reason },
    request,
  );
}

/** {@link laneRefusal}, by the lane that is open. Another generation comes first: it is for good, a pause is not. */
export function judgeLane(
  open: OpenLane | undefined,
  { account, strategy, lane }: Pick<GrantRequest, 'account' | 'strategy' | 'lane'>,
): LaneRefusal | undefined {
  if (lane === undefined) return undefined;
  if (open?.generation !== lane.generation) {
    const current =
      open === undefined
        ? `no lane of it was opened in account ${account}`
        : `the current one is lane ${open.generation} (${open.reason})`;
    const message = `Lane ${lane.generation} of ${strategy} opens nothing: ${current}.`;
    return { code: RefusalCode.LaneSuperseded, message };
  }
  if (!open.entriesPaused) return undefined;
  return { code: RefusalCode.Paused, message: `Entries of ${strategy} are paused (${open.reason}).` };
}
