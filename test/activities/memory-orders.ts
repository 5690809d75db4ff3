import type { FoundOrder, FoundPosition, FoundSale } from '../../adapters/store/found';
import type { OrderPlan, OrderStore, SendRequest, SendTicket } from '../../adapters/store/port';
import {
  add,
  lessThan,
  maximum,
  multiply,
  subtract,
  sum,
  ZERO,
  type DecimalString,
} from '../../domain/decimal';
import { RefusalCode } from '../../domain/errors';
import { clientOrderId } from '../../domain/ids';
import { roundQuantity, untradable } from '../../domain/instrument';
import {
  inferFill,
  isInferred,
  mergeFills,
  quantityOf,
  quoteOf,
  type Executed,
} from '../../domain/inferred-fill';
import { ledgerOf } from '../../domain/ledger';
import {
  isTerminal,
  Leg,
  mayBeLive,
  OrderEvent,
  OrderState,
  Side,
  transition,
  type Fill,
  type OrderView,
} from '../../domain/order';
import { idsOfSale } from '../../domain/reconciliation';
import { availableQuantity, PositionState, type PositionView } from '../../domain/position';
import { TradingMode } from '../../domain/risk';
import type { AccountState } from '../../adapters/store/port';

/** What a position is granted with; the rest of it follows from orders and fills. */
export interface Grant extends Omit<PositionView, 'orders' | 'ledger' | 'state' | 'unprotectedMs'> {
  readonly deployment: string;
}

interface Row {
  readonly grant: Grant;
  instrument: Grant['instrument'];
  stopPrice: DecimalString;
  targetPrice: DecimalString;
  expiresAtMs: number;
  exitReason: PositionView['exitReason'];
  openedAtMs: number | null;
  closedAtMs: number | null;
  missingQuantity: DecimalString;
  delistedAtMs: number | null;
  state: PositionState;
  readonly gaps: Map<string, number>;
}

const blankOrder = {
  state: OrderState.Created,
  filledQuantity: ZERO,
  filledQuote: ZERO,
  exchangeOrderId: null,
  sendDeadlineMs: null,
  reason: null,
  version: 1,
};

/** Orders, fills and positions in memory, by the rules of the PostgreSQL store; one synchronous method is one transaction. */
export class MemoryOrders {
  /** Every time that the right to send was won. */
  readonly sends: { readonly account: string; readonly atMs: number }[] = [];
  private readonly rows = new Map<string, Row>();
  private readonly orders = new Map<string, OrderView>();
  private readonly fills = new Map<string, Fill>();

  open(grant: Grant): void {
    const { positionId, instrument, stopPrice, exitReason, openedAtMs, closedAtMs } = grant;
    const row = {
      grant,
      instrument,
      stopPrice,
      targetPrice: grant.targetPrice,
      expiresAtMs: grant.expiresAtMs,
      exitReason,
      openedAtMs,
      closedAtMs,
      missingQuantity: ZERO,
      delistedAtMs: null,
      gaps: new Map<string, number>(),
    };
    this.rows.set(positionId, { ...row, state: PositionState.Live });
    this.insert(grant, { leg: Leg.Entry, type: 'limit', limitPrice: grant.limitPrice, stopPrice: null });
    this.insert(grant, { leg: Leg.Stop, type: 'stop-market', limitPrice: null, stopPrice });
  }

  private insert(
    grant: Grant,
    order: Pick<OrderView, 'leg' | 'type' | 'limitPrice' | 'stopPrice'> & Partial<OrderView>,
  ): OrderView {
    const { positionId, account, symbol, quantity, session, deployment } = grant;
    const { leg, sequence = 0, replaces = null } = order;
    const id = clientOrderId({ deployment, account, session, positionId, leg, sequence });
    const side = leg === Leg.Entry ? Side.Buy : Side.Sell;
    const identity = { clientOrderId: id, positionId, account, symbol, sequence, side, quantity, replaces };
    const view: OrderView = { ...blankOrder, ...identity, ...order };
    this.orders.set(id, view);
    return view;
  }

