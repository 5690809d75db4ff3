import type { OrderReport } from '../../adapters/exchange/port';

/** An order of the exchange in a few words. */
export const describe = ({ side, clientOrderId, symbol, status, filledQuantity }: OrderReport): string =>
  `${side} order ${clientOrderId} on ${symbol} (${status}, filled ${filledQuantity})`;

/** As the exchange accepted them: its ids rise. */
export const inOrder = (reports: readonly OrderReport[]): readonly OrderReport[] =>
  [...reports].sort(
    (a, b) =>
      a.exchangeOrderId.length - b.exchangeOrderId.length || (a.exchangeOrderId < b.exchangeOrderId ? -1 : 1),
  );

export function partition<T>(all: readonly T[], test: (one: T) => boolean): [T[], T[]] {
  return [all.filter(test), all.filter((one) => !test(one))];
}
