import type { Timeframe } from '../../domain/bar';
import type { DecimalString } from '../../domain/decimal';
import type { ReconciliationReport } from '../../domain/findings';
import type { Instrument } from '../../domain/instrument';
import type { Leg, OrderView } from '../../domain/order';
import type { ExitReason } from '../../domain/position';
import type { OrderPlace, SalePart } from '../../domain/reconciliation';

/** What a reconciliation has found at the exchange for the journal to take over, and the record of the reconciliation itself. */

/** An order as the exchange has it, and the position it belongs to. */
export interface FoundOrder
  extends OrderPlace, Pick<OrderView, 'clientOrderId' | 'type' | 'quantity' | 'limitPrice' | 'stopPrice'> {
  readonly exchangeOrderId: string;
}

/** A position of which only its entry at the exchange is left. */
export interface FoundPosition {
  readonly positionId: string;
  readonly account: string;
  readonly strategy: string;
  readonly timeframe: Timeframe;
  readonly barCloseMs: number;
  readonly instrument: Instrument;
  readonly entry: Omit<FoundOrder, keyof OrderPlace>;
  /** Of one unit, at most. */
  readonly price: DecimalString;
  readonly stopPrice: DecimalString;
  readonly targetPrice: DecimalString;
  readonly grantedAtMs: number;
  readonly expiresAtMs: number;
}

/** A sale that no position ordered, divided among those whose coins it sold. */
export interface FoundSale {
  readonly clientOrderId: string;
  readonly exchangeOrderId: string;
  readonly leg: Leg;
  /** What their positions are left for from then on; null changes nothing about that. */
  readonly exitReason: ExitReason | null;
  readonly parts: readonly SalePart[];
}

/** The report of one reconciliation, and when it was made. */
export interface ReconciliationRecord {
  readonly session: string;
  readonly trigger: string;
  /** The exchange's clock when it began to read. */
  readonly marketTimeMs: number;
  readonly report: ReconciliationReport;
  /** ISO 8601. */
  readonly recordedAt: string;
}
