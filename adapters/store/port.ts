import type { Bar, Timeframe } from '../../domain/bar';
import type { DecimalString } from '../../domain/decimal';
import type { EquityState } from '../../domain/equity';
import type { RefusalCode } from '../../domain/errors';
import type { Executed } from '../../domain/inferred-fill';
import type { Instrument } from '../../domain/instrument';
import type { Fill, Leg, OrderEvent, OrderType, OrderView } from '../../domain/order';
import type { ExitReason, PositionView } from '../../domain/position';
import type { OrderIntent, Proposal, RiskLimits, TradingMode } from '../../domain/risk';
import type { Reason } from '../../domain/strategy';
import type { FailureStreak, RequestKind } from '../../domain/triggers';
import type { SettingsEntry } from './run-record';
import type { FoundOrder, FoundPosition, FoundSale, ReconciliationRecord } from './found';

export { ExitReason, PositionState, type PositionView } from '../../domain/position';

/** One account of one deployment: what every grant and every send locks. */
export interface AccountState {
  readonly account: string;
  readonly session: string;
  readonly mode: TradingMode;
  readonly modeReason: string;
  /** Raised by every halt; sends record it, and only the emergency stop may send in a halted epoch. */
  readonly haltEpoch: number;
  readonly equity: EquityState | null;
  /** What the exchange account held when Ballast held nothing: coins that are not its to count or sell. By asset. */
  readonly foreignHoldings: Readonly<Record<string, DecimalString>>;
  /** When trading was last resumed, 0 for never: nothing from before counts against the account. */
  readonly measuredSince: { readonly wallTimeMs: number; readonly marketTimeMs: number };
}

export interface GrantRequest {
  readonly deployment: string;
  readonly positionId: string;
  readonly account: string;
  readonly session: string;
  readonly strategy: string;
  readonly timeframe: Timeframe;
  readonly barCloseMs: number;
  readonly proposal: Proposal;
  /** What the size that the limits allow is multiplied by: above 0, at most 1, which it is unless given. */
  readonly sizeFactor?: DecimalString;
  readonly limits: RiskLimits;
  readonly instrument: Instrument;
  /** The exchange's free quote balance, and equity marked to market, read just before. */
  readonly freeQuote: DecimalString;
  readonly equity: DecimalString;
  readonly marketTimeMs: number;
  readonly expiresAtMs: number;
  /** The fast lane that asks: refused unless {@link OrderStore.openLane} gave it this generation last. Absent: no lane asks. */
  readonly lane?: LaneToken;
}

/** By which a fast lane is known to be its strategy's current one. */
export interface LaneToken {
  readonly generation: number;
}

export interface LaneOpening {
  readonly account: string;
  readonly strategy: string;
  readonly entriesPaused: boolean;
  /** Why, for people. */
  readonly reason: string;
}

export type GrantResult =
  | { readonly granted: true; readonly position: PositionView }
  | { readonly granted: false; readonly code: RefusalCode; readonly message: string };

/** What a grant would say: of an entry that was never asked for. */
export type GrantPreview =
  | { readonly granted: true; readonly intent: OrderIntent }
  | { readonly granted: false; readonly code: RefusalCode; readonly message: string };

export interface OrderPlan {
  readonly deployment: string;
  readonly positionId: string;
  readonly leg: Leg;
  readonly sequence: number;
  readonly type: OrderType;
  readonly stopPrice: DecimalString | null;
  /** The live order this one takes the place of, or null. */
  readonly replaces: string | null;
}

export interface SendRequest {
  readonly clientOrderId: string;
  readonly wallTimeMs: number;
  /** Null when it is not known: then no entry is sent. */
  readonly marketTimeMs: number | null;
  /** How long after `wallTimeMs` the attempt may still leave the process. */
  readonly sendWindowMs: number;
  /** The halt epoch of the emergency stop that sends, or null for ordinary trading. */
  readonly emergencyEpoch: number | null;
}