  position(positionId: string): PositionView | undefined {
    const row = this.rows.get(positionId);
    if (row === undefined) return undefined;
    const { grant, instrument, stopPrice, exitReason, openedAtMs, closedAtMs } = row;
    const { missingQuantity, delistedAtMs, state, gaps, targetPrice, expiresAtMs } = row;
    const orders = [...this.orders.values()].filter((order) => order.positionId === positionId);
    const ids = new Set(orders.map((order) => order.clientOrderId));
    const fills = [...this.fills.values()].filter((fill) => ids.has(fill.clientOrderId));
    const unprotectedMs = [...gaps.values()].reduce((total, gap) => total + gap, 0);
    const wishes = {
      ...{ instrument, stopPrice, targetPrice, expiresAtMs },
      ...{ exitReason, openedAtMs, closedAtMs, missingQuantity },
    };
    return {
      ...grant,
      ...wishes,
      delistedAtMs,
      state,
      unprotectedMs,
      orders,
      ledger: ledgerOf(fills, instrument),
    };
  }

  positions(account: string): readonly PositionView[] {
    const mine = [...this.rows.values()].filter(({ grant }) => grant.account === account);
    return mine.flatMap(({ grant }) => this.position(grant.positionId) ?? []);
  }

  order(id: string): OrderView | undefined {
    return this.orders.get(id);
  }

  ordersOf(account: string): readonly OrderView[] {
    return [...this.orders.values()].filter((order) => order.account === account);
  }

  wish(positionId: string, change: (row: Row) => void): boolean {
    const row = this.rows.get(positionId);
    if (row?.state !== PositionState.Live) return false;
    change(row);
    return true;
  }

  recordGap(positionId: string, key: string, durationMs: number): void {
    this.rows.get(positionId)?.gaps.set(key, durationMs);
  }

  plan(wanted: OrderPlan): OrderView {
    const position = this.known(wanted.positionId);
    const { leg, sequence, type, stopPrice, replaces } = wanted;
    const there = position.orders.find((order) => order.leg === leg && order.sequence === sequence);
    if (there === undefined)
      return this.insert(this.rowOf(position).grant, {
        leg,
        sequence,
        type,
        stopPrice,
        replaces,
        limitPrice: null,
      });
    return there;
  }

  beginSend(account: AccountState, request: SendRequest): SendTicket {
    const order = this.orders.get(request.clientOrderId);
    if (order === undefined) throw new Error(`Order ${request.clientOrderId} is not in the outbox.`);
    if (order.state !== OrderState.Created) return { kind: 'not-created', order };
    const position = this.known(order.positionId);
    const quantity =
      order.leg === Leg.Entry
        ? order.quantity
        : roundQuantity(position.instrument, reducible(position, order));
    const refusal = refusalOf(account, position, order, request, quantity);
    if (refusal !== null && refusal !== RefusalCode.Halted) {
      const state = transition(order.state, OrderEvent.Withdrawn);
      return { kind: 'refused', code: refusal, order: this.write(order, { state, reason: refusal }) };
    }
    if (refusal !== null) return { kind: 'refused', code: refusal, order };
    const sendDeadlineMs = request.wallTimeMs + request.sendWindowMs;
    this.sends.push({ account: order.account, atMs: request.wallTimeMs });
    const sending = { state: OrderState.Sending, quantity, sendDeadlineMs, reason: null };
    return { kind: 'send', order: this.write(order, sending) };
  }

  note(news: Parameters<OrderStore['recordEvent']>[0]): OrderView | undefined {
    const { clientOrderId: id, event, exchangeOrderId = null, reason = null } = news;
    const order = this.orders.get(id);
    if (order === undefined) return undefined;
    const state = transition(order.state, event);
    const known = order.exchangeOrderId ?? exchangeOrderId;
    const sendDeadlineMs =
      state === OrderState.Created || order.sendDeadlineMs === null
        ? null
        : Math.min(order.sendDeadlineMs, news.attemptEndedMs ?? Infinity);
    const triggeredAtMs = order.triggeredAtMs ?? news.triggeredAtMs ?? null;
    if (
      state === order.state &&
      known === order.exchangeOrderId &&
      triggeredAtMs === (order.triggeredAtMs ?? null) &&
      sendDeadlineMs === order.sendDeadlineMs
    )
      return order;
    if (state !== OrderState.Abandoned) this.reopen(order.positionId);
    return this.write(order, {
      state,
      exchangeOrderId: known,
      triggeredAtMs,
      sendDeadlineMs,
      reason: state === order.state ? order.reason : reason,
    });
  }

