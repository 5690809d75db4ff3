import { add } from '../../../domain/decimal';
import type { JournaledFill, JournaledOrder, JournalRecord } from './journal-record';

/** The exchange's id of an order, or of a trade, which the journal may have divided among several positions. */
const wholeId = (id: string): string => id.split('#')[0] ?? id;

/** A sale that the journal has divided among positions: parts of its one order at the exchange. */
export const isPart = ({ clientOrderId }: Pick<JournaledOrder, 'clientOrderId'>): boolean =>
  clientOrderId.includes('#');

/** The journal with every divided sale put together again, as the exchange knows it. */
export function withWholeSales(journal: JournalRecord): JournalRecord {
  const orders = new Map<string, JournaledOrder>();
  for (const order of journal.orders) {
    const clientOrderId = wholeId(order.clientOrderId);
    const other = orders.get(clientOrderId);
    const filledQuantity =
      other === undefined ? order.filledQuantity : add(other.filledQuantity, order.filledQuantity);
    orders.set(clientOrderId, { ...(other ?? order), clientOrderId, filledQuantity });
  }
  const fills = new Map<string, JournaledFill>();
  for (const fill of journal.fills) {
    const whole = {
      ...fill,
      tradeId: wholeId(fill.tradeId),
      clientOrderId: wholeId(fill.clientOrderId),
    };
    const key = `${whole.symbol} ${whole.tradeId} ${whole.side} ${whole.clientOrderId}`;
    const other = fills.get(key);
    const sum = (one: JournaledFill) => ({
      quantity: add(one.quantity, fill.quantity),
      fee: add(one.fee, fill.fee),
    });
    fills.set(key, other === undefined ? whole : { ...whole, ...sum(other) });
  }
  return { ...journal, orders: [...orders.values()], fills: [...fills.values()] };
}