/**
 * - `send`: this caller won the compare-and-set; it, and it alone, sends now, exactly `order`
 * - `refused`: the order was withdrawn (or, on a halt, left as it is) and is not to be sent
 * - `not-created`: somebody has sent it before; its fate is to be looked up
 */
export type SendTicket =
  | { readonly kind: 'send'; readonly order: OrderView }
  | { readonly kind: 'refused'; readonly code: RefusalCode; readonly order: OrderView }
  | { readonly kind: 'not-created'; readonly order: OrderView };

export interface FillOutcome {
  /** Orders that changed, with their new versions. Empty when every fill was known already. */
  readonly changed: readonly OrderView[];
  /** Fills whose client order id is not in the journal. */
  readonly ownerless: readonly Fill[];
}

/**
 * The order path (design section 3). Every method is one transaction, safe to repeat: the same call after a crash
 * changes nothing and returns the same answer.
 */
export interface OrderStore {
  /**
   * Under the account's lock: checks every limit and writes reservation, approval, position and the outbox rows of
   * entry and stop. A repeated request returns the first answer, grant or refusal; a refusal is a risk event.
   * That a lane is not the current one, or is paused, is no answer about the bar and not remembered: another lane may ask again.
   */
  grant(request: GrantRequest): Promise<GrantResult>;
  /** What {@link grant} would say now. Changes nothing. */
  preview(request: GrantRequest): Promise<GrantPreview>;
  /**
   * Opens a strategy's next fast lane under the account's lock and returns its generation, the first is 1. No lane before it is
   * granted anything any more, nor is this one while entries are paused; what was granted before is found by
   * {@link livePositions}. Repeated, it opens one more: the last answer counts.
   */
  openLane(lane: LaneOpening): Promise<number>;
  position(positionId: string): Promise<PositionView | undefined>;
  livePositions(account: string): Promise<readonly PositionView[]>;
  /** Journals an exit wish (the first reason stays). False when the position is unknown or closed. */
  wishExit(positionId: string, reason: ExitReason): Promise<boolean>;
  /** Raises the wished stop; a lower price changes nothing. True when a live position's wished stop is now this price. */
  wishStop(positionId: string, stopPrice: DecimalString): Promise<boolean>;
  /**
   * Takes over the exchange's present rules for a live position; the wished stop is rounded up to their tick. A closed
   * or unknown position is left alone.
   */
  updateInstrument(positionId: string, instrument: Instrument): Promise<void>;
  /**
   * Writes the outbox row of (position, leg, sequence), or returns the one that is there, whatever it says: the first
   * plan wins, and what is sent is always the row. The quantity of a sell is decided at the send.
   */
  plan(plan: OrderPlan): Promise<OrderView>;
  /**
   * The compare-and-set `created → sending`. Under the account row (shared), the position row and the order row it
   * checks mode, epoch, expiry and exit wishes, computes what a sell may still reduce (held − live sells, the replaced
   * one excepted, rounded down to the lot), and commits epoch and send deadline.
   */
  beginSend(request: SendRequest): Promise<SendTicket>;
  order(clientOrderId: string): Promise<OrderView | undefined>;
  /** Applies news to the order state machine. Unknown ids return undefined. */
  recordEvent(news: {
    readonly clientOrderId: string;
    readonly event: OrderEvent;
    readonly exchangeOrderId?: string;
    readonly reason?: string;
    /** Of `ambiguous`, by whoever made the attempt: nothing of it can leave the process after this wall time. */
    readonly attemptEndedMs?: number;
    /** Of `seen-triggered`: when, in wall time. The first one stays. */
    readonly triggeredAtMs?: number;
  }): Promise<OrderView | undefined>;
  /**
   * Journals fills once each, by (account, session, symbol, trade id, side); the orders' states follow from them, and a
   * closed position with a late fill is live again. `source` says how we learnt of them.
   */
  recordFills(
    account: string,
    fills: readonly Fill[],
    source: 'answer' | 'stream' | 'look-up' | 'reconciliation',
  ): Promise<FillOutcome>;
  /** Adds wall milliseconds without protection. `key` makes a repetition harmless. */
  recordUnprotected(positionId: string, key: string, durationMs: number): Promise<void>;
  /**
   * Closes the position when every order is terminal, with all its fills, and nothing sellable is held: frees the
   * reservation, writes the realised result. Stops and exits that were never sent are withdrawn with it. Returns the
   * position as it is afterwards (still `live` when something is left).
   */
  closePosition(positionId: string, reason: ExitReason, marketTimeMs: number): Promise<PositionView>;
  /** Client order ids that may be live at the exchange, or were never settled, in this account. */
  unsettledOrders(account: string): Promise<readonly OrderView[]>;
  /** Lets one fill stand in for the trades that an order has by its own sums and the exchange does not list. */
  inferFill(clientOrderId: string, executed: Executed): Promise<OrderView | undefined>;
  /** Positions of the current session that are live, or were closed at or after `sinceMs` in market time. */
  recentPositions(account: string, sinceMs: number): Promise<readonly PositionView[]>;
  /** Takes over an order that the journal has lost, or planned and does not know as sent. One sent from here stays as it is. */
  adoptOrder(found: FoundOrder): Promise<OrderView>;
  /** Takes over a position that the journal has lost; the one that is there when it is known. */
  recoverPosition(found: FoundPosition): Promise<PositionView>;
  /**
   * Journals a sale that no position ordered as exits of those whose coins it sold. Returns their ids; none when known.
   * @throws Error coded `conflict` when one of them holds less by now
   */
  adoptSale(sale: FoundSale): Promise<readonly string[]>;
  /** Notes since when (wall time) the exchange does not list a live position's pair; null: it does. True when that is news. */
  setDelisted(positionId: string, sinceMs: number | null): Promise<boolean>;
  /** Notes how much of what a position holds is not in the account. True when that is news. */
  setMissing(positionId: string, missing: DecimalString): Promise<boolean>;
}

