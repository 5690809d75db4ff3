import { Admission, type Prepared } from './accounts/admission';
import { parseOrder, type OrderRequest, type ParsedOrder } from './accounts/filters';
import type { ExchangeState } from './accounts/state';
import type { Instrument } from './engine/instrument';
import { Matcher, type FeeRates } from './engine/matching';
import { changedRules, type RulesChange } from './engine/rules';
import {
  isContingent,
  isOpen,
  OrderStatus,
  Refusal,
  TradingStatus,
  type ClosedStatus,
  type ExchangeEvent,
  type Order,
  type OrderList,
  type OrderTerms,
  type TradingRules,
} from './engine/types';
import { maxUnits } from './engine/units';
import type { MarketStep } from './market/source';
import {
  CancelRestriction,
  type CancelReplaceOutcome,
  type CancelReplaceRequest,
  type CancelRequest,
  type ListRef,
  type ListRequest,
  type OrderRef,
} from './requests';

/**
 * The exchange as a pure state machine: a command and a market time go in, the state changes, and the events which
 * say how come out of `drain`. No clock, no randomness, no I/O. Commands that are refused throw `Refusal` and change nothing.
 */
export class Exchange {
  private readonly matchers = new Map<string, Matcher>();
  private readonly admission: Admission;
  private readonly emit: (event: ExchangeEvent) => void;
  private readonly observers: ((event: ExchangeEvent) => void)[] = [];
  private isHeld: (order: Order) => boolean = () => false;
  private events: ExchangeEvent[] = [];

  /** @param averageTicks the five-minute average price of a symbol at a market time, 0 when there is none. */
  constructor(
    readonly state: ExchangeState,
    instruments: ReadonlyMap<string, Instrument>,
    fees: FeeRates,
    private readonly averageTicks: (symbol: string, timeMs: number) => number,
  ) {
    const emit = (event: ExchangeEvent): void => {
      this.state.apply(event);
      this.events.push(event);
      for (const observe of this.observers) observe(event);
    };
    this.emit = emit;
    this.admission = new Admission(state, (symbol) => this.matcher(symbol));
    for (const instrument of instruments.values()) {
      this.matchers.set(
        instrument.symbol,
        new Matcher(instrument, state, fees, emit, (order) => this.isHeld(order)),
      );
    }
    for (const order of state.allOpenOrders().sort((a, b) => a.workingMs - b.workingMs))
      this.matcher(order.symbol).book.add(order);
  }

  /** The events since the last call, in order. */
  drain(): ExchangeEvent[] {
    const { events } = this;
    this.events = [];
    return events;
  }

  /** Calls `observer` after each event, while the state is exactly as that event left it. */
  observe(observer: (event: ExchangeEvent) => void): void {
    this.observers.push(observer);
  }

  /** From now on orders that wait for a trigger do not trigger while `isHeld` says so. */
  holdStops(isHeld: (order: Order) => boolean): void {
    this.isHeld = isHeld;
  }

  /** @throws Refusal -1121 when the exchange has no such symbol. */
  matcher(symbol: string): Matcher {
    const matcher = this.matchers.get(symbol);
    if (matcher === undefined) throw new Refusal(-1121, 'Invalid symbol.');
    return matcher;
  }

  openAccount(account: string, balances: Readonly<Record<string, bigint>>): void {
    this.emit({ kind: 'accountOpened', account, balances });
  }

  /**
   * Puts the next market step of a symbol in place; resting orders may be filled and stops triggered. Nothing happens
   * while the symbol is not traded.
   */
  step(step: MarketStep): void {
    if (this.state.statusOf(step.symbol) === TradingStatus.Trading) this.matcher(step.symbol).step(step);
  }

  /** The symbol's rules after a change. @throws Refusal -1121, or RangeError for rules that it cannot have. */
  rulesWith(symbol: string, change: RulesChange): TradingRules {
    return changedRules(this.matcher(symbol).instrument, this.state.rulesOf(symbol), change);
  }

  /** From now on new orders must conform to other rules; those that rest stay as they are. @throws as `rulesWith`. */
  changeRules(symbol: string, change: RulesChange): void {
    this.emit({ kind: 'rulesChanged', symbol, rules: this.rulesWith(symbol, change) });
  }

