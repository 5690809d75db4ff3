import { baseOf, type Instrument } from '../engine/instrument';
import {
  isOpen,
  OrderStatus,
  remainingLots,
  Side,
  TradingStatus,
  type ExchangeEvent,
  type Order,
  type OrderList,
  type OrderTerms,
  type Trade,
  type TradingRules,
} from '../engine/types';
import { lockAfter } from './locks';

export interface Balance {
  free: bigint;
  locked: bigint;
}

/** Everything the exchange remembers, in a form that a journal can hold. */
export interface ExchangeSnapshot {
  readonly balances: readonly {
    readonly account: string;
    readonly asset: string;
    readonly free: bigint;
    readonly locked: bigint;
  }[];
  readonly orders: readonly Order[];
  readonly lists: readonly OrderList[];
  readonly trades: readonly Trade[];
  /** Symbols whose rules or status are no longer those they opened with; absent in journals from before there were such. */
  readonly changedSymbols?: readonly {
    readonly symbol: string;
    readonly rules: TradingRules;
    readonly status: TradingStatus;
  }[];
}

/**
 * The exchange's memory: balances, orders, lists and trades. It changes only by applying events, live and on replay
 * alike, so what was journaled is what is.
 */
export class ExchangeState {
  readonly balances = new Map<string, Map<string, Balance>>();
  readonly orders = new Map<number, Order>();
  readonly lists = new Map<number, OrderList>();
  readonly trades: Trade[] = [];
  private readonly openByAccount = new Map<string, Map<number, Order>>();
  /** The newest order of each account, symbol and client id. */
  private readonly byClientId = new Map<string, Order>();
  private readonly changedRules = new Map<string, TradingRules>();
  private readonly changedStatus = new Map<string, TradingStatus>();
  private readonly lastTradeIds = new Map<string, number>();
  private lastOrderId = 0;
  private lastListId = 0;

  constructor(private readonly instruments: ReadonlyMap<string, Instrument>) {}

  /** The ids the next order, list and trade get: pure functions of what has happened. */
  nextOrderId(): number {
    return this.lastOrderId + 1;
  }

  nextListId(): number {
    return this.lastListId + 1;
  }

  /**
   * The id of the symbol's next user trade at `timeMs`. Third-party prints have `timeMs * 4096 + index`; users' trades
   * take the upper three quarters of the same millisecond, so both kinds grow with time and never meet.
   */
  nextTradeId(symbol: string, timeMs: number): number {
    return Math.max(timeMs * TRADE_IDS_PER_MS + FIRST_USER_TRADE, (this.lastTradeIds.get(symbol) ?? 0) + 1);
  }

  balance(account: string, asset: string): Readonly<Balance> {
    return this.balances.get(account)?.get(asset) ?? { free: 0n, locked: 0n };
  }

  /** The account's open orders, oldest first. */
  openOrders(account: string): IterableIterator<Order> {
    return (this.openByAccount.get(account) ?? new Map<number, Order>()).values();
  }

  /** Every account's open orders, oldest first. */
  allOpenOrders(): Order[] {
    return [...this.openByAccount.values()]
      .flatMap((orders) => [...orders.values()])
      .sort((a, b) => a.orderId - b.orderId);
  }

  /** The newest order with that client id: ids are unique among open orders only. */
  orderByClientId(account: string, symbol: string, clientOrderId: string): Order | undefined {
    return this.byClientId.get(`${account} ${symbol} ${clientOrderId}`);
  }

  requireOrder(orderId: number): Order {
    const order = this.orders.get(orderId);
    if (order === undefined) throw new Error(`order ${orderId} is not in the exchange's record`);
    return order;
  }

  /** What new orders on the symbol must conform to now. */
  rulesOf(symbol: string): TradingRules {
    return this.changedRules.get(symbol) ?? this.requireInstrument(symbol).rules;
  }

  statusOf(symbol: string): TradingStatus {
    return this.changedStatus.get(symbol) ?? TradingStatus.Trading;
  }

  apply(event: ExchangeEvent): void {
    switch (event.kind) {
      case 'accountOpened':
        this.openAccount(event.account, event.balances);
        return;
      case 'orderAccepted':
        this.accept(event.order, event.locked);
        return;
      case 'orderTriggered': {
        const order = this.requireOrder(event.orderId);
        this.setLock(order, event.locked);
        order.working = true;
        order.workingMs = event.timeMs;
        order.updatedMs = event.timeMs;
        return;
      }
      case 'orderTraded':
        this.trade(event.trade);
        return;
      case 'orderClosed': {
        const order = this.requireOrder(event.orderId);
        this.setLock(order, 0n);
        order.status = event.status;
        order.updatedMs = event.timeMs;
        this.openByAccount.get(order.account)?.delete(order.orderId);
        return;
      }
      case 'listOpened':
        this.lists.set(event.list.listId, { ...event.list, open: true, updatedMs: event.list.createdMs });
        this.lastListId = Math.max(this.lastListId, event.list.listId);
        return;
      case 'listClosed': {
        const list = this.lists.get(event.listId);
        if (list === undefined) throw new Error(`order list ${event.listId} is not in the exchange's record`);
        list.open = false;
        list.updatedMs = event.timeMs;
        return;
      }
      case 'rulesChanged':
        this.changedRules.set(event.symbol, event.rules);
        return;
      case 'statusChanged':
        this.changedStatus.set(event.symbol, event.status);
    }
  }

