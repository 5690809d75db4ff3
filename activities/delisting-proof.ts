import type { ExchangePort } from '../adapters/exchange/port';
import type { OrderStore } from '../adapters/store/port';
import type { OrderView } from '../domain/order';
import { isDelisted } from '../domain/position';

/**
 * Whether the exchange has delisted the pair of an order that it has just refused as unknown. One refusal is not enough: the exchange
 * is asked for the pair itself. What is proven is journaled with the position, so that it is proven once.
 * @throws ExchangeFailure when the exchange cannot be asked
 */
export async function provesDelisting(
  deps: {
    readonly exchange: Pick<ExchangePort, 'isListed'>;
    readonly orders: Pick<OrderStore, 'position' | 'setDelisted'>;
    readonly wallTimeMs: () => number;
  },
  { positionId, symbol }: Pick<OrderView, 'positionId' | 'symbol'>,
): Promise<boolean> {
  const { exchange, orders, wallTimeMs } = deps;
  const position = await orders.position(positionId);
  if (position !== undefined && isDelisted(position)) return true;
  if (await exchange.isListed(symbol)) return false;
  await orders.setDelisted(positionId, wallTimeMs());
  return true;
}
