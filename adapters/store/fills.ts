import { decimal } from '../../domain/decimal';
import type { Fill, Side } from '../../domain/order';
import type { Queryable, Transaction } from './transaction';

/** A journaled fill and the position it belongs to. */
export interface OwnedFill extends Fill {
  readonly positionId: string;
}

/** How we learnt of a fill. */
export type FillSource = 'answer' | 'stream' | 'look-up' | 'reconciliation' | 'inferred';

export interface FillRow {
  readonly position_id: string;
  readonly symbol: string;
  readonly trade_id: string;
  readonly client_order_id: string;
  readonly exchange_order_id: string;
  readonly side: Side;
  readonly price: string;
  readonly quantity: string;
  readonly fee: string;
  readonly fee_asset: string;
  readonly liquidity: Fill['liquidity'];
  readonly market_time_ms: string;
}

export const FILL_COLUMNS = `o.position_id, f.symbol, f.trade_id, f.client_order_id, f.exchange_order_id, f.side, f.price,
  f.quantity, f.fee, f.fee_asset, f.liquidity, f.market_time_ms`;

export const ownedFill = (row: FillRow): OwnedFill => ({
  positionId: row.position_id,
  symbol: row.symbol,
  tradeId: row.trade_id,
  clientOrderId: row.client_order_id,
  exchangeOrderId: row.exchange_order_id,
  side: row.side,
  price: decimal(row.price),
  quantity: decimal(row.quantity),
  fee: decimal(row.fee),
  feeAsset: row.fee_asset,
  liquidity: row.liquidity,
  marketTimeMs: Number(row.market_time_ms),
});

/** All fills of these positions, in the order of their market time. */
export async function fillsOf(db: Queryable, positionIds: readonly string[]): Promise<readonly OwnedFill[]> {
  const { rows } = await db.query<FillRow>(
    `SELECT ${FILL_COLUMNS} FROM fills f JOIN orders o USING (client_order_id) WHERE o.position_id = ANY($1)
     ORDER BY f.market_time_ms, f.trade_id`,
    [positionIds],
  );
  return rows.map(ownedFill);
}

/** Whether the journal has all of these trades of the account's current session. */
export async function areJournaled(
  db: Queryable,
  account: string,
  fills: readonly Pick<Fill, 'symbol' | 'tradeId' | 'side'>[],
): Promise<boolean> {
  const { rows } = await db.query<{ known: number }>(
    `SELECT count(*)::int AS known FROM fills f JOIN accounts a USING (account, session)
     JOIN unnest($2::text[], $3::text[], $4::text[]) AS told (symbol, trade_id, side) USING (symbol, trade_id, side)
     WHERE account = $1`,
    [
      account,
      fills.map(({ symbol }) => symbol),
      fills.map(({ tradeId }) => tradeId),
      fills.map(({ side }) => side),
    ],
  );
  return rows[0]?.known === fills.length;
}

/** The fills of these orders that stand in for trades. */
export async function inferredFills(
  tx: Transaction,
  clientOrderIds: readonly string[],
): Promise<readonly Fill[]> {
  const { rows } = await tx.query<FillRow>(
    `SELECT ${FILL_COLUMNS} FROM fills f JOIN orders o USING (client_order_id)
     WHERE f.client_order_id = ANY($1) AND f.source = 'inferred'`,
    [clientOrderIds],
  );
  return rows.map(ownedFill);
}

/** Puts `fill` in the place of whatever was inferred of an order before. */
export async function replaceInferred(
  tx: Transaction,
  owner: { readonly account: string; readonly session: string },
  clientOrderId: string,
  fill: Fill | undefined,
): Promise<void> {
  await tx.query(`DELETE FROM fills WHERE client_order_id = $1 AND source = 'inferred'`, [clientOrderId]);
  if (fill !== undefined) await insertFills(tx, owner, [fill], 'inferred');
}

/**
 * Journals fills that are not there yet; their `clientOrderId` is an order of ours.
 * @returns those that were new
 */
export async function insertFills(
  tx: Transaction,
  owner: { readonly account: string; readonly session: string },
  fills: readonly Fill[],
  source: FillSource,
): Promise<readonly Fill[]> {
  const column = (name: keyof Fill): readonly (string | number)[] => fills.map((fill) => fill[name]);
  const { rows } = await tx.query<{ symbol: string; trade_id: string; side: Side }>(
    `INSERT INTO fills (account, session, source, symbol, trade_id, client_order_id, exchange_order_id, side, price,
       quantity, fee, fee_asset, liquidity, market_time_ms)
     SELECT $1, $2, $3, * FROM unnest($4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::numeric[],
       $10::numeric[], $11::numeric[], $12::text[], $13::text[], $14::bigint[])
     ON CONFLICT DO NOTHING RETURNING symbol, trade_id, side`,
    [
      owner.account,
      owner.session,
      source,
      column('symbol'),
      column('tradeId'),
      column('clientOrderId'),
      column('exchangeOrderId'),
      column('side'),
      column('price'),
      column('quantity'),
      column('fee'),
      column('feeAsset'),
      column('liquidity'),
      column('marketTimeMs'),
    ],
  );
  const inserted = new Set(rows.map((row) => tradeKey(row.symbol, row.trade_id, row.side)));
  // A trade that the batch holds twice was inserted once: the set lets the first through.
  return fills.filter((fill) => inserted.delete(tradeKey(fill.symbol, fill.tradeId, fill.side)));
}

const tradeKey = (symbol: string, tradeId: string, side: Side): string => `${symbol}/${tradeId}/${side}`;
