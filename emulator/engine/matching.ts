import { lockFor } from '../accounts/locks';
import type { ExchangeState } from '../accounts/state';
import type { MarketStep, Print } from '../market/source';
import { isMarketable, opposite, SymbolBook } from './book';
import { baseOf, costOf, type Instrument } from './instrument';
import {
  isOpen,
  isUnpriced,
  OrderStatus,
  remainingLots,
  Side,
  TimeInForce,
  type ClosedStatus,
  type Counterparty,
  type ExchangeEvent,
  type Order,
} from './types';

/** Fee rates in millionths of the received amount (10 bps = 1000). Fees round down. */
export interface FeeRates {
  readonly makerPpm: bigint;
  readonly takerPpm: bigint;
}

const MILLION = 1_000_000n;

/**
 * Makes orders meet. One instance serves one symbol; it reads the clock from its caller, changes the state only by
 * events, and hands each event to `emit` in the order things happened.
 */
export class Matcher {
  readonly book = new SymbolBook();
  private readonly triggered: Order[] = [];

  constructor(
    readonly instrument: Instrument,
    private readonly state: ExchangeState,
    private readonly fees: FeeRates,
    private readonly emit: (event: ExchangeEvent) => void,
    /** Whether a waiting order is kept from triggering, though the market has reached it. */
    private readonly isHeld: (order: Order) => boolean = () => false,
  ) {}

  /** Puts a just accepted order to work: waits for its trigger, or trades and then rests or expires. */
  admit(order: Order, timeMs: number): void {
    if (order.working) this.work(order, timeMs);
    else this.book.add(order);
    this.runTriggered(timeMs);
  }

  /**
   * Puts a new market step in place: resting orders which the new ladder crosses are filled at their own price, best
   * price first, as far as the crossing depth reaches; then the prints meet what is left.
   */
  step(step: MarketStep): void {
    this.book.setLadder(step);
    this.fillCrossed(Side.Buy, step.timeMs);
    this.fillCrossed(Side.Sell, step.timeMs);
    this.runTriggered(step.timeMs);
    const shields = new Map<Side, Shield>();
    for (const print of step.prints) {
      const makerSide = opposite(print.side === 'buy' ? Side.Buy : Side.Sell);
      if (!shields.has(makerSide) && this.book.orders(makerSide).length > 0) {
        shields.set(makerSide, new Shield(this.book, makerSide));
      }
      this.print(print, makerSide, shields.get(makerSide), step.timeMs);
    }
  }

  /** Takes an open order off the book, and its twin with it when it belongs to a list. */
  close(order: Order, status: ClosedStatus, timeMs: number, cancelClientOrderId = ''): void {
    this.book.remove(order);
    this.emit({ kind: 'orderClosed', orderId: order.orderId, timeMs, status, cancelClientOrderId });
    this.afterListChange(order, timeMs);
  }

  /** Fills a resting order at its own price, or sets off a waiting one, whatever the market says. */
  force(order: Order, timeMs: number): void {
    if (order.working) {
      this.fill(order, order.priceTicks, remainingLots(order), true, { kind: 'print' }, timeMs);
    } else {
      this.book.remove(order);
      this.triggered.push(order);
    }
    this.runTriggered(timeMs);
  }

  /** Could an order of this side and limit trade `lots` at once, without the account's own orders? */
  hasVolume(side: Side, limitTicks: number | undefined, lots: number, account: string): boolean {
    let available = 0;
    for (const level of this.book.liquidity(side, limitTicks, account)) {
      available += level.quantityLots;
      if (available >= lots) return true;
    }
    return false;
  }

  private work(order: Order, timeMs: number): void {
    const limitTicks = isUnpriced(order.type) ? undefined : order.priceTicks;
    const refused =
      order.timeInForce === TimeInForce.Fok &&
      !this.hasVolume(order.side, limitTicks, remainingLots(order), order.account);
    if (!refused) this.take(order, limitTicks, timeMs);
    if (!isOpen(order.status)) return;
    if (limitTicks !== undefined && order.timeInForce === TimeInForce.Gtc) this.book.add(order);
    else this.close(order, OrderStatus.Expired, timeMs);
  }

