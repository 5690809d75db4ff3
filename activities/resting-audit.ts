import { openOrdersOf, openOrdersWeight } from '../adapters/exchange/open-orders';
import { askListed } from '../adapters/exchange/try-each';
import type { Finding } from '../domain/findings';
import { OrderState, type OrderView } from '../domain/order';
import type { ActivityDeps } from './deps';
import { differs } from './late-news';
import { noteCancelFound } from './reconciling/strange-cancel';

/** A look is followed by a pause of so long at least, and so that looks cost a fifth of Binance's request weight at most. Wall time. */
const PAUSE = { atLeastMs: 2_000, perWeightMs: 50 } as const;

/** What the exchange tells of an order that rested by the journal. */
export interface RestingNews {
  readonly order: OrderView;
  /** Set when it was ended by a hand that is not ours. */
  readonly strange?: Finding | undefined;
}

/**
 * Holds the orders that rest by the journal against the exchange's own list. The user stream tells sooner what becomes of them, as a
 * rule; while it keeps silent about the fill of an entry, or the end of a stop, a position is bare.
 */
export class RestingAudit {
  /** How long to wait before the next look. */
  pauseMs: number = PAUSE.atLeastMs;

  constructor(private readonly deps: Pick<ActivityDeps, 'store' | 'exchange' | 'desk' | 'clock'>) {}

  /**
   * One look, which journals what is news.
   * @param onNews told of each order at once: a position may be bare
   * @throws ExchangeFailure when the exchange cannot be asked; the next look makes up for it
   */
  async look(account: string, onNews: (news: RestingNews) => Promise<void>): Promise<void> {
    const { store, exchange, desk } = this.deps;
    const unsettled = await store.unsettledOrders(account);
    const resting = unsettled.filter(({ state }) => state === OrderState.Open);
    const symbols = [...new Set(resting.map(({ symbol }) => symbol))];
    this.pauseMs = Math.max(PAUSE.atLeastMs, openOrdersWeight(symbols) * PAUSE.perWeightMs);
    const open = await openOrdersOf(exchange, symbols);
    const shown = new Map(open.map((report) => [report.clientOrderId, report]));
    // What rested on a pair that is not listed any more, others look after.
    await askListed(resting, async (order) => {
      const report = shown.get(order.clientOrderId);
      if (report === undefined) await this.resolve(order, onNews);
      else if (differs(order, report)) await onNews({ order: await desk.news.learn(report, 'look-up') });
    });
  }

  /** An order that is not shown has ended, as a rule. */
  private async resolve(before: OrderView, onNews: (news: RestingNews) => Promise<void>): Promise<void> {
    const { order, alsoChanged } = await this.deps.desk.resolve(before.clientOrderId);
    const strange = await noteCancelFound(this.deps, before, order);
    if (order.version !== before.version) await onNews({ order, strange });
    for (const other of alsoChanged) await onNews({ order: other });
  }
}
