import { ExitReason } from '../../../domain/position';
import type { RecordedOrder } from '../../../emulator/journal/record';
import type { GrantedPosition } from './trading';
import { waitFor } from './wait';
import type { World } from './world';

/** What may be left of each position in quote units: less than a lot of any pair, for the fee is taken from what is bought. */
const DUST = 1.5;

const ordersOf = ({ exchange, account }: World): readonly RecordedOrder[] =>
  exchange.record().orders.filter((order) => order.account === account.account);

/** What the exchange itself says is not flat about the account: orders that rest, and coins that could be sold. */
export function leftAtExchange(world: World): readonly string[] {
  const { balances, trades } = world.exchange.record();
  const orders = ordersOf(world);
  const resting = orders.filter(({ status }) => status === 'NEW' || status === 'PARTIALLY_FILLED');
  const coins = balances.filter(({ account, asset, free, locked }) => {
    if (account !== world.account.account || asset === 'USDT') return false;
    const pair = `${asset}USDT`;
    const price = trades.findLast(({ symbol }) => symbol === pair)?.price ?? '0';
    const positions = orders.filter(({ symbol, side }) => symbol === pair && side === 'BUY').length;
    return (Number(free) + Number(locked)) * Number(price) >= DUST * positions;
  });
  return [
    ...resting.map(({ clientOrderId, side }) => `${side} ${clientOrderId} rests`),
    ...coins.map(({ asset, free, locked }) => `${free} + ${locked} ${asset}`),
  ];
}

/** @throws Error when the exchange does not show the account flat in a minute */
export const untilFlat = (world: World): Promise<true> =>
  waitFor('the exchange to show the account flat', () =>
    leftAtExchange(world).length === 0 ? true : undefined,
  );

/** Orders of the account that the exchange has filled. */
export const filledOrders = (world: World, side: 'BUY' | 'SELL'): number =>
  ordersOf(world).filter((order) => order.side === side && order.status === 'FILLED').length;

/** Each position was bought once and sold once, and closed by the emergency stop. `before` had been sold already. */
export async function soldOnce(
  world: World,
  positions: readonly GrantedPosition[],
  before = 0,
): Promise<void> {
  const views = await Promise.all(positions.map((position) => position.untilClosed()));
  expect(views.map(({ exitReason }) => exitReason)).toEqual(views.map(() => ExitReason.Emergency));
  expect(filledOrders(world, 'SELL') - before).toBe(positions.length);
  expect(filledOrders(world, 'BUY') - before).toBe(positions.length);
  await world.agreement();
}
