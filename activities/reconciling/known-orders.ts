import type { OrderReport } from '../../adapters/exchange/port';
import { tryEach } from '../../adapters/exchange/try-each';
import { lessThan } from '../../domain/decimal';
import { isMarked } from '../../domain/ids';
import { isTerminal, OrderState, type OrderView } from '../../domain/order';
import { sellable } from '../../domain/planner';
import type { PositionView } from '../../domain/position';
import { DeedKind, FindingKind, Severity, type Finding } from '../../domain/findings';
import { idsOfSale, isNeeded } from '../../domain/reconciliation';
import type { ActivityDeps } from '../deps';
import { differs } from '../late-news';
import type { ExchangeRecord } from './exchange-record';
import type { Findings } from './findings';

type Deps = Pick<ActivityDeps, 'store' | 'desk' | 'owners'>;

/**
 * Learns what the exchange tells of orders that the journal knows.
 * @returns the reports of Ballast's orders, of whichever deployment, that it does not know
 */
export async function learnKnownOrders(
  { store, desk, owners }: Deps,
  account: string,
  record: ExchangeRecord,
  nowMs: number,
  findings: Findings,
): Promise<readonly OrderReport[]> {
  const positions = await store.recentPositions(account, record.sinceMs);
  const known = new Map(
    positions.flatMap((position) =>
      position.orders.map((order) => [order.clientOrderId, { position, order }] as const),
    ),
  );
  const unknown: OrderReport[] = [];
  for (const report of record.reports.filter(({ clientOrderId }) => isMarked(clientOrderId))) {
    const place = known.get(report.clientOrderId);
    const order = place?.order ?? (await store.order(report.clientOrderId));
    if (order === undefined) {
      const [, firstPart] = idsOfSale(report.clientOrderId);
      if ((await store.order(firstPart)) === undefined) unknown.push(report);
      continue;
    }
    if (!differs(order, report)) continue;
    const cancelled = place === undefined ? undefined : strangeCancel(place.position, order, report, nowMs);
    if (cancelled !== undefined) findings.found.push(cancelled);
    const learnt = await desk.news.learn(report, 'reconciliation');
    if (learnt.version !== order.version) {
      const what = `${order.leg} ${order.sequence} of ${order.positionId} was ${order.state} and is ${learnt.state}, filled ${learnt.filledQuantity}`;
      findings.did(DeedKind.OrderLearnt, order.clientOrderId, what);
      await owners.notifyOrder(learnt);
    }
    if (lessThan(learnt.filledQuantity, report.filledQuantity)) findings.lookAgain = true;
  }
  return unknown;
}

/** A resting order that its position still needs has ended by a hand that is not ours. */
export function strangeCancel(
  position: PositionView,
  order: OrderView,
  report: Pick<OrderReport, 'status'>,
  nowMs: number,
): Finding | undefined {
  if (order.state !== OrderState.Open || report.status !== 'cancelled') return undefined;
  if (!isNeeded(position, order, nowMs)) return undefined;
  const { leg, sequence, clientOrderId, positionId } = order;
  if (leg === 'stop' && sellable(position).dust !== undefined) return undefined;
  const message = `${leg} ${sequence} of ${positionId} (${clientOrderId}) was cancelled by somebody else`;
  return { kind: FindingKind.ManualCancel, severity: Severity.Notice, subject: clientOrderId, message };
}

/**
 * Looks up every order whose fate is open and which the record did not tell of.
 * @returns how many there were
 */
export async function settleOrders(
  { store, desk, owners }: Deps,
  account: string,
  { reports }: ExchangeRecord,
  findings: Findings,
): Promise<number> {
  const told = new Set(reports.map(({ clientOrderId }) => clientOrderId));
  const unsettled = (await store.unsettledOrders(account)).filter(
    ({ state }) => state !== OrderState.Created,
  );
  const untold = unsettled.filter(({ clientOrderId }) => !told.has(clientOrderId));
  await tryEach(untold, async (order) => {
    const { order: now, alsoChanged, retryAfterMs } = await desk.resolve(order.clientOrderId);
    if (retryAfterMs !== null && !isTerminal(now.state)) findings.lookAgain = true;
    for (const changed of [now, ...alsoChanged])
      if (changed !== now || changed.version !== order.version) await owners.notifyOrder(changed);
  });
  return unsettled.length;
}
