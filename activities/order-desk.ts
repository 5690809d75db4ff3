import { marketTimeAt } from '../domain/clock';
import { isZero, lessThan } from '../domain/decimal';
import { ExchangeFailure, FailureKind } from '../domain/errors';
import { isTerminal, Leg, OrderEvent, OrderState, type OrderView } from '../domain/order';
import { backoffMs } from '../domain/back-off';
import { DELISTED_REASON, WOULD_TRIGGER_REASON } from '../domain/planner';
import type { PositionView } from '../domain/position';
import type { OrderReport, OrderRequest, ReplaceReport } from '../adapters/exchange/port';
import { isUnlisted } from '../adapters/exchange/try-each';
import type { OrderPlan } from '../adapters/store/port';
import { provesDelisting } from './delisting-proof';
import type { MarketClock } from './market-clock';
import { attempt, type Attempt, type OrderTiming, type SendWindows } from './order-attempt';
import { OrderNews, type OrderNewsDeps } from './order-news';
import { answerOr, failureOr, reasonOf } from './refusals';

export interface OrderDeskDeps extends OrderNewsDeps {
  readonly clock: MarketClock;
  readonly timing: OrderTiming;
  /** Awaited before anything is sent; throws when nothing may be sent yet. */
  readonly mayBegin?: () => Promise<void>;
}

/** The reason recorded on an order whose predecessor sold something between its plan and its send. */
const HAS_SOLD_REASON = 'the order to be replaced has sold meanwhile';

/** The reason recorded on an order that rested, and that the exchange does not know any more. */
const VANISHED_REASON = 'the exchange no longer knows it';

/** A report told of fills that the exchange does not list yet: it is asked again after this. */
const FILLS_OWED_MS = 500;

/**
 * The one place where orders meet the exchange (design section 3). It decides nothing: it sends what the outbox lets
 * it send, and has journaled what it learns.
 */
export class OrderDesk {
  /** What the exchange tells, on whichever way. */
  readonly news: OrderNews;

  constructor(private readonly deps: OrderDeskDeps) {
    this.news = new OrderNews(deps);
  }

  /**
   * Plans the order if it is new, wins or loses the right to send it, and sends it. Safe to repeat after any crash:
   * whoever finds the order already sent looks it up instead.
   */
  async submit(plan: OrderPlan, emergencyEpoch: number | null = null): Promise<Attempt> {
    await this.deps.mayBegin?.();
    const planned = await this.deps.orders.plan(plan);
    return this.send({ ...planned, leg: plan.leg }, emergencyEpoch);
  }

  /**
   * {@link submit} for an entry, whose row the grant has written.
   * @param owned nothing leaves before it resolves; when it rejects, provably nothing was sent
   */
  async sendEntry(clientOrderId: string, owned: Promise<unknown>): Promise<Attempt> {
    await this.deps.mayBegin?.();
    return this.send({ clientOrderId, leg: Leg.Entry }, null, owned);
  }

  private async send(
    order: Pick<OrderView, 'clientOrderId' | 'leg'>,
    emergencyEpoch: number | null,
    owned?: Promise<unknown>,
  ): Promise<Attempt> {
    const wallTimeMs = this.deps.wallTimeMs();
    // An emergency sends no entries, which alone expire, and does not wait for a clock.
    const marketTimeMs =
      emergencyEpoch === null ? marketTimeAt(await this.deps.clock.reading(), wallTimeMs) : null;
    const ticket = await this.deps.orders.beginSend({
      clientOrderId: order.clientOrderId,
      wallTimeMs,
      marketTimeMs,
      sendWindowMs: this.windowsOf(order).sendWindowMs,
      emergencyEpoch,
    });
    if (ticket.kind === 'send') {
      await this.untilOwned(ticket.order, owned);
      return this.transmit(ticket.order);
    }
    if (ticket.kind === 'refused') return { ...attempt(ticket.order), refused: ticket.code };
    return this.resolve(ticket.order.clientOrderId);
  }

  private async untilOwned({ clientOrderId }: OrderView, owned?: Promise<unknown>): Promise<void> {
    try {
      await owned;
    } catch (error) {
      await this.news.note(clientOrderId, OrderEvent.NotExecuted, {
        reason: 'nobody could be told to own it',
      });
      throw error;
    }
  }