export const DecisionOutcome = {
  Hold: 'hold',
  Enter: 'enter',
  Exit: 'exit',
  Trail: 'trail',
  Refused: 'refused',
  Skipped: 'skipped',
} as const;
export type DecisionOutcome = (typeof DecisionOutcome)[keyof typeof DecisionOutcome];

export interface DecisionKey {
  readonly account: string;
  readonly session: string;
  readonly strategy: string;
  readonly symbol: string;
  readonly barCloseMs: number;
}

/** The newest bar of a symbol that was decided on. */
export type DecidedBar = Pick<DecisionKey, 'symbol' | 'barCloseMs'>;

export interface Decision extends DecisionKey {
  readonly outcome: DecisionOutcome;
  readonly reasons: readonly Reason[];
  readonly close: DecimalString | null;
  readonly positionId: string | null;
  /** Of the user's file that decided, or that was to; null for a built-in strategy, absent in rows from before. */
  readonly strategyVersion?: string | null;
  /** What it went by beside its reasons. Absent: as recorded before for this bar. */
  readonly inputs?: DecisionInputs;
  /** Of the cycle's workflow; null outside of one. Absent: as recorded before for this bar. */
  readonly runId?: string | null;
}

/** What a decision went by, beside the strategy's own reasons. */
export interface DecisionInputs {
  readonly venue: string;
  readonly timeframe: Timeframe;
  /** Whether the candles could be decided on, and what was doubtful about them. */
  readonly candles: {
    readonly ok: boolean;
    readonly problem: string | null;
    readonly doubts: readonly Reason[];
  };
}

export interface CandleKey {
  readonly venue: string;
  readonly session: string;
  readonly symbol: string;
  readonly timeframe: Timeframe;
}

export interface ModeChange {
  readonly reason: string;
  readonly by: string;
  /** The halt epoch that is left; needed to leave HALTED. */
  readonly epoch?: number;
  /** Count losses from the latest mark on, and everything else from now. Without a market time, that of the latest mark. */
  readonly measureAfresh?: { readonly wallTimeMs: number; readonly marketTimeMs: number | null };
  /** Makes a repeated request one change: what was done once is not done again, whatever has happened since. */
  readonly key?: string;
}

