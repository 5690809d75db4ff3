import type { Finding } from '../domain/findings';
import type { OrderView } from '../domain/order';
import type { Owners } from './deps';

/** Tells a position's workflow to look at the journal; when there is none, a reconciliation gives it one. */
export async function wakePosition(owners: Owners, account: string, positionId: string): Promise<void> {
  if (!(await owners.notifyPosition(positionId)))
    await owners.wakeReconciliation(account, `${positionId} has no owner`);
}

/** Tells an order's workflow, or its position's, what became of it; when there is none, a reconciliation starts it. */
export async function tellOwner(owners: Owners, order: OrderView): Promise<void> {
  if (!(await owners.notifyOrder(order)))
    await owners.wakeReconciliation(order.account, `order ${order.clientOrderId} has no owner`);
}

/** Has the account reconciled because of what somebody has found, and told with the rest; nothing when nothing was found. */
export async function tellFinding(
  owners: Owners,
  account: string,
  finding: Finding | undefined,
): Promise<void> {
  if (finding !== undefined) await owners.wakeReconciliation(account, finding.message, finding);
}
