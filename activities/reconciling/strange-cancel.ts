import type { OrderReport } from '../../adapters/exchange/port';
import type { Finding } from '../../domain/findings';
import { OrderState, type OrderView } from '../../domain/order';
import { TradingMode } from '../../domain/trading-mode';
import type { ActivityDeps } from '../deps';
import { journalFindings } from './findings';
import { strangeCancel } from './known-orders';

type Deps = Pick<ActivityDeps, 'store' | 'clock'>;

/**
 * Journals that somebody else has cancelled an order which its position still needs. Once the cancel itself is journaled nobody
 * can say any more that the order was resting, so whoever is about to journal it, or just has, asks at once.
 * @param order as it was before the cancel was known
 * @returns the finding, for the account's reconciliation to tell; undefined when the order has not ended so
 */
export async function noteStrangeCancel(
  { store, clock }: Deps,
  order: OrderView,
  report: Pick<OrderReport, 'status'>,
): Promise<Finding | undefined> {
  if (report.status !== 'cancelled' || order.state !== OrderState.Open) return undefined;
  const position = await store.position(order.positionId);
  if (position === undefined) return undefined;
  const nowMs = Math.floor(await clock.nowMs());
  const finding = strangeCancel(position, order, report, nowMs);
  if (finding !== undefined) await journalFindings(store, order.account, [finding], nowMs);
  return finding;
}

/**
 * The same for a cancel that a look-up has brought to light: one that the exchange tells of has no reason of ours, and in a halt
 * the emergency stop cancels what positions need.
 */
export async function noteCancelFound(
  deps: Deps,
  before: OrderView,
  now: OrderView,
): Promise<Finding | undefined> {
  if (before.state !== OrderState.Open || now.state !== OrderState.Cancelled || now.reason !== null)
    return undefined;
  const account = await deps.store.account(before.account);
  if (account?.mode === TradingMode.Halted) return undefined;
  return noteStrangeCancel(deps, before, { status: 'cancelled' });
}
