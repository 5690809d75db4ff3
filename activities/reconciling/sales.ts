import type { OrderReport } from '../../adapters/exchange/port';
import { lessThan } from '../../domain/decimal';
import { DeedKind } from '../../domain/findings';
import { quantityOf } from '../../domain/inferred-fill';
import type { Leg } from '../../domain/order';
import type { ExitReason, PositionView } from '../../domain/position';
import { divideSale } from '../../domain/reconciliation';
import type { ActivityDeps } from '../deps';
import type { Findings } from './findings';
import { describe } from './reports';

/**
 * Journals a sale that no position ordered as exits of those it sold from.
 * @returns `impossible` when they hold less than was sold; `pending` when it is not over, or not all of its trades are listed
 */
export async function attributeSale(
  { exchange, store, owners }: Pick<ActivityDeps, 'exchange' | 'store' | 'owners'>,
  sale: OrderReport,
  positions: readonly PositionView[],
  exit: { readonly leg: Leg; readonly exitReason: ExitReason | null },
  findings: Findings,
): Promise<'done' | 'pending' | 'impossible'> {
  const { symbol, clientOrderId, exchangeOrderId, filledQuantity } = sale;
  const fills = await exchange.fillsOf(symbol, exchangeOrderId, clientOrderId);
  if (sale.status === 'open' || lessThan(quantityOf(fills), filledQuantity)) {
    findings.lookAgain = true;
    return 'pending';
  }
  const candidates = positions.filter((position) => position.symbol === symbol);
  const parts = divideSale({ clientOrderId, fills }, candidates);
  if (parts === undefined) return 'impossible';
  const sold = await store.adoptSale({ clientOrderId, exchangeOrderId, ...exit, parts });
  const message = `${describe(sale)} is an exit of ${sold.join(' and of ')}`;
  findings.did(DeedKind.SaleAttributed, clientOrderId, message);
  for (const positionId of sold) await owners.notifyPosition(positionId);
  return 'done';
}
