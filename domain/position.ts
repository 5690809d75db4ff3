import type { Timeframe } from './bar';
import { maximum, subtract, ZERO, type DecimalString } from './decimal';
import type { Instrument } from './instrument';
import type { PositionLedger } from './ledger';
import type { OrderView } from './order';

export const PositionState = { Live: 'live', Closed: 'closed' } as const;
export type PositionState = (typeof PositionState)[keyof typeof PositionState];

/** Why a position is to be, or was, given up. Sticky: once wished, an exit is never taken back. */
export const ExitReason = {
  Target: 'target',
  Stop: 'stop',
  Time: 'time',
  Strategy: 'strategy',
  Flatten: 'flatten',
  Emergency: 'emergency',
  Unprotected: 'unprotected',
  NotEntered: 'not-entered',
  /** The coins are not in the account any more, and no order of ours sold them. */
  Missing: 'missing',
  /** Recovered from orders that the journal had lost, to be sold by policy. */
  Stray: 'stray',
  /** The exchange delisted its pair, and then the coins left the account: sold, converted or withdrawn by a person. */
  Delisted: 'delisted',
} as const;
export type ExitReason = (typeof ExitReason)[keyof typeof ExitReason];

/** The key under which the gap before a position's first stop is journaled, once, whoever measures it. */
export const FIRST_GAP = 'first';

/** A position as the journal knows it: the grant, the wishes about it, its orders, and money from its fills. */
export interface PositionView {
  readonly positionId: string;
  readonly account: string;
  readonly session: string;
  readonly strategy: string;
  readonly symbol: string;
  readonly timeframe: Timeframe;
  readonly barCloseMs: number;
  readonly state: PositionState;
  /** Halt epoch at the grant; an entry of an older epoch is never sent. */
  readonly epoch: number;
  readonly quantity: DecimalString;
  readonly limitPrice: DecimalString;
  /** The stop wished for now; it only ever rises. */
  readonly stopPrice: DecimalString;
  readonly targetPrice: DecimalString;
  readonly trailDistance: DecimalString | null;
  readonly reservedQuote: DecimalString;
  /** Market time after which the entry may not be sent, and its unfilled rest is cancelled. */
  readonly expiresAtMs: number;
  /** Set once an exit is wished; the first reason stays. */
  readonly exitReason: ExitReason | null;
  readonly grantedAtMs: number;
  readonly openedAtMs: number | null;
  readonly closedAtMs: number | null;
  /** Wall milliseconds this position held something without a resident stop. */
  readonly unprotectedMs: number;
  /** Oldest first within each leg. */
  readonly orders: readonly OrderView[];
  readonly ledger: PositionLedger;
  /** How much of what the ledger holds a reconciliation did not find in the account; absent means none. */
  readonly missingQuantity?: DecimalString;
  /** Wall time since when the exchange is proven not to list the pair; absent or null while it does. */
  readonly delistedAtMs?: number | null;
  readonly instrument: Instrument;
}

/** The exchange does not know its pair any more: no order of it can rest, none can be placed. */
export const isDelisted = ({ delistedAtMs }: Pick<PositionView, 'delistedAtMs'>): boolean =>
  typeof delistedAtMs === 'number';

/** What is held and, as far as the last reconciliation saw, is there to be sold. Never negative. */
export const availableQuantity = ({
  ledger,
  missingQuantity = ZERO,
}: Pick<PositionView, 'ledger' | 'missingQuantity'>): DecimalString =>
  maximum(subtract(ledger.heldQuantity, missingQuantity), ZERO);
