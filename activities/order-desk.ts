import { marketTimeAt } from '../domain/clock';
import { isZero, lessThan } from '../domain/decimal';
import { ExchangeFailure, FailureKind } from '../domain/errors';
import { isTerminal, Leg, OrderEvent, OrderState, type Fill, type OrderView } from '../domain/order';
import { backoffMs, DELISTED_REASON, WOULD_TRIGGER_REASON } from '../domain/planner';
import type { PositionView } from '../domain/position';
import type { ExchangePort, OrderReport, OrderRequest, ReplaceReport } from '../adapters/exchange/port';
import { isUnlisted } from '../adapters/exchange/try-each';
import type { OrderPlan, OrderStore } from '../adapters/store/port';
import { provesDelisting } from './delisting-proof';
import type { MarketClock } from './market-clock';
import { attempt, type Attempt, type OrderTiming, type SendWindows } from './order-attempt';
import { OwedTrades } from './owed-trades';
import { answerOr, failureOr, reasonOf } from './refusals';

export interface OrderDeskDeps {
  readonly exchange: ExchangePort;
  readonly orders: OrderStore;
  readonly clock: MarketClock;
  readonly timing: OrderTiming;
  readonly wallTimeMs: () => number;
  /** Awaited before anything is sent; throws when nothing may be sent yet. */
  readonly mayBegin?: () => Promise<void>;
}

/** What news may say beside the event. */
type NewsDetail = Pick<
  Parameters<OrderStore['recordEvent']>[0],
  'reason' | 'exchangeOrderId' | 'triggeredAtMs' | 'attemptEndedMs'
>;

/** The reason recorded on an order whose predecessor sold something between its plan and its send. */
const HAS_SOLD_REASON = 'the order to be replaced has sold meanwhile';

/** The reason recorded on an order that rested, and that the exchange does not know any more. */
const VANISHED_REASON = 'the exchange no longer knows it';

/** A report told of fills that the exchange does not list yet: it is asked again after this. */
const FILLS_OWED_MS = 500;

const EVENT_OF_STATUS = {
  open: OrderEvent.SeenOpen,
  filled: OrderEvent.SeenFilled,
  cancelled: OrderEvent.SeenCancelled,
  expired: OrderEvent.SeenExpired,
  rejected: OrderEvent.SeenRejected,
} as const;

/**
 * The one place where orders meet the exchange (design section 3). It decides nothing: it sends what the outbox lets
 * it send, and journals what it learns, fills before states, so that a crash between the two loses no fill.
 */
export class OrderDesk {
  private readonly owedTrades: OwedTrades;

  constructor(private readonly deps: OrderDeskDeps) {
    this.owedTrades = new OwedTrades(deps);
  }

  /**
   * Plans the order if it is new, wins or loses the right to send it, and sends it. Safe to repeat after any crash:
   * whoever finds the order already sent looks it up instead.
   */
  async submit(plan: OrderPlan, emergencyEpoch: number | null = null): Promise<Attempt> {
    await this.deps.mayBegin?.();
    const planned = await this.deps.orders.plan(plan);
    const wallTimeMs = this.deps.wallTimeMs();
    // An emergency sends no entries, which alone expire, and does not wait for a clock.
    const marketTimeMs =
      emergencyEpoch === null ? marketTimeAt(await this.deps.clock.reading(), wallTimeMs) : null;
    const ticket = await this.deps.orders.beginSend({
      clientOrderId: planned.clientOrderId,
      wallTimeMs,
      marketTimeMs,
      sendWindowMs: this.windowsOf(plan).sendWindowMs,
      emergencyEpoch,
    });
    if (ticket.kind === 'send') return this.transmit(ticket.order);
    if (ticket.kind === 'refused') return { ...attempt(ticket.order), refused: ticket.code };
    return this.resolve(ticket.order.clientOrderId);
  }

  /**
   * Learns the fate of an order that was, or may have been, sent. One that cannot be found stays unknown until every
   * window has passed in which it could still arrive or become visible; only then it is proven absent.
   */
  async resolve(clientOrderId: string): Promise<Attempt> {
    const order = await this.known(clientOrderId);
    if (order.sendDeadlineMs === null || order.state === OrderState.Filled) return attempt(order);
    const found = await failureOr(this.deps.exchange.lookUp(order.symbol, clientOrderId));
    if (found instanceof ExchangeFailure) return this.withoutPair(order, found);
    if (found !== undefined) return this.withReplaced(await this.learned(found, 'look-up'));
    if (isTerminal(order.state)) return attempt(order);
    const patience = this.patienceMs(order);
    if (order.state === OrderState.Open) return patience > 0 ? attempt(order) : this.vanished(order);
    if (patience > 0) {
      const unknown = await this.note(clientOrderId, OrderEvent.Ambiguous);
      return { ...attempt(unknown), retryAfterMs: patience };
    }
    const late = await this.foundInHistory(order);
    if (late !== undefined) return this.withReplaced(late);
    const absent = await this.note(clientOrderId, OrderEvent.ProvenAbsent, {
      reason: 'never reached the exchange',
    });
    return this.withReplaced(attempt(absent));
  }

