import type { Pool } from 'pg';
import { decimal, type DecimalString } from '../../../domain/decimal';
import type { Instrument } from '../../../domain/instrument';
import type { Leg, OrderState, Side } from '../../../domain/order';
import type { PositionState } from '../../../domain/position';

export interface JournaledOrder {
  readonly clientOrderId: string;
  readonly positionId: string;
  readonly leg: Leg;
  readonly sequence: number;
  readonly state: OrderState;
  readonly filledQuantity: DecimalString;
  readonly sendDeadlineMs: number | null;
  readonly attempts: number;
}

export interface JournaledFill {
  readonly symbol: string;
  readonly tradeId: string;
  readonly side: Side;
  readonly clientOrderId: string;
  readonly price: DecimalString;
  readonly quantity: DecimalString;
  readonly fee: DecimalString;
  readonly feeAsset: string;
}

export interface JournaledPosition {
  readonly positionId: string;
  readonly state: PositionState;
  readonly exitReason: string | null;
  readonly stopPrice: DecimalString;
  readonly instrument: Instrument;
  readonly realisedPnl: DecimalString | null;
  readonly unprotectedMs: number;
}

/** What Ballast believes: the rows of its journal, read past the code that is under test. */
export interface JournalRecord {
  readonly orders: readonly JournaledOrder[];
  readonly fills: readonly JournaledFill[];
  readonly positions: readonly JournaledPosition[];
  /** How many changes of orders there have been. */
  readonly events: number;
}

export async function readJournalRecord(pool: Pool, account: string): Promise<JournalRecord> {
  const orders = await pool.query<
    Record<'id' | 'position_id' | 'filled' | 'leg' | 'state', string> & {
      sequence: number;
      attempts: number;
      deadline: string | null;
    }
  >(
    `SELECT client_order_id AS id, position_id, leg, sequence, state, filled_quantity AS filled, attempts,
       send_deadline_ms AS deadline FROM orders WHERE account = $1 ORDER BY created_at, client_order_id`,
    [account],
  );
  const fills = await pool.query<
    Record<'symbol' | 'trade_id' | 'side' | 'id' | 'price' | 'quantity' | 'fee' | 'fee_asset', string>
  >(
    `SELECT symbol, trade_id, side, client_order_id AS id, price, quantity, fee, fee_asset FROM fills
     WHERE account = $1 ORDER BY symbol, trade_id, side`,
    [account],
  );
  const positions = await pool.query<
    Record<'position_id' | 'state' | 'stop_price' | 'unprotected_ms', string> & {
      exit_reason: string | null;
      instrument: Instrument;
      realised_pnl: string | null;
    }
  >(
    `SELECT position_id, state, exit_reason, stop_price, instrument, realised_pnl, unprotected_ms FROM positions
     WHERE account = $1 ORDER BY created_at`,
    [account],
  );
  const events = await pool.query<{ count: string }>('SELECT count(*) FROM order_events');
  return {
    orders: orders.rows.map((row) => ({
      clientOrderId: row.id,
      positionId: row.position_id,
      leg: row.leg as Leg,
      sequence: row.sequence,
      state: row.state as OrderState,
      filledQuantity: decimal(row.filled),
      sendDeadlineMs: row.deadline === null ? null : Number(row.deadline),
      attempts: row.attempts,
    })),
    fills: fills.rows.map((row) => ({
      symbol: row.symbol,
      tradeId: row.trade_id,
      side: row.side as Side,
      clientOrderId: row.id,
      price: decimal(row.price),
      quantity: decimal(row.quantity),
      fee: decimal(row.fee),
      feeAsset: row.fee_asset,
    })),
    positions: positions.rows.map((row) => ({
      positionId: row.position_id,
      state: row.state as PositionState,
      exitReason: row.exit_reason,
      stopPrice: decimal(row.stop_price),
      instrument: row.instrument,
      realisedPnl: row.realised_pnl === null ? null : decimal(row.realised_pnl),
      unprotectedMs: Number(row.unprotected_ms),
    })),
    events: Number(events.rows[0]?.count ?? 0),
  };
}
