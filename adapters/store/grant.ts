import {
  divide,
  maximum,
  multiply,
  ONE,
  subtract,
  sum,
  ZERO,
  type DecimalString,
} from '../../domain/decimal';
import { markEquity, type EquityState } from '../../domain/equity';
import { RefusalCode } from '../../domain/errors';
import { clientOrderId } from '../../domain/ids';
import { isTerminal, Leg, OrderState, OrderType, Side, type OrderView } from '../../domain/order';
import type { PositionView } from '../../domain/position';
import { sizePosition, type Approved, type OrderIntent, type RiskSnapshot } from '../../domain/risk';
import { findAccount, lockAccount, writeMark } from './accounts';
import { recordRiskEvent } from './journal';
import { laneRefusal } from './lanes';
import { insertOrder } from './orders';
import { findPosition, livePositions, lockPosition } from './positions';
import type { AccountState, GrantPreview, GrantRequest, GrantResult } from './port';
import { StoreError, StoreErrorCode } from './store-error';
import type { Transaction } from './transaction';

/**
 * Decides on an entry under the account's lock, so that no two decisions count on the same room. A refusal is
 * remembered like a grant: repeating the request gives the same answer, because the bar it was about is the same. That
 * the lane which asks may open nothing is about the lane, not the bar: nothing is written, and the next lane may ask.
 * @throws StoreError `unknown-account`
 */
export async function grant(tx: Transaction, request: GrantRequest): Promise<GrantResult> {
  const account = await lockAccount(tx, request.account);
  const earlier = await earlierAnswer(tx, request);
  if (earlier !== undefined) return earlier;
  const fenced = await laneRefusal(tx, request);
  if (fenced !== undefined) return { granted: false, ...fenced };

  const live = await livePositions(tx, request.account);
  const misplaced = misplacement(account, live, request);
  if (misplaced !== undefined) return refuse(tx, request, misplaced.code, misplaced.message);

  const equity = markEquity(account.equity, request.equity, request.marketTimeMs);
  await writeMark(tx, account, equity, request.marketTimeMs);
  const snapshot = snapshotOf(account, equity, live, request);
  const { proposal, limits, instrument, sizeFactor = ONE } = request;
  const verdict = sizePosition({ proposal, snapshot, limits, instrument, sizeFactor });
  if (!verdict.approved) return refuse(tx, request, verdict.code, verdict.message);
  await writeGrant(tx, request, account.haltEpoch, snapshot, verdict.intent);
  return { granted: true, position: await lockPosition(tx, request.positionId) };
}

/** What {@link grant} would say now, without granting anything or remembering the question. */
export async function preview(tx: Transaction, request: GrantRequest): Promise<GrantPreview> {
  const account = await findAccount(tx, request.account);
  if (account === undefined)
    throw new StoreError(StoreErrorCode.UnknownAccount, `Account ${request.account} is not in the journal.`);
  const fenced = await laneRefusal(tx, request);
  if (fenced !== undefined) return { granted: false, ...fenced };
  const live = await livePositions(tx, request.account);
  const misplaced = misplacement(account, live, request);
  if (misplaced !== undefined) return { granted: false, ...misplaced };
  const equity = markEquity(account.equity, request.equity, request.marketTimeMs);
  const snapshot = snapshotOf(account, equity, live, request);
  const { proposal, limits, instrument } = request;
  const verdict = sizePosition({ proposal, snapshot, limits, instrument });
  return verdict.approved
    ? { granted: true, intent: verdict.intent }
    : { granted: false, code: verdict.code, message: verdict.message };
}

const refusalKey = (positionId: string): string => `grant/${positionId}`;

async function earlierAnswer(
  tx: Transaction,
  { account, positionId }: GrantRequest,
): Promise<GrantResult | undefined> {
  const position = await findPosition(tx, positionId);
  if (position !== undefined) return { granted: true, position };
  const { rows } = await tx.query<{ code: RefusalCode; message: string }>(
    'SELECT code, message FROM risk_events WHERE account = $1 AND key = $2',
    [account, refusalKey(positionId)],
  );
  const [refusal] = rows;
  return refusal === undefined ? undefined : { granted: false, ...refusal };
}

async function refuse(
  tx: Transaction,
  request: GrantRequest,
  code: RefusalCode,
  message: string,
): Promise<GrantResult> {
  const { account, marketTimeMs } = request;
  await recordRiskEvent(tx, { account, code, message, marketTimeMs, key: refusalKey(request.positionId) });
  return { granted: false, code, message };
}

