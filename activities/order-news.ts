import type { ExchangePort, OrderReport } from '../adapters/exchange/port';
import type { OrderStore } from '../adapters/store/port';
import { lessThan } from '../domain/decimal';
import { OrderEvent, transition, type Fill, type OrderView } from '../domain/order';
import { OwedTrades } from './owed-trades';
import { answerOr } from './refusals';

export interface OrderNewsDeps {
  readonly exchange: ExchangePort;
  readonly orders: OrderStore;
  readonly wallTimeMs: () => number;
}

/** What news may say beside the event. */
type NewsDetail = Pick<
  Parameters<OrderStore['recordEvent']>[0],
  'reason' | 'exchangeOrderId' | 'triggeredAtMs' | 'attemptEndedMs'
>;

/** How we learnt of a fill. */
type FillSource = Parameters<OrderStore['recordFills']>[2];

const EVENT_OF_STATUS = {
  open: OrderEvent.SeenOpen,
  filled: OrderEvent.SeenFilled,
  cancelled: OrderEvent.SeenCancelled,
  expired: OrderEvent.SeenExpired,
  rejected: OrderEvent.SeenRejected,
} as const;

/**
 * The journal has all that a report tells: the same news comes by the answer, by the stream and by look-ups, and only
 * the first of them is worth a transaction.
 */
const isKnown = (order: OrderView, report: OrderReport): boolean =>
  transition(order.state, EVENT_OF_STATUS[report.status]) === order.state &&
  order.exchangeOrderId === report.exchangeOrderId &&
  (report.triggered !== true || typeof order.triggeredAtMs === 'number') &&
  !lessThan(order.filledQuantity, report.filledQuantity);

/** Journals what the exchange tells of orders, fills before states, so that a crash between the two loses no fill. */
export class OrderNews {
  private readonly owedTrades: OwedTrades;

  constructor(private readonly deps: OrderNewsDeps) {
    this.owedTrades = new OwedTrades(deps);
  }

  /** Journals what a report tells: first its fills, fetched when the report did not carry them all, then its state. */
  async learn(report: OrderReport, source: FillSource): Promise<OrderView> {
    const { exchange } = this.deps;
    let order = await this.adopted(report);
    if (report.fills.length > 0) order = await this.withFills(order, report.fills, source);
    if (lessThan(order.filledQuantity, report.filledQuantity)) {
      const fills = await answerOr(
        exchange.fillsOf(report.symbol, report.exchangeOrderId, report.clientOrderId),
      );
      order = await this.withFills(order, fills ?? [], source);
    }
    if (isKnown(order, report)) {
      this.owedTrades.forget(report.clientOrderId);
      return order;
    }
    const complete = await this.owedTrades.isComplete(report);
    // A final state is journaled only with all its fills: until they are visible the order counts as open.
    const event = complete ? EVENT_OF_STATUS[report.status] : OrderEvent.SeenOpen;
    const triggered = event === OrderEvent.SeenOpen && report.triggered === true;
    return triggered
      ? this.learnTriggered(report.clientOrderId, report.exchangeOrderId)
      : this.note(report.clientOrderId, event, { exchangeOrderId: report.exchangeOrderId });
  }

  private async withFills(order: OrderView, fills: readonly Fill[], source: FillSource): Promise<OrderView> {
    const { changed } = await this.deps.orders.recordFills(order.account, fills, source);
    const isSame = ({ clientOrderId }: OrderView): boolean => clientOrderId === order.clientOrderId;
    return changed.find(isSame) ?? this.known(order.clientOrderId);
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

  /** The order as journaled. @throws Error when it is not in the journal */
  async known(clientOrderId: string): Promise<OrderView> {
    const order = await this.deps.orders.order(clientOrderId);
    if (order === undefined) throw new Error(`Order ${clientOrderId} is not in the journal.`);
    return order;
  }

  /** Journals what befell an order, and returns it as it is then. */
  async note(clientOrderId: string, event: OrderEvent, detail: NewsDetail = {}): Promise<OrderView> {
    const journaled = await this.deps.orders.recordEvent({ clientOrderId, event, ...detail });
    return journaled ?? this.known(clientOrderId);
  }
}