  /** Journals a fill; undefined when it is known, or not ours. */
  fill(news: Fill): OrderView | undefined {
    const order = this.orders.get(news.clientOrderId);
    if (order === undefined || this.fills.has(news.tradeId)) return undefined;
    const known = this.fillsOf(order.clientOrderId);
    if (known.some(isInferred)) {
      const { instrument } = this.known(order.positionId);
      return this.writeFills(order, mergeFills(order, known, [news], instrument));
    }
    this.fills.set(news.tradeId, news);
    this.reopen(order.positionId);
    const row = this.rows.get(order.positionId);
    if (row !== undefined && order.leg === Leg.Entry)
      row.openedAtMs = Math.min(row.openedAtMs ?? Infinity, news.marketTimeMs);
    const filledQuantity = add(order.filledQuantity, news.quantity);
    const event = lessThan(filledQuantity, order.quantity) ? OrderEvent.SeenOpen : OrderEvent.SeenFilled;
    return this.write(order, {
      filledQuantity,
      filledQuote: add(order.filledQuote, multiply(news.price, news.quantity)),
      state: transition(order.state, event),
      exchangeOrderId: order.exchangeOrderId ?? news.exchangeOrderId,
    });
  }

  /** Lets a fill stand in for trades that the exchange does not list. */
  infer(id: string, executed: Executed): OrderView | undefined {
    const order = this.orders.get(id);
    if (order === undefined || !lessThan(order.filledQuantity, executed.quantity)) return undefined;
    const trades = this.fillsOf(id).filter((fill) => !isInferred(fill));
    const fill = inferFill(order, trades, executed, this.known(order.positionId).instrument);
    return fill === undefined ? undefined : this.writeFills(order, [...trades, fill]);
  }

  private fillsOf(id: string): readonly Fill[] {
    return [...this.fills.values()].filter((fill) => fill.clientOrderId === id);
  }

  private writeFills(order: OrderView, fills: readonly Fill[]): OrderView {
    for (const { tradeId } of this.fillsOf(order.clientOrderId)) this.fills.delete(tradeId);
    for (const fill of fills) this.fills.set(fill.tradeId, fill);
    this.reopen(order.positionId);
    const row = this.rows.get(order.positionId);
    if (row !== undefined && order.leg === Leg.Entry)
      row.openedAtMs = Math.min(row.openedAtMs ?? Infinity, ...fills.map(({ marketTimeMs }) => marketTimeMs));
    const filledQuantity = quantityOf(fills);
    const event = lessThan(filledQuantity, order.quantity) ? OrderEvent.SeenOpen : OrderEvent.SeenFilled;
    const state = transition(order.state, event);
    return this.write(order, { filledQuantity, filledQuote: quoteOf(fills), state });
  }

  adopt(found: FoundOrder): OrderView {
    const { clientOrderId: id, leg, sequence, type, quantity, limitPrice, stopPrice } = found;
    const { grant } = this.rowOf(this.known(found.positionId));
    const known = this.orders.get(id);
    if (known !== undefined && (known.sendDeadlineMs ?? 0) > 0) return known;
    const order = known ?? this.insert(grant, { leg, sequence, type, limitPrice, stopPrice });
    if (order.clientOrderId !== id) {
      this.orders.delete(order.clientOrderId);
      this.orders.set(id, { ...order, clientOrderId: id });
    }
    this.reopen(found.positionId);
    if (leg === Leg.Stop && stopPrice !== null)
      this.wish(found.positionId, (row) => {
        row.stopPrice = maximum(row.stopPrice, stopPrice);
      });
    const state = isTerminal(order.state) ? order.state : transition(order.state, OrderEvent.SeenOpen);
    return this.write(
      { ...order, clientOrderId: id },
      {
        type,
        quantity,
        limitPrice,
        stopPrice,
        state,
        sendDeadlineMs: 0,
        exchangeOrderId: found.exchangeOrderId,
      },
    );
  }

  recover(found: FoundPosition, account: AccountState, deployment: string): PositionView {
    const { positionId, entry, price: limitPrice, instrument } = found;
    if (this.rows.has(positionId)) return this.known(positionId);
    const { session, haltEpoch: epoch } = account;
    const blank = { trailDistance: null, openedAtMs: null, closedAtMs: null, exitReason: null };
    const { quantity } = entry;
    const { symbol } = instrument;
    const grant: Grant = {
      ...{ ...found, deployment, session, epoch, symbol, quantity, limitPrice, reservedQuote: limitPrice },
      ...blank,
    };
    const { stopPrice, targetPrice, expiresAtMs, exitReason, openedAtMs, closedAtMs } = grant;
    const wishes = {
      ...{ stopPrice, targetPrice, expiresAtMs, exitReason },
      ...{ openedAtMs, closedAtMs, missingQuantity: ZERO },
    };
    const row = { grant, instrument, ...wishes, delistedAtMs: null };
    this.rows.set(positionId, { ...row, gaps: new Map(), state: PositionState.Live });
    this.adopt({ ...entry, positionId, leg: Leg.Entry, sequence: 0 });
    return this.known(positionId);
  }