  /**
   * The exchange does not know the pair of an order. When that is proven, nothing of it rests, and nothing that is under way can
   * come to rest. What it may have filled before nobody tells any more: the balances do, and the exchange once it lists the pair again.
   */
  private async withoutPair(order: OrderView, failure: ExchangeFailure): Promise<Attempt> {
    if (!isUnlisted(failure) || !(await provesDelisting(this.deps, order))) throw failure;
    if (isTerminal(order.state)) return attempt(order);
    const isOpen = order.state === OrderState.Open;
    const patience = this.patienceMs(order);
    if (!isOpen && patience > 0) {
      const unknown = await this.note(order.clientOrderId, OrderEvent.Ambiguous);
      return { ...attempt(unknown), retryAfterMs: patience };
    }
    const event = isOpen ? OrderEvent.SeenCancelled : OrderEvent.ProvenAbsent;
    const ended = await this.note(order.clientOrderId, event, { reason: DELISTED_REASON });
    return this.withReplaced(attempt(ended));
  }

  /**
   * An order that rested is not found any more: a test network that was reset, or a record that was purged. When no list
   * has it either it does not rest, whatever became of it, and a stop is needed anew. What it has filled is asked for first.
   */
  private async vanished(order: OrderView): Promise<Attempt> {
    const { exchange, orders } = this.deps;
    const { symbol, clientOrderId, exchangeOrderId } = order;
    const open = await exchange.openOrders(symbol);
    if (open.some((candidate) => candidate.clientOrderId === clientOrderId)) return attempt(order);
    const past = await this.foundInHistory(order);
    if (past !== undefined) return this.withReplaced(past);
    if (exchangeOrderId !== null) {
      const fills = await exchange.fillsOf(symbol, exchangeOrderId, clientOrderId);
      await orders.recordFills(order.account, fills, 'look-up');
    }
    const { filledQuantity, quantity } = await this.known(clientOrderId);
    const isFilled = !lessThan(filledQuantity, quantity);
    const event = isFilled ? OrderEvent.SeenFilled : OrderEvent.SeenCancelled;
    return this.withReplaced(attempt(await this.note(clientOrderId, event, { reason: VANISHED_REASON })));
  }

  /** Takes an order back: withdraws it when it was never sent, else cancels it and journals how it ended. */
  async cancel(clientOrderId: string): Promise<Attempt> {
    const order = await this.known(clientOrderId);
    if (order.state === OrderState.Created) {
      return attempt(await this.note(clientOrderId, OrderEvent.Withdrawn, { reason: 'withdrawn' }));
    }
    if (order.state !== OrderState.Open) return this.resolve(clientOrderId);
    const report = await answerOr(this.deps.exchange.cancel(order.symbol, clientOrderId));
    return report === undefined ? this.resolve(clientOrderId) : this.learned(report, 'answer');
  }

  /** Journals what a report tells: first its fills, fetched when the report did not carry them all, then its state. */
  async learn(
    report: OrderReport,
    source: 'answer' | 'stream' | 'look-up' | 'reconciliation',
  ): Promise<OrderView> {
    const { orders, exchange } = this.deps;
    const order = await this.adopted(report);
    if (report.fills.length > 0) await orders.recordFills(order.account, report.fills, source);
    if (lessThan((await this.known(report.clientOrderId)).filledQuantity, report.filledQuantity)) {
      const fills = await answerOr(
        exchange.fillsOf(report.symbol, report.exchangeOrderId, report.clientOrderId),
      );
      await orders.recordFills(order.account, fills ?? [], source);
    }
    const complete = await this.owedTrades.isComplete(report);
    // A final state is journaled only with all its fills: until they are visible the order counts as open.
    const event = complete ? EVENT_OF_STATUS[report.status] : OrderEvent.SeenOpen;
    const triggered = event === OrderEvent.SeenOpen && report.triggered === true;
    return triggered
      ? this.learnTriggered(report.clientOrderId, report.exchangeOrderId)
      : this.note(report.clientOrderId, event, { exchangeOrderId: report.exchangeOrderId });
  }

