import type { ExchangePort, OrderReport } from '../adapters/exchange/port';
import { compare, lessThan } from '../domain/decimal';
import { fateIsOpen, OrderState, type OrderView } from '../domain/order';
import { isDelisted, type PositionView } from '../domain/position';
import type { OrderDesk } from './order-desk';
import { answerOr } from './refusals';

/** How far before the oldest grant the exchange's record is read, in market time: its clock and ours may differ. */
const LOOK_BACK_MS = 3_600_000;

/**
 * Journals whatever the exchange knows about the sent orders of `positions` and the journal does not: one request per
 * symbol, however many orders a position has had, and one look-up per order whose fate is open.
 * @returns true when the exchange tells of fills whose trades it does not list yet: what is held is not known
 * Of a pair that is proven to be delisted it tells nothing any more.
 * @throws the first failure, after everything has been tried
 */
export async function learnLateNews(
  { exchange, desk }: { readonly exchange: ExchangePort; readonly desk: OrderDesk },
  positions: readonly PositionView[],
): Promise<boolean> {
  let owed = false;
  const orders = positions.flatMap((position) => position.orders);
  const symbols = [...new Set(orders.filter(mayHaveLateNews).map(({ symbol }) => symbol))];

  async function compareRecord(symbol: string): Promise<void> {
    const grants = positions.filter((position) => position.symbol === symbol);
    const sinceMs = Math.floor(Math.min(...grants.map(({ grantedAtMs }) => grantedAtMs))) - LOOK_BACK_MS;
    const ours = new Map(orders.filter(mayHaveLateNews).map((order) => [order.clientOrderId, order]));
    const asked = exchange.ordersSince(symbol, sinceMs);
    const record = await (grants.every(isDelisted) ? answerOr(asked) : asked);
    for (const report of record ?? []) {
      const order = ours.get(report.clientOrderId);
      if (order === undefined || !differs(order, report)) continue;
      const learnt = await desk.news.learn(report, 'look-up');
      owed ||= lessThan(learnt.filledQuantity, report.filledQuantity);
    }
  }

  await allTried([
    ...symbols.map(compareRecord),
    ...orders.filter(fateIsOpen).map(({ clientOrderId }) => desk.resolve(clientOrderId)),
  ]);
  return owed;
}

/** Sent, and not known to be complete: the exchange might still tell of a fill, even after an end. */
const mayHaveLateNews = (order: OrderView): boolean =>
  order.sendDeadlineMs !== null && order.state !== OrderState.Filled && !fateIsOpen(order);

/** The exchange tells something of the order that the journal does not have. */
export const differs = (order: OrderView, report: OrderReport): boolean =>
  report.status !== order.state || compare(report.filledQuantity, order.filledQuantity) !== 0;

async function allTried(work: readonly Promise<unknown>[]): Promise<void> {
  for (const outcome of await Promise.allSettled(work))
    if (outcome.status === 'rejected') throw outcome.reason;
}
