import { lessThan } from '../../domain/decimal';
import { openOrdersOf } from './open-orders';
import type { ExchangePort, OrderReport } from './port';

/**
 * Checks by REST that a user stream tells what happens: a connection can be alive, answer every ping, and bring no news.
 * It compares the open orders of two looks; whatever has changed between them the stream must have told.
 */
export class StreamAudit {
  /** Orders that were open at the last look, by exchange order id. */
  private open: ReadonlyMap<string, OrderReport> = new Map();
  /** The latest that the stream has told of each order. */
  private told = new Map<string, OrderReport>();
  /** What it had not told at the last look: the order as it is now, undefined once it has ended. */
  private owed: ReadonlyMap<string, OrderReport | undefined> = new Map();

  constructor(
    private readonly exchange: Pick<ExchangePort, 'openOrders'>,
    private readonly symbols: readonly string[],
  ) {}

  /** Notes what the stream tells. */
  heard(report: OrderReport): void {
    this.told.set(report.exchangeOrderId, report);
  }

  /**
   * Looks at the exchange. What the stream owes then may still be on its way: ask `isDeaf` a little later.
   * @throws ExchangeFailure when the exchange cannot be asked; the next look makes up for it.
   */
  async look(): Promise<void> {
    const open = await openOrdersOf(this.exchange, this.symbols);
    const current = new Map(open.map((order) => [order.exchangeOrderId, order]));
    this.owed = new Map(
      [...this.open]
        .map(([id, before]) => [id, before, current.get(id)] as const)
        .filter(([, before, now]) => now === undefined || hasMoved(before, now))
        .map(([id, , now]) => [id, now]),
    );
    this.open = current;
    this.told = new Map([...this.told].filter(([id]) => current.has(id) || this.owed.has(id)));
  }

  /** Has something that had happened by the last look still not been told? */
  isDeaf(): boolean {
    return [...this.owed].some(([id, now]) => !covers(this.told.get(id), now));
  }

  get owesAnything(): boolean {
    return this.owed.size > 0;
  }
}

const hasMoved = (before: OrderReport, now: OrderReport): boolean =>
  lessThan(before.filledQuantity, now.filledQuantity) || before.triggered !== now.triggered;

/** Is what was told at least as new as what is? */
function covers(told: OrderReport | undefined, now: OrderReport | undefined): boolean {
  if (told === undefined) return false;
  if (told.status !== 'open' || now === undefined) return told.status !== 'open';
  return (
    !lessThan(told.filledQuantity, now.filledQuantity) &&
    (told.triggered ?? false) >= (now.triggered ?? false)
  );
}
