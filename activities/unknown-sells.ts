import type { OrderReport } from '../adapters/exchange/port';
import { subtract } from '../domain/decimal';
import { Side } from '../domain/order';
import type { ActivityDeps } from './deps';

/** How long a reconciliation has to say whose such a sell is, in wall milliseconds. */
const EXPLAINED_WITHIN_MS = 15_000;

/** Resting sells under an id of ours that the journal does not know. */
export interface UnknownOrders {
  /** Nobody could say in time whose they are. */
  readonly unexplained: readonly OrderReport[];
  /** A reconciliation has been asked. */
  readonly awaited: readonly OrderReport[];
}

/**
 * What a journal that was restored from an older copy does not know of. The coins that such a sell offers are no position's, so
 * an emergency stop may not sell them; it asks for a reconciliation, which may find their position, and waits for it a while. A
 * worker that starts anew waits anew.
 */
export class UnknownSells {
  private readonly askedAtMs = new Map<string, number>();

  constructor(
    private readonly deps: Pick<ActivityDeps, 'emergencyStore' | 'owners' | 'wallTimeMs' | 'log'>,
  ) {}

  /** Those among our open orders. */
  async among(account: string, open: readonly OrderReport[]): Promise<UnknownOrders> {
    const { emergencyStore: store, wallTimeMs } = this.deps;
    const sells = open.filter(({ side }) => side === Side.Sell);
    const known = await Promise.all(sells.map(({ clientOrderId }) => store.order(clientOrderId)));
    const unknown = sells.filter((_, index) => known[index] === undefined);
    const ids = new Set(unknown.map(({ clientOrderId }) => clientOrderId));
    const isNews = [...ids].some((id) => !this.askedAtMs.has(id));
    for (const id of this.askedAtMs.keys()) if (!ids.has(id)) this.askedAtMs.delete(id);
    for (const id of ids) this.askedAtMs.set(id, this.askedAtMs.get(id) ?? wallTimeMs());
    if (isNews) await this.ask(account, unknown);
    const isLate = ({ clientOrderId: id }: OrderReport): boolean =>
      wallTimeMs() >= (this.askedAtMs.get(id) ?? 0) + EXPLAINED_WITHIN_MS;
    return {
      unexplained: unknown.filter(isLate),
      awaited: unknown.filter((order) => !isLate(order)),
    };
  }

  /** Whether anybody answers or not, the stop goes on. */
  private async ask(account: string, unknown: readonly OrderReport[]): Promise<void> {
    try {
      await this.deps.owners.wakeReconciliation(account, unknown.map(describeUnknown).join('; '));
    } catch (error) {
      this.deps.log.warn({ account, error }, 'a reconciliation could not be asked for');
    }
  }
}

/** One of them, for people. */
export const describeUnknown = ({ clientOrderId, symbol, quantity, filledQuantity }: OrderReport): string =>
  `sell order ${clientOrderId} of ${subtract(quantity, filledQuantity)} on ${symbol} rests, and the journal does not know it`;
