import type { Fill } from '../../domain/order';
import type { AccountEvent, ExchangePort, OrderReport } from './port';
import { tryEach } from './try-each';

export type Deliver = (event: AccountEvent) => Promise<void>;

type PolledPort = Pick<ExchangePort, 'clock' | 'openOrders' | 'ordersSince' | 'fillsSince' | 'lookUp'>;

/** How far one symbol's fills have been told. */
interface FillCursor {
  sinceMs: number;
  /** Trades at `sinceMs` or later that were told. */
  readonly told: Set<string>;
}

/**
 * Account news over REST, for as long as the user stream cannot be had. The first poll only takes its bearings and
 * reports `connected`; each later one tells the fills and changed orders since. Repeats cost nothing: news is idempotent.
 */
export class AccountPoller {
  private startedMs: number | undefined;
  private readonly cursors = new Map<string, FillCursor>();
  /** The latest report of each order, by exchange order id. */
  private readonly orders = new Map<string, OrderReport>();

  constructor(
    private readonly exchange: PolledPort,
    private readonly symbols: readonly string[],
  ) {}

  /** @throws ExchangeFailure when the exchange cannot be asked; the next poll carries on. */
  async poll(deliver: Deliver): Promise<void> {
    if (this.startedMs === undefined) {
      const { marketTimeMs } = await this.exchange.clock();
      await tryEach(this.symbols, async (symbol) => {
        this.remember(await this.exchange.openOrders(symbol));
      });
      this.startedMs = marketTimeMs;
      await deliver({ kind: 'connected' });
      return;
    }
    const { startedMs } = this;
    await tryEach(this.symbols, (symbol) => this.pollSymbol(symbol, startedMs, deliver));
  }

  private async pollSymbol(symbol: string, startedMs: number, deliver: Deliver): Promise<void> {
    const known = [...this.orders.values()].filter(
      (order) => order.symbol === symbol && order.status === 'open',
    );
    const current = [
      ...(await this.exchange.openOrders(symbol)),
      ...(await this.exchange.ordersSince(symbol, startedMs)),
    ];
    const listed = new Set(current.map((order) => order.exchangeOrderId));
    for (const order of known) {
      if (listed.has(order.exchangeOrderId)) continue;
      const ended = await this.exchange.lookUp(symbol, order.clientOrderId);
      if (ended !== undefined) current.push(ended);
    }
    const changed = current.filter((order) => hasChanged(this.orders.get(order.exchangeOrderId), order));
    this.remember(current);
    for (const fill of await this.newFills(symbol, startedMs)) await deliver({ kind: 'fill', fill });
    for (const report of changed) await deliver({ kind: 'order', report });
  }

  private async newFills(symbol: string, startedMs: number): Promise<readonly Fill[]> {
    const cursor = this.cursors.get(symbol) ?? { sinceMs: startedMs, told: new Set() };
    this.cursors.set(symbol, cursor);
    const fills = (await this.exchange.fillsSince(symbol, cursor.sinceMs)).filter(
      (fill) => !cursor.told.has(fill.tradeId),
    );
    for (const fill of fills) {
      if (fill.marketTimeMs > cursor.sinceMs) {
        cursor.sinceMs = fill.marketTimeMs;
        cursor.told.clear();
      }
      cursor.told.add(fill.tradeId);
    }
    return fills.map((fill) => ({
      ...fill,
      clientOrderId: this.orders.get(fill.exchangeOrderId)?.clientOrderId ?? fill.clientOrderId,
    }));
  }

  private remember(orders: readonly OrderReport[]): void {
    for (const order of orders) this.orders.set(order.exchangeOrderId, order);
  }
}

const hasChanged = (before: OrderReport | undefined, now: OrderReport): boolean =>
  before?.status !== now.status ||
  before.filledQuantity !== now.filledQuantity ||
  before.triggered !== now.triggered;