  /** Stops or resumes the trading of a symbol. One that is delisted loses all its open orders. @throws Refusal -1121. */
  changeStatus(symbol: string, status: TradingStatus, timeMs: number): void {
    this.matcher(symbol);
    if (status === TradingStatus.Delisted) {
      const open = this.state.allOpenOrders().filter((order) => order.symbol === symbol);
      for (const order of open) if (isOpen(order.status)) this.endOrder(order, OrderStatus.Canceled, timeMs);
    }
    this.emit({ kind: 'statusChanged', symbol, status });
  }

  /** Ends an open order without its owner having asked for it. The other leg of its list ends with it. */
  endOrder(order: Order, status: ClosedStatus, timeMs: number): void {
    this.matcher(order.symbol).close(order, status, timeMs);
  }

  /** Fills a resting order at its own price, or sets off a waiting one, whatever the market says. */
  fillOrder(order: Order, timeMs: number): void {
    this.matcher(order.symbol).force(order, timeMs);
  }

  /** Checks everything `place` would, and changes nothing. */
  check(account: string, request: OrderRequest, timeMs: number): void {
    this.admission.prepare(account, this.parse(request, timeMs));
  }

  place(account: string, request: OrderRequest, timeMs: number): Order {
    return this.accept(account, this.admission.prepare(account, this.parse(request, timeMs)), timeMs);
  }

  placeList(account: string, request: ListRequest, timeMs: number): OrderList {
    const legs = [request.above, request.below].map((leg) => this.parse(leg, timeMs));
    const [above, below] = legs;
    if (above === undefined || below === undefined) throw new Error('an order list has two legs');
    const { book } = this.matcher(request.symbol);
    const listId = this.state.nextListId();
    const listClientOrderId = request.listClientOrderId ?? `l-${listId}`;
    if (
      [...this.state.lists.values()].some(
        (list) => list.open && list.account === account && list.listClientOrderId === listClientOrderId,
      )
    ) {
      throw new Refusal(-2010, 'Duplicate order sent.');
    }
    checkLegPrices(above, below, book.lastTicks);
    const first = this.admission.prepare(account, above);
    const second = this.admission.prepare(account, below, isContingent(above.type) ? 1 : 0);
    if (
      first.parsed.clientOrderId !== undefined &&
      first.parsed.clientOrderId === second.parsed.clientOrderId
    ) {
      throw new Refusal(-2010, 'Duplicate order sent.');
    }
    const shared = maxUnits(first.locked, second.locked);
    const workingFirst = !isContingent(above.type) || isContingent(below.type);
    const firstId = this.state.nextOrderId();
    const orderIds = [firstId, firstId + 1] as const;
    this.emit({
      kind: 'listOpened',
      list: { listId, account, symbol: request.symbol, listClientOrderId, orderIds, createdMs: timeMs },
    });
    const placed = [
      this.record(account, { ...first, locked: workingFirst ? shared : 0n }, timeMs, listId),
      this.record(account, { ...second, locked: workingFirst ? 0n : shared }, timeMs, listId),
    ];
    for (const order of placed) this.matcher(order.symbol).admit(order, timeMs);
    return this.requireList(listId);
  }

  /** @throws Refusal -2011 when there is no such open order, or the restriction forbids it. */
  cancel(account: string, request: CancelRequest, timeMs: number): Order {
    const order = this.find(account, request);
    if (order === undefined || !isOpen(order.status)) throw new Refusal(-2011, 'Unknown order sent.');
    const wanted =
      request.restriction === CancelRestriction.OnlyNew ? OrderStatus.New : OrderStatus.PartiallyFilled;
    if (request.restriction !== undefined && order.status !== wanted) {
      throw new Refusal(-2011, 'Order was not canceled due to cancel restrictions.');
    }
    this.matcher(order.symbol).close(
      order,
      OrderStatus.Canceled,
      timeMs,
      request.newClientOrderId ?? `c-${order.orderId}`,
    );
    return order;
  }

  /** Cancels every open order of the account on the symbol. @throws Refusal -2011 when there is none. */
  cancelAll(account: string, symbol: string, timeMs: number): Order[] {
    const { instrument } = this.matcher(symbol);
    const open = [...this.state.openOrders(account)].filter((order) => order.symbol === instrument.symbol);
    if (open.length === 0) throw new Refusal(-2011, 'Unknown order sent.');
    for (const order of open) {
      if (isOpen(order.status))
        this.matcher(symbol).close(order, OrderStatus.Canceled, timeMs, `c-${order.orderId}`);
    }
    return open;
  }

