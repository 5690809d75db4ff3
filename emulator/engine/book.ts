import type { Level, MarketStep } from '../market/source';
import { isOpen, remainingLots, Side, type Order, type Trade } from './types';

interface MutableLevel {
  readonly priceTicks: number;
  quantityLots: number;
}

/** What an incoming order meets first. */
export type Liquidity =
  | {
      readonly kind: 'ladder';
      readonly level: { readonly priceTicks: number; readonly quantityLots: number };
    }
  | { readonly kind: 'order'; readonly order: Order };

export function opposite(side: Side): Side {
  return side === Side.Buy ? Side.Sell : Side.Buy;
}

/** Is `a` strictly nearer the market than `b` for resting orders of `side`? */
function isBetter(side: Side, a: number, b: number): boolean {
  return side === Side.Buy ? a > b : a < b;
}

/** May an order of `takerSide` with limit `limitTicks` (undefined: any price) trade at `priceTicks`? */
export function isMarketable(takerSide: Side, limitTicks: number | undefined, priceTicks: number): boolean {
  if (limitTicks === undefined) return true;
  return takerSide === Side.Buy ? priceTicks <= limitTicks : priceTicks >= limitTicks;
}

/**
 * One symbol's book: users' resting orders in price-time order, their untriggered stops, and the third-party ladder of
 * the market step in force. At one price third-party depth goes first: it is taken to have been there before any user.
 */
export class SymbolBook {
  private readonly resting: Record<Side, Order[]> = { BUY: [], SELL: [] };
  private ladder: Record<Side, MutableLevel[]> = { BUY: [], SELL: [] };
  /** Untriggered stop and take-profit orders, oldest first. */
  readonly contingent: Order[] = [];
  /** Price of the last trade, 0 before the first. */
  lastTicks = 0;
  /** Time of the step whose ladder is in place; -1 before the first. */
  stepMs = -1;
  /** Grows with every change of what the book shows. */
  version = 0;

  /** Resting orders of `side`, best first; at one price oldest first. */
  orders(side: Side): readonly Order[] {
    return this.resting[side];
  }

  hasOrders(): boolean {
    return this.resting.BUY.length + this.resting.SELL.length + this.contingent.length > 0;
  }

  /** Replaces the third-party ladder; `taken` are the users' trades which have consumed from it since. */
  setLadder(step: MarketStep, taken: readonly Trade[] = []): void {
    const copy = (levels: readonly Level[]): MutableLevel[] =>
      levels.filter((level) => level.quantityLots > 0).map((level) => ({ ...level }));
    this.ladder = { BUY: copy(step.bids), SELL: copy(step.asks) };
    this.stepMs = step.timeMs;
    this.version += 1;
    for (const { counterparty, side, lots } of taken) {
      if (counterparty.kind === 'ladder') this.consume(opposite(side), counterparty.priceTicks, lots);
    }
  }

  /** Third-party levels of `side`, best first, without those consumed. */
  ladderOf(side: Side): readonly Level[] {
    return this.ladder[side];
  }

  consume(side: Side, priceTicks: number, lots: number): void {
    const levels = this.ladder[side];
    const index = levels.findIndex((level) => level.priceTicks === priceTicks);
    const level = levels[index];
    if (level === undefined) return;
    level.quantityLots = Math.max(0, level.quantityLots - lots);
    if (level.quantityLots === 0) levels.splice(index, 1);
    this.version += 1;
  }

  /** Puts an open order where it waits: among the stops until triggered, then in the book behind its price. */
  add(order: Order): void {
    if (!order.working) {
      this.contingent.push(order);
      return;
    }
    const queue = this.resting[order.side];
    let low = 0;
    let high = queue.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = queue[middle];
      if (other !== undefined && isBetter(order.side, order.priceTicks, other.priceTicks)) high = middle;
      else low = middle + 1;
    }
    queue.splice(low, 0, order);
    this.version += 1;
  }

  remove(order: Order): void {
    for (const queue of [this.contingent, this.resting[order.side]]) {
      const index = queue.indexOf(order);
      if (index >= 0) {
        queue.splice(index, 1);
        this.version += 1;
      }
    }
  }

  /** The first thing an order of `takerSide` with that limit would trade with. */
  best(takerSide: Side, limitTicks: number | undefined): Liquidity | undefined {
    const makerSide = opposite(takerSide);
    const level = this.ladder[makerSide][0];
    const order = this.resting[makerSide][0];
    if (
      level !== undefined &&
      (order === undefined || !isBetter(makerSide, order.priceTicks, level.priceTicks))
    ) {
      return isMarketable(takerSide, limitTicks, level.priceTicks) ? { kind: 'ladder', level } : undefined;
    }
    if (order === undefined || !isMarketable(takerSide, limitTicks, order.priceTicks)) return undefined;
    return { kind: 'order', order };
  }

  /** Everything an order of `takerSide` could trade with, best first, without the account's own orders. */
  *liquidity(takerSide: Side, limitTicks: number | undefined, account: string): Generator<Level> {
    const makerSide = opposite(takerSide);
    const levels = this.ladder[makerSide];
    const orders = this.resting[makerSide];
    let i = 0;
    let j = 0;
    for (;;) {
      const level = levels[i];
      const order = orders[j];
      if (
        level !== undefined &&
        (order === undefined || !isBetter(makerSide, order.priceTicks, level.priceTicks))
      ) {
        if (!isMarketable(takerSide, limitTicks, level.priceTicks)) return;
        yield level;
        i += 1;
      } else {
        if (order === undefined || !isMarketable(takerSide, limitTicks, order.priceTicks)) return;
        if (order.account !== account)
          yield { priceTicks: order.priceTicks, quantityLots: remainingLots(order) };
        j += 1;
      }
    }
  }

  /** The aggregated levels people see, best first, at most `limit`: third parties and users together. */
  depth(side: Side, limit: number): Level[] {
    const shown: MutableLevel[] = [];
    for (const { priceTicks, quantityLots } of this.liquidity(opposite(side), undefined, '')) {
      const last = shown.at(-1);
      if (last?.priceTicks === priceTicks) last.quantityLots += quantityLots;
      else if (shown.length === limit) break;
      else shown.push({ priceTicks, quantityLots });
    }
    return shown;
  }

  /** Untriggered orders whose condition a last price of `lastTicks` meets, oldest first. */
  triggeredBy(lastTicks: number): Order[] {
    return this.contingent.filter((order) => isOpen(order.status) && isTriggered(order, lastTicks));
  }
}

/** A stop waits for the price to move against the holder, a take-profit for it to move in favour. */
export function isTriggered(order: Pick<Order, 'type' | 'side' | 'stopTicks'>, lastTicks: number): boolean {
  if (lastTicks === 0) return false;
  const isStop = order.type.startsWith('STOP_LOSS');
  const triggersAbove = isStop === (order.side === Side.Buy);
  return triggersAbove ? lastTicks >= order.stopTicks : lastTicks <= order.stopTicks;
}
