import type { ExchangePort, OrderReport } from './port';
import { askListed } from './try-each';

/** What Binance counts for one question about open orders: about one pair, and about all at once. */
const WEIGHTS = { ofPair: 6, ofAll: 80 } as const;

/** What {@link openOrdersOf} costs of the 6,000 that Binance allows in a minute. */
export const openOrdersWeight = (symbols: readonly string[]): number =>
  Math.min(symbols.length * WEIGHTS.ofPair, WEIGHTS.ofAll);

/**
 * The open orders of these pairs, in whichever way is cheaper; of others there may be some among them. Pairs that the exchange does not
 * list any more are passed over.
 * @throws ExchangeFailure when the exchange cannot be asked
 */
export async function openOrdersOf(
  exchange: Pick<ExchangePort, 'openOrders'>,
  symbols: readonly string[],
): Promise<readonly OrderReport[]> {
  if (symbols.length * WEIGHTS.ofPair > WEIGHTS.ofAll) return exchange.openOrders(undefined);
  const { answers } = await askListed(symbols, (symbol) => exchange.openOrders(symbol));
  return answers.flat();
}