  /** @throws Refusal -2011 when the account has no such open list. */
  cancelList(account: string, ref: ListRef, timeMs: number): OrderList {
    const list = this.findList(account, ref);
    const order = list?.orderIds.map((id) => this.state.requireOrder(id)).find((leg) => isOpen(leg.status));
    if (list === undefined || order === undefined) throw new Refusal(-2011, 'Unknown order list sent.');
    this.matcher(order.symbol).close(order, OrderStatus.Canceled, timeMs, `c-${order.orderId}`);
    return list;
  }

  /**
   * Cancels one order and places another, with nothing in between. The replacement's filters are checked first, as on
   * Binance: when they fail nothing is cancelled.
   * @throws Refusal when the replacement fails a filter.
   */
  cancelReplace(account: string, request: CancelReplaceRequest, timeMs: number): CancelReplaceOutcome {
    const parsed = this.parse(request.replacement, timeMs);
    const half = <T>(name: 'cancellation' | 'placement', act: () => T): T | Refusal =>
      request.refusal?.half === name ? request.refusal.refusal : attempt(act);
    const cancelled = half('cancellation', () => this.cancel(account, request.cancel, timeMs));
    if (cancelled instanceof Refusal && request.stopOnFailure) return { cancelled, placed: 'not-attempted' };
    const placed = half('placement', () =>
      this.accept(account, this.admission.prepare(account, parsed), timeMs),
    );
    return { cancelled, placed };
  }

  find(account: string, ref: OrderRef): Order | undefined {
    if (ref.orderId === undefined)
      return this.state.orderByClientId(account, ref.symbol, ref.clientOrderId ?? '');
    const order = this.state.orders.get(ref.orderId);
    return order?.account === account && order.symbol === ref.symbol ? order : undefined;
  }

  findList(account: string, ref: ListRef): OrderList | undefined {
    const mine = [...this.state.lists.values()].filter((list) => list.account === account);
    return mine.findLast((list) =>
      ref.listId === undefined
        ? list.listClientOrderId === ref.listClientOrderId
        : list.listId === ref.listId,
    );
  }

  private parse(request: OrderRequest, timeMs: number): ParsedOrder {
    const { symbol } = request;
    const { instrument } = this.matcher(symbol);
    if (this.state.statusOf(symbol) !== TradingStatus.Trading) throw new Refusal(-1013, 'Market is closed.');
    return parseOrder(instrument, this.state.rulesOf(symbol), request, this.averageTicks(symbol, timeMs));
  }

  private accept(account: string, prepared: Prepared, timeMs: number): Order {
    const order = this.record(account, prepared, timeMs, -1);
    this.matcher(order.symbol).admit(order, timeMs);
    return order;
  }

  private record(
    account: string,
    { parsed, quantityLots, locked }: Prepared,
    timeMs: number,
    listId: number,
  ): Order {
    const orderId = this.state.nextOrderId();
    const order: OrderTerms = {
      ...parsed,
      clientOrderId: parsed.clientOrderId ?? `x-${orderId}`,
      orderId,
      account,
      quantityLots,
      listId,
      createdMs: timeMs,
    };
    this.emit({ kind: 'orderAccepted', order, locked });
    return this.state.requireOrder(orderId);
  }

  private requireList(listId: number): OrderList {
    const list = this.state.lists.get(listId);
    if (list === undefined) throw new Error(`order list ${listId} was not recorded`);
    return list;
  }
}

/** The leg above the market must be above the last price and the leg below it below, each by what would make it act. */
function checkLegPrices(above: ParsedOrder, below: ParsedOrder, lastTicks: number): void {
  const acting = (leg: ParsedOrder): number => (isContingent(leg.type) ? leg.stopTicks : leg.priceTicks);
  const straddles = lastTicks === 0 || (acting(above) > lastTicks && acting(below) < lastTicks);
  if (!straddles || acting(above) <= acting(below)) {
    throw new Refusal(-2010, 'The relationship of the prices for the orders is not correct.');
  }
}

function attempt<T>(act: () => T): T | Refusal {
  try {
    return act();
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}
