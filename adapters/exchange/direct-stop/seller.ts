import { setTimeout as sleep } from 'node:timers/promises';
import { isPositive, subtract, sum, ZERO, type DecimalString } from '../../../domain/decimal';
import { ExchangeFailure, FailureKind } from '../../../domain/errors';
import { OrderType, Side } from '../../../domain/order';
import type { OrderReport, OrderRequest } from '../port';
import type { StopRun } from './stop-run';

/** An order of this run. It counts as executed in full until something else is known. */
interface Sent {
  readonly request: OrderRequest;
  report: OrderReport | undefined;
}

export const restOf = ({ quantity, filledQuantity }: OrderReport): DecimalString =>
  subtract(quantity, filledQuantity);

/**
 * What this run itself sends on one pair, and what it knows to have sold: the exchange's record may not show it yet. A
 * resting sell of ours is swapped for a market sell in one request; where that is not possible, the sell follows at once, and
 * if it fails the stop is placed again.
 */
export class Seller {
  private readonly sent = new Map<string, Sent>();

  constructor(
    private readonly run: StopRun,
    private readonly symbol: string,
  ) {}

  isOwn(clientOrderId: string): boolean {
    return this.sent.has(clientOrderId);
  }

  /** What this run has sold, or may have. */
  get sold(): DecimalString {
    const parts = [...this.sent.values()].map(({ request, report }) => {
      const mayFill = report === undefined || (report.status === 'open' && request.stopPrice === null);
      return mayFill ? request.quantity : report.filledQuantity;
    });
    return sum(parts);
  }

  /** Stops that this run has placed again, as far as they are known to rest. */
  get stops(): readonly OrderReport[] {
    return [...this.sent.values()].flatMap(({ report }) => (report?.status === 'open' ? report : []));
  }

  /** Orders of which it is not known whether they arrived. */
  get pending(): readonly OrderRequest[] {
    return [...this.sent.values()].flatMap(({ request, report }) => (report === undefined ? request : []));
  }

  learn(report: OrderReport): void {
    const sent = this.sent.get(report.clientOrderId);
    if (sent === undefined) return;
    if (sent.report === undefined && sent.request.stopPrice === null) this.tellSold(sent.request);
    sent.report = report;
  }

  /** Looks pending orders up. @returns whether all of them are settled */
  async settle(): Promise<boolean> {
    for (const request of this.pending) await this.prove(request);
    return this.pending.length === 0;
  }

  /** Swaps a resting sell for a market sell of its rest. @returns how the resting one ended, if it has */
  async swap(order: OrderReport): Promise<OrderReport | undefined> {
    const { exchange } = this.run.options;
    const { clientOrderId } = order;
    const request = this.request(restOf(order));
    const outcome = await this.send(request, () => exchange.replace(clientOrderId, request));
    if (outcome === undefined) return undefined;
    if (outcome.outcome === 'replaced') {
      this.run.cancelledOrders += 1;
      this.learn(outcome.placed);
      return outcome.cancelled;
    }
    this.sent.delete(request.clientOrderId);
    if (outcome.outcome === 'naked') {
      this.run.cancelledOrders += 1;
      const what = `${this.symbol}: the stop is gone and the sell was refused (${outcome.message}); selling again`;
      return this.sellFreed(order, outcome.cancelled, what);
    }
    this.run.say(`${this.symbol}: the stop could not be cancelled (${outcome.message}); looking again`);
    const found = await this.run.attempt('look the stop up', () =>
      exchange.lookUp(this.symbol, clientOrderId),
    );
    const now = found?.value;
    // One that has sold a part is not replaced.
    if (now?.status !== 'open' || !isPositive(now.filledQuantity)) return now;
    const cancelled = await this.cancel(now);
    return cancelled && this.sellFreed(order, cancelled, `${this.symbol}: selling what the stop had left`);
  }