  /** Trades with the book, best price first, until filled or nothing marketable or affordable is left. */
  private take(order: Order, limitTicks: number | undefined, timeMs: number): void {
    while (isOpen(order.status)) {
      const liquidity = this.book.best(order.side, limitTicks);
      if (liquidity === undefined) return;
      if (liquidity.kind === 'order') {
        const maker = liquidity.order;
        if (maker.account === order.account) {
          this.close(maker, OrderStatus.ExpiredInMatch, timeMs);
          continue;
        }
        const lots = this.affordable(order, maker.priceTicks, remainingLots(maker));
        if (lots === 0) return;
        this.match(order, maker, lots, timeMs);
      } else {
        const { priceTicks, quantityLots } = liquidity.level;
        const lots = this.affordable(order, priceTicks, quantityLots);
        if (lots === 0) return;
        this.fill(order, priceTicks, lots, false, { kind: 'ladder', priceTicks }, timeMs);
        this.book.consume(opposite(order.side), priceTicks, lots);
        this.trade(priceTicks);
      }
    }
  }

  /** Lots of `available` the order still wants and its account can pay; only an unpriced buyer can run short. */
  private affordable(order: Order, priceTicks: number, available: number): number {
    const wanted = Math.min(remainingLots(order), available);
    if (order.side === Side.Sell || !isUnpriced(order.type)) return wanted;
    const budget = order.locked + this.state.balance(order.account, this.instrument.quote).free;
    const cost = costOf(this.instrument, priceTicks, 1);
    return Math.min(wanted, Number(budget / cost));
  }

  private match(taker: Order, maker: Order, lots: number, timeMs: number): void {
    const tradeId = this.state.nextTradeId(taker.symbol, timeMs);
    const { priceTicks } = maker;
    this.fill(maker, priceTicks, lots, true, { kind: 'order', orderId: taker.orderId }, timeMs, tradeId);
    this.fill(taker, priceTicks, lots, false, { kind: 'order', orderId: maker.orderId }, timeMs, tradeId);
    this.trade(priceTicks);
  }

  private fill(
    order: Order,
    priceTicks: number,
    lots: number,
    isMaker: boolean,
    counterparty: Counterparty,
    timeMs: number,
    tradeId = this.state.nextTradeId(order.symbol, timeMs),
  ): void {
    const quote = costOf(this.instrument, priceTicks, lots);
    const received = order.side === Side.Buy ? baseOf(this.instrument, lots) : quote;
    this.emit({
      kind: 'orderTraded',
      trade: {
        tradeId,
        orderId: order.orderId,
        account: order.account,
        symbol: order.symbol,
        side: order.side,
        timeMs,
        priceTicks,
        lots,
        quote,
        fee: (received * (isMaker ? this.fees.makerPpm : this.fees.takerPpm)) / MILLION,
        feeAsset: order.side === Side.Buy ? this.instrument.base : this.instrument.quote,
        isMaker,
        counterparty,
      },
    });
    if (isMaker) this.book.version += 1;
    if (!isOpen(order.status)) this.book.remove(order);
    this.afterListChange(order, timeMs);
  }

  private fillCrossed(side: Side, timeMs: number): void {
    for (;;) {
      const order = this.book.orders(side)[0];
      const level = this.book.ladderOf(opposite(side))[0];
      if (order === undefined || level === undefined) return;
      if (!isMarketable(side, order.priceTicks, level.priceTicks)) return;
      const lots = Math.min(remainingLots(order), level.quantityLots);
      const { priceTicks } = order;
      this.fill(order, priceTicks, lots, true, { kind: 'ladder', priceTicks: level.priceTicks }, timeMs);
      this.book.consume(opposite(side), level.priceTicks, lots);
      this.trade(priceTicks);
    }
  }