  /**
   * Learns the fate of an order that was, or may have been, sent. One that cannot be found stays unknown until every
   * window has passed in which it could still arrive or become visible; only then it is proven absent.
   */
  async resolve(clientOrderId: string): Promise<Attempt> {
    const order = await this.news.known(clientOrderId);
    if (order.sendDeadlineMs === null || order.state === OrderState.Filled) return attempt(order);
    const found = await failureOr(this.deps.exchange.lookUp(order.symbol, clientOrderId));
    if (found instanceof ExchangeFailure) return this.withoutPair(order, found);
    if (found !== undefined) return this.withReplaced(await this.learned(found, 'look-up'));
    if (isTerminal(order.state)) return attempt(order);
    const patience = this.patienceMs(order);
    if (order.state === OrderState.Open) return patience > 0 ? attempt(order) : this.vanished(order);
    if (patience > 0) {
      const unknown = await this.news.note(clientOrderId, OrderEvent.Ambiguous);
      return { ...attempt(unknown), retryAfterMs: patience };
    }
    const late = await this.foundInHistory(order);
    if (late !== undefined) return this.withReplaced(late);
    const absent = await this.news.note(clientOrderId, OrderEvent.ProvenAbsent, {
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
      const unknown = await this.news.note(order.clientOrderId, OrderEvent.Ambiguous);
      return { ...attempt(unknown), retryAfterMs: patience };
    }
    const event = isOpen ? OrderEvent.SeenCancelled : OrderEvent.ProvenAbsent;
    const ended = await this.news.note(order.clientOrderId, event, { reason: DELISTED_REASON });
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
    const { filledQuantity, quantity } = await this.news.known(clientOrderId);
    const isFilled = !lessThan(filledQuantity, quantity);
    const event = isFilled ? OrderEvent.SeenFilled : OrderEvent.SeenCancelled;
    return this.withReplaced(
      attempt(await this.news.note(clientOrderId, event, { reason: VANISHED_REASON })),
    );
  }

  /** Takes an order back: withdraws it when it was never sent, else cancels it and journals how it ended. */
  async cancel(clientOrderId: string): Promise<Attempt> {
    const order = await this.news.known(clientOrderId);
    if (order.state === OrderState.Created) {
      return attempt(await this.news.note(clientOrderId, OrderEvent.Withdrawn, { reason: 'withdrawn' }));
    }
    if (order.state !== OrderState.Open) return this.resolve(clientOrderId);
    const report = await answerOr(this.deps.exchange.cancel(order.symbol, clientOrderId));
    return report === undefined ? this.resolve(clientOrderId) : this.learned(report, 'answer');
  }

  /** Learns from a report, and says when to look again if the journal still lacks fills that it tells of. */
  private async learned(report: OrderReport, source: 'answer' | 'look-up'): Promise<Attempt> {
    const order = await this.news.learn(report, source);
    const owed = lessThan(order.filledQuantity, report.filledQuantity);
    return { ...attempt(order), retryAfterMs: owed ? FILLS_OWED_MS : null };
  }

  /** Wall time at which the right to send the order was won; null while it was never sent. */
  attemptedAtMs(order: OrderView): number | null {
    return order.sendDeadlineMs === null ? null : order.sendDeadlineMs - this.windowsOf(order).sendWindowMs;
  }

  /** Orders of the leg that came to nothing in a row are a reason to pause before the next: wall milliseconds that are left. */
  backOffMs(position: PositionView, leg: Leg): number {
    const attempts = position.orders
      .filter((order) => order.leg === leg)
      .map((order) => this.attemptedAtMs(order));
    const latestMs = Math.max(...attempts.filter((attemptMs) => attemptMs !== null));
    return Math.max(0, latestMs + backoffMs(position, leg) - this.deps.wallTimeMs());
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
      const replaced = await this.news.known(order.replaces);
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
    const unknown = await this.news.note(order.clientOrderId, OrderEvent.Ambiguous, {
      reason: learnt.message,
    });
    return { ...attempt(unknown), retryAfterMs: learnt.detail.retryAfterMs ?? null };
  }

  private async replaced(order: OrderView, replaced: OrderView, result: ReplaceReport): Promise<Attempt> {
    if (result.outcome === 'replaced') {
      const alsoChanged = [await this.news.learn(result.cancelled, 'answer')];
      return { ...(await this.learned(result.placed, 'answer')), alsoChanged };
    }
    if (result.outcome === 'naked') {
      const alsoChanged = [await this.news.learn(result.cancelled, 'answer')];
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
        const back = await this.news.note(order.clientOrderId, OrderEvent.NotExecuted, {
          reason: failure.message,
        });
        return { ...attempt(back), retryAfterMs };
      }
      case FailureKind.Ambiguous:
        return {
          ...attempt(
            await this.news.note(order.clientOrderId, OrderEvent.Ambiguous, {
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
    if (replaces === null || isTerminal((await this.news.known(replaces)).state)) return found;
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

  /** Wall milliseconds until a sent order that cannot be found is proven absent; negative when it could be by now. */
  patienceMs(order: OrderView): number {
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

  private refuse(order: OrderView, reason: string): Promise<OrderView> {
    return this.news.note(order.clientOrderId, OrderEvent.Refused, { reason });
  }
}