  /** Journals that the market has reached a stop, whoever says so. */
  learnTriggered(clientOrderId: string, exchangeOrderId?: string): Promise<OrderView> {
    const triggeredAtMs = this.deps.wallTimeMs();
    return this.note(clientOrderId, OrderEvent.SeenTriggered, {
      triggeredAtMs,
      ...(exchangeOrderId !== undefined && { exchangeOrderId }),
    });
  }

  /** The order as journaled; one that this journal does not know as sent takes over what the exchange has. */
  private async adopted(report: OrderReport): Promise<OrderView> {
    const order = await this.known(report.clientOrderId);
    const { sendDeadlineMs, positionId, leg, sequence, clientOrderId } = order;
    const asSent = sendDeadlineMs !== null && sendDeadlineMs > 0;
    if (asSent || (order.sendDeadlineMs === 0 && order.quantity === report.quantity)) return order;
    return this.deps.orders.adoptOrder({
      ...{ clientOrderId, positionId, leg, sequence },
      ...{ exchangeOrderId: report.exchangeOrderId, quantity: report.quantity },
      type: report.type ?? order.type,
      limitPrice: report.type === undefined ? order.limitPrice : (report.limitPrice ?? null),
      stopPrice: report.type === undefined ? order.stopPrice : report.stopPrice,
    });
  }

  /** Journals one fill. `ownerless` when the journal does not know its order; no `order` when the fill was known. */
  async learnFill(
    account: string,
    fill: Fill,
  ): Promise<{ order: OrderView | undefined; ownerless: boolean }> {
    const { changed, ownerless } = await this.deps.orders.recordFills(account, [fill], 'stream');
    return { order: changed[0], ownerless: ownerless.length > 0 };
  }

  /** Learns from a report, and says when to look again if the journal still lacks fills that it tells of. */
  private async learned(report: OrderReport, source: 'answer' | 'look-up'): Promise<Attempt> {
    const order = await this.learn(report, source);
    const owed = lessThan(order.filledQuantity, report.filledQuantity);
    return { ...attempt(order), retryAfterMs: owed ? FILLS_OWED_MS : null };
  }

  /** Wall time at which the right to send the order was won; null while it was never sent. */
  attemptedAtMs(order: OrderView): number | null {
    return order.sendDeadlineMs === null ? null : order.sendDeadlineMs - this.windowsOf(order).sendWindowMs;
  }

  /** Orders of the leg that came to nothing in a row are a reason to pause before the next. */
  mustBackOff(position: PositionView, leg: Leg): boolean {
    const attempts = position.orders
      .filter((order) => order.leg === leg)
      .map((order) => this.attemptedAtMs(order));
    const latestMs = Math.max(...attempts.filter((attemptMs) => attemptMs !== null));
    return this.deps.wallTimeMs() < latestMs + backoffMs(position, leg);
  }

  private windowsOf({ leg }: Pick<OrderView, 'leg'>): SendWindows {
    const { timing } = this.deps;
    return leg === Leg.Entry ? timing : (timing.reducing ?? timing);
  }

  private async transmit(order: OrderView): Promise<Attempt> {
    const request: OrderRequest = {
      ...order,
      sendDeadlineMs: this.deadlineOf(order),
      receiveWindowMs: this.windowsOf(order).receiveWindowMs,
    };
    if (order.replaces !== null) {
      const replaced = await this.known(order.replaces);
      if (replaced.state === OrderState.Open) {
        const result = await failureOr(this.deps.exchange.replace(replaced.clientOrderId, request));
        if (result instanceof ExchangeFailure) return this.failed(order, result);
        return this.answered(order, () => this.replaced(order, replaced, result));
      }
      // The quantity was decided before that sale: sent now, it might sell what is not ours.
      if (!isZero(replaced.filledQuantity)) return attempt(await this.refuse(order, HAS_SOLD_REASON));
    }
    const report = await failureOr(this.deps.exchange.submit(request));
    if (report instanceof ExchangeFailure) return this.failed(order, report);
    return this.answered(order, () => this.learned(report, 'answer'));
  }

  /**
   * Learns from the answer to a send. Questions asked on the way may fail, and such a failure proves nothing about the
   * order: were it taken for the failure of the send, an order that was executed might be sent again.
   */
  private async answered(order: OrderView, learn: () => Promise<Attempt>): Promise<Attempt> {
    const learnt = await failureOr(learn());
    if (!(learnt instanceof ExchangeFailure)) return learnt;
    const unknown = await this.note(order.clientOrderId, OrderEvent.Ambiguous, { reason: learnt.message });
    return { ...attempt(unknown), retryAfterMs: learnt.detail.retryAfterMs ?? null };
  }