  /** Third-party flow: it uses up the third-party depth at a price before it reaches a user's order there. */
  private print(print: Print, makerSide: Side, shield: Shield | undefined, timeMs: number): void {
    let lots = print.quantityLots;
    while (lots > 0) {
      const order = this.book.orders(makerSide)[0];
      if (order === undefined) break;
      if (!isMarketable(opposite(makerSide), print.priceTicks, order.priceTicks)) break;
      lots -= shield?.absorb(order.priceTicks, lots) ?? 0;
      if (lots === 0) break;
      const filled = Math.min(lots, remainingLots(order));
      this.fill(order, order.priceTicks, filled, true, { kind: 'print' }, timeMs);
      lots -= filled;
    }
    this.trade(print.priceTicks);
    this.runTriggered(timeMs);
  }

  /** A trade happened at `priceTicks`: it is the last price, and stops may have been waiting for it. */
  private trade(priceTicks: number): void {
    this.book.lastTicks = priceTicks;
    if (this.book.contingent.length === 0) return;
    for (const order of this.book.triggeredBy(priceTicks)) {
      if (this.isHeld(order)) continue;
      this.book.remove(order);
      this.triggered.push(order);
    }
  }

  /** Runs the triggered orders in the order they triggered; what they trade may trigger more. */
  private runTriggered(timeMs: number): void {
    for (let order = this.triggered.shift(); order !== undefined; order = this.triggered.shift()) {
      if (!isOpen(order.status)) continue;
      this.releaseTwin(order, timeMs);
      const free = this.state.balance(order.account, this.instrument.quote).free;
      const locked = lockFor(this.instrument, order, remainingLots(order), order.locked);
      const short = order.side === Side.Buy && locked - order.locked > free;
      if (short) {
        this.close(order, OrderStatus.Expired, timeMs);
        continue;
      }
      this.emit({ kind: 'orderTriggered', orderId: order.orderId, timeMs, locked });
      this.work(order, timeMs);
    }
  }

  /** One leg traded, triggered or ended: the other leg ends, and the list is done once both have. */
  private afterListChange(order: Order, timeMs: number): void {
    if (order.listId === -1) return;
    this.releaseTwin(order, timeMs);
    const list = this.state.lists.get(order.listId);
    if (list?.open !== true || list.orderIds.some((id) => isOpen(this.state.requireOrder(id).status))) return;
    this.emit({ kind: 'listClosed', listId: list.listId, timeMs });
  }

  private releaseTwin(order: Order, timeMs: number): void {
    const list = this.state.lists.get(order.listId);
    const twinId = list?.orderIds.find((id) => id !== order.orderId);
    const twin = twinId === undefined ? undefined : this.state.orders.get(twinId);
    if (twin === undefined || !isOpen(twin.status)) return;
    this.book.remove(twin);
    const status = order.status === OrderStatus.Canceled ? OrderStatus.Canceled : OrderStatus.Expired;
    this.emit({ kind: 'orderClosed', orderId: twin.orderId, timeMs, status, cancelClientOrderId: '' });
  }
}

/** The third-party depth of one side that the prints of one step still have to go through. */
class Shield {
  private readonly levels: { readonly priceTicks: number; quantityLots: number }[];

  constructor(
    book: SymbolBook,
    private readonly side: Side,
  ) {
    this.levels = book.ladderOf(side).map((level) => ({ ...level }));
  }

  /** Takes up to `lots` from depth at `priceTicks` or better; returns how many it took. */
  absorb(priceTicks: number, lots: number): number {
    let taken = 0;
    for (const level of this.levels) {
      if (taken === lots || !isMarketable(opposite(this.side), priceTicks, level.priceTicks)) break;
      const part = Math.min(level.quantityLots, lots - taken);
      level.quantityLots -= part;
      taken += part;
    }
    return taken;
  }
}