  adoptSale({
    clientOrderId: saleId,
    exchangeOrderId,
    leg,
    exitReason,
    parts,
  }: FoundSale): readonly string[] {
    if (idsOfSale(saleId).some((id) => this.orders.has(id))) return [];
    for (const { positionId, clientOrderId: id, quantity, fills } of parts) {
      const { orders, state, ledger } = this.known(positionId);
      if (lessThan(ledger.heldQuantity, quantity)) throw new Error(`conflict: ${positionId} holds less`);
      const sequence = orders.filter((order) => order.leg === leg).length;
      const place = { positionId, leg, sequence, clientOrderId: id, exchangeOrderId };
      this.adopt({ ...place, type: 'market', quantity, limitPrice: null, stopPrice: null });
      for (const fill of fills) this.fill(fill);
      if (state === PositionState.Live && exitReason !== null)
        this.wish(positionId, (row) => {
          row.exitReason = exitReason;
        });
    }
    return parts.map(({ positionId }) => positionId);
  }

  /** Ends a position whose flatness the caller has checked; orders that were never sent end with it. */
  close(positionId: string, reason: PositionView['exitReason'], marketTimeMs: number): void {
    for (const order of this.known(positionId).orders)
      if (order.state === OrderState.Created)
        this.note({ clientOrderId: order.clientOrderId, event: OrderEvent.Withdrawn });
    this.wish(positionId, (row) => {
      row.state = PositionState.Closed;
      row.exitReason ??= reason;
      row.closedAtMs = marketTimeMs;
    });
  }

  known(positionId: string): PositionView {
    const position = this.position(positionId);
    if (position === undefined) throw new Error(`Position ${positionId} is not in the journal.`);
    return position;
  }

  private rowOf({ positionId }: PositionView): Row {
    const row = this.rows.get(positionId);
    if (row === undefined) throw new Error(`Position ${positionId} is not in the journal.`);
    return row;
  }

  private reopen(positionId: string): void {
    const row = this.rows.get(positionId);
    if (row !== undefined) row.state = PositionState.Live;
  }

  private write(order: OrderView, change: Partial<OrderView>): OrderView {
    const after = { ...order, ...change, version: order.version + 1 };
    this.orders.set(order.clientOrderId, after);
    return after;
  }
}

/** Why an order may not be sent now; `halted` leaves it in the outbox, everything else withdraws it. */
function refusalOf(
  account: AccountState,
  position: PositionView,
  order: OrderView,
  request: SendRequest,
  quantity: DecimalString,
): RefusalCode | null {
  const { emergencyEpoch } = request;
  if (position.session !== account.session) return RefusalCode.StaleEpoch;
  if (emergencyEpoch === null) {
    if (account.mode === TradingMode.Halted || order.leg === Leg.Emergency) return RefusalCode.Halted;
  } else if (emergencyEpoch !== account.haltEpoch) return RefusalCode.Halted;
  if (order.leg !== Leg.Entry) {
    const price = order.stopPrice ?? position.stopPrice;
    const tooSmall = untradable(position.instrument, quantity, price) !== undefined;
    return tooSmall ? RefusalCode.NothingToReduce : null;
  }
  if (account.mode !== TradingMode.Active || emergencyEpoch !== null) return RefusalCode.NotActive;
  if (position.epoch !== account.haltEpoch) return RefusalCode.StaleEpoch;
  const { marketTimeMs } = request;
  if (marketTimeMs === null || marketTimeMs > position.expiresAtMs) return RefusalCode.Expired;
  return position.exitReason === null ? null : RefusalCode.NotActive;
}

/** What `order` may sell: what is held, less what the position's other live sells may still take. */
function reducible(position: PositionView, order: OrderView): DecimalString {
  const others = position.orders.filter(
    (other) =>
      other.leg !== Leg.Entry &&
      other.clientOrderId !== order.clientOrderId &&
      other.clientOrderId !== order.replaces &&
      mayBeLive(other.state),
  );
  const taken = sum(others.map((other) => subtract(other.quantity, other.filledQuantity)));
  return maximum(subtract(availableQuantity(position), taken), ZERO);
}
