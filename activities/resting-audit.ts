import { openOrdersOf, openOrdersWeight } from '../adapters/exchange/open-orders';
import type { OrderReport } from '../adapters/exchange/port';
import { askListed } from '../adapters/exchange/try-each';
import type { Finding } from '../domain/findings';
import { OrderState, type OrderView } from '../domain/order';
import type { ActivityDeps } from './deps';
import { differs } from './late-news';
import { noteCancelFound } from './reconciling/strange-cancel';

/** A look is followed by a pause of so long at least, and so that its lists cost a fifth of Binance's request weight at most. Wall time. */
const PAUSE = { atLeastMs: 2_000, perWeightMs: 50 } as const;

/** Told of an order of which the exchange says something new, and of the finding when a hand that is not ours has ended it. */
type OnNews = (order: OrderView, strange?: Finding) => Promise<void>;

/**
 * Holds the orders that rest by the journal against the exchange's own list, once. The user stream tells sooner what becomes of them, as a
 * rule; while it keeps silent about the fill of an entry, or the end of a stop, a position is bare.
 */
export class RestingAudit {
  /** How long to wait before the next look. */
  pauseMs: number = PAUSE.atLeastMs;

  constructor(private readonly deps: Pick<ActivityDeps, 'store' | 'exchange' | 'desk' | 'clock'>) {}

  /**
   * One look, which journals what is news, and sets the pause.
   * @throws ExchangeFailure when the exchange cannot be asked; the next look makes up for it
   */
  async look(account: string, onNews: OnNews): Promise<void> {
    const { store, exchange } = this.deps;
    const unsettled = await store.unsettledOrders(account);
    const resting = unsettled.filter(({ state }) => state === OrderState.Open);
    const symbols = [...new Set(resting.map(({ symbol }) => symbol))];
    this.pauseMs = Math.max(PAUSE.atLeastMs, openOrdersWeight(symbols) * PAUSE.perWeightMs);
    const open = await openOrdersOf(exchange, symbols);
    const shown = new Map(open.map((report) => [report.clientOrderId, report]));
    // What rested on a pair that is not listed any more, others look after.
    await askListed(resting, (order) => this.compare(order, shown.get(order.clientOrderId), onNews));
  }

  /** @param shown undefined for an order that the list lacks: it has ended, as a rule */
  private async compare(before: OrderView, shown: OrderReport | undefined, onNews: OnNews): Promise<void> {
    const { desk } = this.deps;
    if (shown !== undefined) {
      if (!differs(before, shown)) return;
      const learnt = await desk.news.learn(shown, 'look-up');
      if (learnt.version !== before.version) await onNews(learnt);
      return;
    }
    const { order, alsoChanged } = await desk.resolve(before.clientOrderId);
    const strange = await noteCancelFound(this.deps, before, order);
    if (order.version !== before.version) await onNews(order, strange);
    for (const other of alsoChanged) await onNews(other);
  }
}
