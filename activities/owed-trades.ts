import type { OrderReport } from '../adapters/exchange/port';
import type { OrderStore } from '../adapters/store/port';
import { lessThan } from '../domain/decimal';

/** How long an exchange may owe us the trades of an order before its sums are believed without them; wall time. */
const PATIENCE_MS = 5_000;

/** Orders of which the exchange counts more than it lists: a trade may be listed later than it is counted, or never. */
export class OwedTrades {
  /** Since when, in wall time, by client order id. */
  private readonly sinceMs = new Map<string, number>();

  constructor(private readonly deps: { readonly orders: OrderStore; readonly wallTimeMs: () => number }) {}

  /** Nothing is owed of this order any more. */
  forget(clientOrderId: string): void {
    this.sinceMs.delete(clientOrderId);
  }

  /**
   * Whether the journal has all that a report tells of, its fills having been asked for just now. After a while an inferred
   * fill stands in for what is owed.
   */
  async isComplete({
    clientOrderId,
    filledQuantity,
    filledQuote,
    marketTimeMs,
  }: OrderReport): Promise<boolean> {
    const { orders, wallTimeMs } = this.deps;
    const lacks = async (): Promise<boolean> => {
      const order = await orders.order(clientOrderId);
      return order !== undefined && lessThan(order.filledQuantity, filledQuantity);
    };
    if (!(await lacks())) {
      this.forget(clientOrderId);
      return true;
    }
    const nowMs = wallTimeMs();
    const sinceMs = this.sinceMs.get(clientOrderId) ?? nowMs;
    this.sinceMs.set(clientOrderId, sinceMs);
    if (filledQuote === undefined || nowMs - sinceMs < PATIENCE_MS) return false;
    await orders.inferFill(clientOrderId, { quantity: filledQuantity, quote: filledQuote, marketTimeMs });
    return !(await lacks());
  }
}
