import type { ExchangeState } from '../accounts/state';
import { priceText, quantityText, type Instrument } from '../engine/instrument';
import { OrderStatus, type ExchangeEvent, type Order, type Trade } from '../engine/types';
import { formatUnits } from '../engine/units';
import { requireInstrument, type ServerContext } from './context';
import { listView, SELF_TRADE_PREVENTION } from './views';

type Json = Record<string, unknown>;

/** A connection that wants one account's events. */
export interface UserSubscriber {
  deliver(event: unknown): void;
}

interface Message {
  readonly account: string;
  readonly event: Json;
}

/**
 * Tells accounts what happens to their orders and money: `executionReport`, `listStatus`, `outboundAccountPosition`.
 * Reports are written down at the moment of the event and sent once it is on the disk.
 */
export class UserStreams {
  private readonly subscribers = new Map<string, Set<UserSubscriber>>();
  private messages: Message[] = [];

  constructor(private readonly context: ServerContext) {
    const { venue } = context;
    venue.exchange.observe((event) => {
      if (this.subscribers.size > 0) this.messages.push(...this.reports(event));
    });
    venue.listen({
      step: () => undefined,
      events: (events, timeMs) => {
        const messages = [...this.messages, ...this.positions(events, timeMs)];
        this.messages = [];
        return () => {
          for (const { account, event } of messages) this.send(account, event);
        };
      },
    });
  }

  subscribe(account: string, subscriber: UserSubscriber): void {
    const subscribers = this.subscribers.get(account) ?? new Set<UserSubscriber>();
    this.subscribers.set(account, subscribers.add(subscriber));
  }

  unsubscribe(account: string, subscriber: UserSubscriber): void {
    const subscribers = this.subscribers.get(account);
    subscribers?.delete(subscriber);
    if (subscribers?.size === 0) this.subscribers.delete(account);
  }

  private send(account: string, event: Json): void {
    for (const subscriber of this.subscribers.get(account) ?? []) subscriber.deliver(event);
  }

  private get state(): ExchangeState {
    return this.context.venue.exchange.state;
  }

  private reports(event: ExchangeEvent): Message[] {
    switch (event.kind) {
      case 'accountOpened':
        return [];
      case 'orderAccepted':
        return [this.report(this.state.requireOrder(event.order.orderId), 'NEW')];
      case 'orderTriggered':
        return [this.report(this.state.requireOrder(event.orderId), 'NEW')];
      case 'orderTraded':
        return [this.report(this.state.requireOrder(event.trade.orderId), 'TRADE', { trade: event.trade })];
      case 'orderClosed': {
        const order = this.state.requireOrder(event.orderId);
        const kind = event.status === OrderStatus.ExpiredInMatch ? 'TRADE_PREVENTION' : event.status;
        return [this.report(order, kind, { cancelClientOrderId: event.cancelClientOrderId })];
      }
      case 'listOpened':
      case 'rulesChanged':
      case 'statusChanged':
        return [];
      case 'listClosed': {
        const list = this.state.lists.get(event.listId);
        return list === undefined
          ? []
          : [{ account: list.account, event: listStatus(listView(list, this.state)) }];
      }
    }
  }

  private report(
    order: Order,
    kind: string,
    detail: { readonly trade?: Trade; readonly cancelClientOrderId?: string } = {},
  ): Message {
    const instrument = requireInstrument(this.context, order.symbol);
    return { account: order.account, event: executionReport(order, instrument, kind, detail) };
  }

  /** The balances an account has after a change, of the assets it touched. */
  private positions(events: readonly ExchangeEvent[], timeMs: number): Message[] {
    const touched = new Map<string, Set<string>>();
    for (const event of events) {
      const orderId =
        'orderId' in event ? event.orderId : event.kind === 'orderTraded' ? event.trade.orderId : undefined;
      const order = event.kind === 'orderAccepted' ? event.order : this.state.orders.get(orderId ?? -1);
      if (order === undefined || !this.subscribers.has(order.account)) continue;
      const { base, quote } = requireInstrument(this.context, order.symbol);
      const assets = touched.get(order.account) ?? new Set<string>();
      touched.set(order.account, assets.add(base).add(quote));
    }
    return [...touched].map(([account, assets]) => ({
      account,
      event: {
        e: 'outboundAccountPosition',
        E: timeMs,
        u: timeMs,
        B: [...assets].map((asset) => {
          const { free, locked } = this.state.balance(account, asset);
          return { a: asset, f: formatUnits(free), l: formatUnits(locked) };
        }),
      },
    }));
  }
}

function executionReport(
  order: Order,
  instrument: Instrument,
  kind: string,
  { trade, cancelClientOrderId = '' }: { readonly trade?: Trade; readonly cancelClientOrderId?: string },
): Json {
  const cancelled = cancelClientOrderId !== '';
  return {
    e: 'executionReport',
    E: order.updatedMs,
    s: order.symbol,
    c: cancelled ? cancelClientOrderId : order.clientOrderId,
    S: order.side,
    o: order.type,
    f: order.timeInForce,
    q: quantityText(instrument, order.quantityLots),
    p: priceText(instrument, order.priceTicks),
    P: priceText(instrument, order.stopTicks),
    F: quantityText(instrument, 0),
    g: order.listId,
    C: cancelled ? order.clientOrderId : '',
    x: kind,
    X: order.status,
    r: 'NONE',
    i: order.orderId,
    l: quantityText(instrument, trade?.lots ?? 0),
    z: quantityText(instrument, order.filledLots),
    L: priceText(instrument, trade?.priceTicks ?? 0),
    n: formatUnits(trade?.fee ?? 0n),
    N: trade?.feeAsset ?? null,
    T: order.updatedMs,
    t: trade?.tradeId ?? -1,
    I: trade?.tradeId ?? order.orderId,
    w: order.working,
    m: trade?.isMaker ?? false,
    M: false,
    O: order.createdMs,
    Z: formatUnits(order.filledQuote),
    Y: formatUnits(trade?.quote ?? 0n),
    Q: formatUnits(order.quoteBudget),
    ...(order.working ? { W: order.workingMs } : {}),
    V: SELF_TRADE_PREVENTION,
  };
}

function listStatus(view: Json): Json {
  return {
    e: 'listStatus',
    E: view.transactionTime,
    s: view.symbol,
    g: view.orderListId,
    c: view.contingencyType,
    l: view.listStatusType,
    L: view.listOrderStatus,
    r: 'NONE',
    C: view.listClientOrderId,
    T: view.transactionTime,
    O: (view.orders as readonly Json[]).map((leg) => ({
      s: leg.symbol,
      i: leg.orderId,
      c: leg.clientOrderId,
    })),
  };
}