  private async replaced(order: OrderView, replaced: OrderView, result: ReplaceReport): Promise<Attempt> {
    if (result.outcome === 'replaced') {
      const alsoChanged = [await this.learn(result.cancelled, 'answer')];
      return { ...(await this.learned(result.placed, 'answer')), alsoChanged };
    }
    if (result.outcome === 'naked') {
      const alsoChanged = [await this.learn(result.cancelled, 'answer')];
      const reason = result.wouldTrigger ? WOULD_TRIGGER_REASON : result.message;
      return { ...attempt(await this.refuse(order, reason)), alsoChanged };
    }
    const refused = await this.refuse(order, result.message);
    return { ...attempt(refused), alsoChanged: [(await this.resolve(replaced.clientOrderId)).order] };
  }

  private async failed(order: OrderView, failure: ExchangeFailure): Promise<Attempt> {
    const retryAfterMs = failure.detail.retryAfterMs ?? null;
    switch (failure.kind) {
      case FailureKind.Rejected: {
        const refused = await this.refuse(order, reasonOf(failure));
        if (failure.detail.breaksRules === true) await this.readRules(order);
        const isGone = isUnlisted(failure) && (await failureOr(provesDelisting(this.deps, order))) === true;
        return isGone ? this.withReplaced(attempt(refused)) : attempt(refused);
      }
      case FailureKind.NotExecuted: {
        const back = await this.note(order.clientOrderId, OrderEvent.NotExecuted, {
          reason: failure.message,
        });
        return { ...attempt(back), retryAfterMs };
      }
      case FailureKind.Ambiguous:
        return {
          ...attempt(
            await this.note(order.clientOrderId, OrderEvent.Ambiguous, {
              reason: failure.message,
              attemptEndedMs: this.deps.wallTimeMs(),
            }),
          ),
          retryAfterMs,
        };
    }
  }

  /**
   * The pair's rules may have changed since the position was granted: what is planned next goes by the present ones, or
   * it would be refused for ever. When they cannot be had the next refusal asks again.
   */
  private async readRules({ positionId, symbol }: OrderView): Promise<void> {
    const instruments = await failureOr(this.deps.exchange.instruments([symbol]));
    if (instruments instanceof ExchangeFailure) return;
    for (const instrument of instruments) await this.deps.orders.updateInstrument(positionId, instrument);
  }

  /** After a replacement was found or proven absent, the order it was to replace is looked at as well. */
  private async withReplaced(found: Attempt): Promise<Attempt> {
    const { replaces } = found.order;
    if (replaces === null || isTerminal((await this.known(replaces)).state)) return found;
    return { ...found, alsoChanged: [(await this.resolve(replaces)).order] };
  }

  /** The last look before an absence counts as proven: the exchange's own list of the time since the attempt. */
  private async foundInHistory(order: OrderView): Promise<Attempt | undefined> {
    const { exchange, clock, wallTimeMs } = this.deps;
    const attemptedMs = this.attemptedAtMs(order) ?? wallTimeMs();
    const sinceMs = marketTimeAt(await clock.reading(), Math.min(attemptedMs, wallTimeMs())) - 60_000;
    const history = await exchange.ordersSince(order.symbol, sinceMs);
    const report = history.find((candidate) => candidate.clientOrderId === order.clientOrderId);
    return report === undefined ? undefined : this.learned(report, 'look-up');
  }

  /** Wall milliseconds until an order that cannot be found is proven absent. */
  private patienceMs(order: OrderView): number {
    const { receiveWindowMs } = this.windowsOf(order);
    return (
      this.deadlineOf(order) + receiveWindowMs + this.deps.timing.visibilityLagMs - this.deps.wallTimeMs()
    );
  }

  private deadlineOf(order: OrderView): number {
    if (order.sendDeadlineMs === null)
      throw new Error(`Order ${order.clientOrderId} is ${order.state} but was never sent.`);
    return order.sendDeadlineMs;
  }

  private async known(clientOrderId: string): Promise<OrderView> {
    const order = await this.deps.orders.order(clientOrderId);
    if (order === undefined) throw new Error(`Order ${clientOrderId} is not in the journal.`);
    return order;
  }

  private refuse(order: OrderView, reason: string): Promise<OrderView> {
    return this.note(order.clientOrderId, OrderEvent.Refused, { reason });
  }

  private async note(clientOrderId: string, event: OrderEvent, detail: NewsDetail = {}): Promise<OrderView> {
    const journaled = await this.deps.orders.recordEvent({ clientOrderId, event, ...detail });
    return journaled ?? this.known(clientOrderId);
  }
}