  async cancel({ clientOrderId: id, side }: OrderReport): Promise<OrderReport | undefined> {
    const done = await this.run.attempt(`cancel ${id}`, () =>
      this.run.options.exchange.cancel(this.symbol, id),
    );
    if (done?.value === undefined) return undefined;
    this.run.cancelledOrders += 1;
    this.run.say(`${this.symbol}: cancelled a ${side} order`);
    return done.value;
  }

  /** @returns whether it is sold, or may be */
  async sell(quantity: DecimalString): Promise<boolean> {
    const request = this.request(quantity);
    const report = await this.send(request, () => this.run.options.exchange.submit(request));
    if (report !== undefined) this.learn(report);
    return this.isOwn(request.clientOrderId);
  }

  /** Sells at once what this run has freed; if that fails, the stop is placed again. */
  private async sellFreed(order: OrderReport, cancelled: OrderReport, what: string): Promise<OrderReport> {
    this.run.say(what);
    const freed = restOf(cancelled);
    if (isPositive(freed) && !(await this.sell(freed)) && order.stopPrice !== null)
      await this.protect(freed, order.stopPrice);
    return cancelled;
  }

  private async protect(quantity: DecimalString, stopPrice: DecimalString): Promise<void> {
    const request = { ...this.request(quantity), type: OrderType.StopMarket, stopPrice };
    const placed = await this.send(request, () => this.run.options.exchange.submit(request));
    if (placed !== undefined) this.learn(placed);
    this.run.say(
      this.isOwn(request.clientOrderId)
        ? `${this.symbol}: the stop of ${quantity} at ${stopPrice} was placed again`
        : `${this.symbol}: ${quantity} are WITHOUT A STOP, which could not be placed again`,
    );
  }

  /** The answer; undefined after a failure, and then the order is forgotten where it is proven that nothing came of it. */
  private async send<T>(request: OrderRequest, act: () => Promise<T>): Promise<T | undefined> {
    const id = request.clientOrderId;
    this.sent.set(id, { request, report: undefined });
    try {
      return await act();
    } catch (error) {
      const isAmbiguous = error instanceof ExchangeFailure && error.kind === FailureKind.Ambiguous;
      if (!isAmbiguous) this.sent.delete(id);
      this.run.note(`sell ${request.quantity} of ${this.symbol}`, error);
      if (isAmbiguous) await this.prove(request);
      return undefined;
    }
  }

  /**
   * After an unclear answer nothing else may be sold until it is known whether this was: the order is looked up until it shows,
   * or until it can no longer arrive. It stays pending when the exchange does not answer that.
   */
  private async prove(request: OrderRequest): Promise<void> {
    const { exchange, recvWindowMs, visibilityLagMs } = this.run.options;
    const provenAtMs = request.sendDeadlineMs + recvWindowMs + visibilityLagMs;
    for (;;) {
      const isProof = Date.now() >= provenAtMs;
      const found = await this.run.attempt('look the sell up', () =>
        exchange.lookUp(this.symbol, request.clientOrderId),
      );
      if (found?.value !== undefined) this.learn(found.value);
      else if (isProof && found !== undefined) this.sent.delete(request.clientOrderId);
      if (found?.value !== undefined || isProof) return;
      await sleep(Math.max(visibilityLagMs / 8, 1));
    }
  }

  private tellSold({ quantity }: OrderRequest): void {
    this.run.sells += 1;
    this.run.say(`${this.symbol}: selling ${quantity} at market`);
  }

  private request(quantity: DecimalString): OrderRequest {
    return {
      clientOrderId: this.run.nextId(this.symbol),
      symbol: this.symbol,
      side: Side.Sell,
      type: OrderType.Market,
      quantity,
      limitPrice: null,
      stopPrice: null,
      sendDeadlineMs: Date.now() + this.run.options.sendWindowMs,
    };
  }
}

/** What these orders still offer. */
export const offeredBy = (orders: readonly OrderReport[]): DecimalString =>
  orders.length === 0 ? ZERO : sum(orders.map(restOf));