  snapshot(): ExchangeSnapshot {
    return {
      balances: [...this.balances].flatMap(([account, assets]) =>
        [...assets].map(([asset, { free, locked }]) => ({ account, asset, free, locked })),
      ),
      orders: [...this.orders.values()],
      lists: [...this.lists.values()],
      trades: this.trades,
      changedSymbols: [...new Set([...this.changedRules.keys(), ...this.changedStatus.keys()])].map(
        (symbol) => ({
          symbol,
          rules: this.rulesOf(symbol),
          status: this.statusOf(symbol),
        }),
      ),
    };
  }

  /** Fills an empty state from a snapshot. */
  restore(snapshot: ExchangeSnapshot): void {
    for (const { account, asset, free, locked } of snapshot.balances) {
      const balance = this.balanceOf(account, asset);
      balance.free = free;
      balance.locked = locked;
    }
    for (const order of snapshot.orders) this.remember({ ...order });
    for (const list of snapshot.lists) {
      this.lists.set(list.listId, { ...list });
      this.lastListId = Math.max(this.lastListId, list.listId);
    }
    for (const { symbol, rules, status } of snapshot.changedSymbols ?? []) {
      this.changedRules.set(symbol, rules);
      this.changedStatus.set(symbol, status);
    }
    for (const trade of snapshot.trades) {
      this.trades.push(trade);
      this.lastTradeIds.set(trade.symbol, Math.max(trade.tradeId, this.lastTradeIds.get(trade.symbol) ?? 0));
    }
  }

  private openAccount(account: string, balances: Readonly<Record<string, bigint>>): void {
    if (!this.balances.has(account)) this.balances.set(account, new Map());
    for (const [asset, units] of Object.entries(balances)) this.balanceOf(account, asset).free += units;
  }

  private accept(terms: OrderTerms, locked: bigint): void {
    const order: Order = {
      ...terms,
      filledLots: 0,
      filledQuote: 0n,
      status: OrderStatus.New,
      working: terms.stopTicks === 0,
      workingMs: terms.stopTicks === 0 ? terms.createdMs : -1,
      updatedMs: terms.createdMs,
      locked: 0n,
    };
    this.remember(order);
    this.setLock(order, locked);
  }

  private remember(order: Order): void {
    this.orders.set(order.orderId, order);
    this.byClientId.set(`${order.account} ${order.symbol} ${order.clientOrderId}`, order);
    this.lastOrderId = Math.max(this.lastOrderId, order.orderId);
    if (!isOpen(order.status)) return;
    const open = this.openByAccount.get(order.account) ?? new Map<number, Order>();
    this.openByAccount.set(order.account, open.set(order.orderId, order));
  }

  private trade(trade: Trade): void {
    const order = this.requireOrder(trade.orderId);
    const instrument = this.requireInstrument(order.symbol);
    const base = this.balanceOf(order.account, instrument.base);
    const quote = this.balanceOf(order.account, instrument.quote);
    const units = baseOf(instrument, trade.lots);
    if (order.side === Side.Buy) {
      quote.free -= trade.quote;
      base.free += units - trade.fee;
    } else {
      base.free -= units;
      quote.free += trade.quote - trade.fee;
    }
    order.filledLots += trade.lots;
    order.filledQuote += trade.quote;
    order.updatedMs = trade.timeMs;
    this.setLock(order, lockAfter(instrument, order, trade.quote));
    order.status = remainingLots(order) === 0 ? OrderStatus.Filled : OrderStatus.PartiallyFilled;
    if (order.status === OrderStatus.Filled) this.openByAccount.get(order.account)?.delete(order.orderId);
    this.trades.push(trade);
    this.lastTradeIds.set(trade.symbol, trade.tradeId);
  }

  /** Moves money between free and locked so that `order` holds exactly `locked`. */
  private setLock(order: Order, locked: bigint): void {
    const instrument = this.requireInstrument(order.symbol);
    const balance = this.balanceOf(
      order.account,
      order.side === Side.Buy ? instrument.quote : instrument.base,
    );
    const change = locked - order.locked;
    balance.free -= change;
    balance.locked += change;
    order.locked = locked;
  }

  private balanceOf(account: string, asset: string): Balance {
    const assets = this.balances.get(account) ?? new Map<string, Balance>();
    this.balances.set(account, assets);
    const balance = assets.get(asset) ?? { free: 0n, locked: 0n };
    assets.set(asset, balance);
    return balance;
  }

  private requireInstrument(symbol: string): Instrument {
    const instrument = this.instruments.get(symbol);
    if (instrument === undefined)
      throw new Error(`the record has orders on ${symbol}, which this market does not offer`);
    return instrument;
  }
}

const TRADE_IDS_PER_MS = 4096;
const FIRST_USER_TRADE = 1024;

/** The id of the `index`-th third-party print of a symbol within `timeMs`. */
export function printTradeId(timeMs: number, index: number): number {
  return timeMs * TRADE_IDS_PER_MS + Math.min(index, FIRST_USER_TRADE - 1);
}