/** Refusals that are not about size: a session that is over, or a symbol that the strategy already holds. */
function misplacement(
  account: AccountState,
  live: readonly PositionView[],
  request: GrantRequest,
): { readonly code: RefusalCode; readonly message: string } | undefined {
  if (account.session !== request.session) {
    const message = `Session ${request.session} of account ${account.account} is over; the current one is ${account.session}.`;
    return { code: RefusalCode.StaleData, message };
  }
  const { strategy, proposal } = request;
  const held = live.find((position) => position.strategy === strategy && position.symbol === proposal.symbol);
  if (held === undefined) return undefined;
  const message = `${strategy} already has ${held.positionId} in ${proposal.symbol}.`;
  return { code: RefusalCode.AlreadyInPosition, message };
}

/** The account as the risk rules see it. */
function snapshotOf(
  account: AccountState,
  marks: EquityState,
  live: readonly PositionView[],
  request: GrantRequest,
): RiskSnapshot {
  const { equity, equityAtDayStart, peakEquity } = marks;
  const unconfirmed = live.filter((position) => entriesOf(position).some(isUnconfirmed));
  return {
    equity,
    equityAtDayStart,
    peakEquity,
    freeQuote: subtract(request.freeQuote, sum(unconfirmed.map(openReservation))),
    exposure: sum(live.flatMap((position) => [position.ledger.heldCost, openReservation(position)])),
    openPositions: live.length,
    mode: account.mode,
  };
}

const entriesOf = (position: PositionView): readonly OrderView[] =>
  position.orders.filter((order) => order.leg === Leg.Entry);

/** The exchange has not confirmed the entry, so its free balance does not show the reservation yet. */
const isUnconfirmed = (order: OrderView): boolean =>
  order.state === OrderState.Created ||
  order.state === OrderState.Sending ||
  order.state === OrderState.Unknown;

/** The part of the reservation which the entry may still spend, rounded up; zero once the entry is over. */
function openReservation(position: PositionView): DecimalString {
  if (entriesOf(position).every((order) => isTerminal(order.state))) return ZERO;
  const { quantity, reservedQuote, ledger } = position;
  const spent = divide(multiply(reservedQuote, ledger.boughtQuantity), quantity);
  return maximum(subtract(reservedQuote, spent), ZERO);
}

/** Approval, position and outbox rows. Only an approved intent gets here. */
async function writeGrant(
  tx: Transaction,
  request: GrantRequest,
  epoch: number,
  snapshot: RiskSnapshot,
  intent: Approved<OrderIntent>,
): Promise<void> {
  const { positionId, account, session, strategy, timeframe, barCloseMs, instrument } = request;
  await tx.query(
    `INSERT INTO positions (position_id, account, session, strategy, symbol, timeframe, bar_close_ms, instrument, stop_price)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      positionId,
      account,
      session,
      strategy,
      intent.symbol,
      timeframe,
      barCloseMs,
      instrument,
      intent.stopPrice,
    ],
  );
  await tx.query(
    `INSERT INTO approvals (position_id, epoch, quantity, limit_price, stop_price, target_price, trail_distance,
       reserved_quote, risk_quote, granted_at_ms, expires_at_ms, proposal, limits, snapshot, size_factor)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
    [
      positionId,
      epoch,
      intent.quantity,
      intent.limitPrice,
      intent.stopPrice,
      intent.targetPrice,
      intent.trailDistance,
      intent.reservedQuote,
      intent.riskQuote,
      request.marketTimeMs,
      request.expiresAtMs,
      request.proposal,
      request.limits,
      snapshot,
      request.sizeFactor ?? ONE,
    ],
  );
  await insertBracket(tx, request, intent);
}

async function insertBracket(tx: Transaction, request: GrantRequest, intent: OrderIntent): Promise<void> {
  const { deployment, account, session, positionId } = request;
  const idOf = (leg: Leg): string =>
    clientOrderId({ deployment, account, session, positionId, leg, sequence: 0 });
  const common = {
    positionId,
    account,
    symbol: intent.symbol,
    sequence: 0,
    quantity: intent.quantity,
    replaces: null,
  };
  await insertOrder(tx, {
    ...common,
    clientOrderId: idOf(Leg.Entry),
    leg: Leg.Entry,
    side: Side.Buy,
    type: OrderType.Limit,
    limitPrice: intent.limitPrice,
    stopPrice: null,
  });
  await insertOrder(tx, {
    ...common,
    clientOrderId: idOf(Leg.Stop),
    leg: Leg.Stop,
    side: Side.Sell,
    type: OrderType.StopMarket,
    limitPrice: null,
    stopPrice: intent.stopPrice,
  });
}