/** The rest of the journal: candles, decisions, account modes, equity, risk events and the operators' audit trail. */
export interface Journal {
  /** Creates the account's row when missing, and moves it to `session` when a new one has begun. */
  openAccount(account: string, session: string): Promise<AccountState>;
  account(account: string): Promise<AccountState | undefined>;
  recordForeignHoldings(account: string, holdings: AccountState['foreignHoldings']): Promise<void>;
  /**
   * Raises the halt epoch and sets HALTED, in one row. Works with Temporal down. Of an account that is HALTED already it
   * returns the epoch in force, and a repeat with the same key returns the same epoch as before.
   */
  raiseHalt(account: string, halt: { key: string; reason: string; by: string }): Promise<number>;
  /** Changes the mode. Leaving HALTED is refused unless `epoch` is the current halt epoch. */
  setMode(account: string, mode: TradingMode, change: ModeChange): Promise<AccountState>;
  saveCandles(key: CandleKey, bars: readonly Bar[]): Promise<void>;
  /** The newest `limit` bars that closed at or before `untilMs`, oldest first. */
  candles(key: CandleKey, untilMs: number, limit: number): Promise<readonly Bar[]>;
  /** Once per (account, session, strategy, symbol, bar); a repeat overwrites with the same content. */
  recordDecision(decision: Decision): Promise<void>;
  /** What was decided on a bar. A position is keyed by the bar it was entered on: that decision is its entry. */
  decision(key: DecisionKey): Promise<Decision | undefined>;
  /**
   * The newest bar of each symbol that a strategy has decided on in a session, by symbol. A bar that was skipped because its candles
   * could not be decided on was not; nor was one whose entry was asked for and neither granted nor refused so far.
   */
  lastDecided(account: string, session: string, strategy: string): Promise<readonly DecidedBar[]>;
  /** Journals what a strategy decides with from a bar on, when that is something else than before. */
  recordSettings(entry: SettingsEntry): Promise<void>;
  recordEquity(account: string, session: string, state: EquityState, marketTimeMs: number): Promise<void>;
  recordRiskEvent(event: {
    account: string;
    code: string;
    message: string;
    marketTimeMs: number | null;
    key: string;
  }): Promise<void>;
  /** Journals that requests to the exchange have failed, after a success that ended the streak before when `ended`. */
  recordStreak(
    account: string,
    news: {
      readonly kind: RequestKind;
      readonly ended: boolean;
      readonly failed: Omit<FailureStreak, 'kind'> | null;
    },
  ): Promise<void>;
  failureStreaks(account: string): Promise<readonly FailureStreak[]>;
  /** How many times an order was sent since a wall time. */
  ordersSent(account: string, sinceMs: number): Promise<number>;
  /**
   * Takes note of the positions without a resident stop at a wall time, and forgets those that are not named any more.
   * Returns since when each has been without.
   */
  noteMissingStops(
    account: string,
    positionIds: readonly string[],
    nowMs: number,
  ): Promise<ReadonlyMap<string, number>>;
  hasRiskEvent(account: string, key: string): Promise<boolean>;
  /**
   * Findings of a reconciliation as risk events, each once by its key. Tells which are news, and which were known when a
   * person last resumed trading.
   */
  recordFindings(
    account: string,
    findings: readonly { readonly key: string; readonly code: string; readonly message: string }[],
    marketTimeMs: number,
  ): Promise<{ readonly fresh: ReadonlySet<string>; readonly accepted: ReadonlySet<string> }>;
  /** Keeps the report of a reconciliation, once by its key. */
  recordReconciliation(
    entry: Omit<ReconciliationRecord, 'recordedAt'> & { readonly account: string; readonly key: string },
  ): Promise<void>;
  lastReconciliation(account: string): Promise<ReconciliationRecord | undefined>;
  /** One row per operator command, written before it takes effect. */
  audit(entry: {
    account: string;
    command: string;
    arguments: Readonly<Record<string, unknown>>;
    reason: string | null;
    by: string;
  }): Promise<void>;
}
