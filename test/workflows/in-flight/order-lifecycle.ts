import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { decimal, minimum, multiply } from '../../../domain/decimal';
import { Leg, type OrderView } from '../../../domain/order';
import {
  advanceSignal,
  orderNewsSignal,
  workflowIds,
  type LegOrder,
  type OrderLifecycleInput,
} from '../../../workflows/contract';
import { accountOf, draw, type Scenario } from './scenario';

const ENTRY: LegOrder = { sequence: 0, type: 'limit', stopPrice: null, replaces: null, cancel: false };
const messages = fc.constantFrom('fill', 'fill', 'stale', 'again' as const);
const FILL = decimal('0.05');
/** Longer than any scenario takes: no entry is to expire in one. */
const LIFETIME_MS = 600_000;

/** Every fill is counted once, whatever old news and repeated wishes come in between, and the cancel is carried out. */
export const orderLifecycleScenario: Scenario = async (stage) => {
  const { harness, world, seed } = stage;
  world.exchange.price = decimal('105');
  const { positionId } = harness.grant({ expiresAtMs: world.time.nowMs + LIFETIME_MS }, world);
  const id = workflowIds.order(positionId, Leg.Entry);
  const input: OrderLifecycleInput = {
    ...accountOf(stage),
    symbol: 'BTC/USDT',
    positionId,
    leg: Leg.Entry,
    order: ENTRY,
  };
  const handle = await harness.start<(input: OrderLifecycleInput) => Promise<OrderView | null>>(
    'orderLifecycle',
    id,
    input,
  );
  const entry = (): OrderView | undefined => world.store.orders.known(positionId).orders[0];
  await harness.until(() => entry()?.state === 'open');
  const first = entry();
  if (first === undefined) throw new Error('there is no entry');

  let fills = 0;
  const tell = async (word: Promise<void>): Promise<void> => {
    await word.catch((error: unknown) => {
      if (fills < 20) throw error; // only an order that is filled may be over
    });
  };
  for (const { message, waitMs } of draw(seed, messages, { min: 25, max: 40 })) {
    if (message === 'fill') {
      fills += 1;
      world.exchange.fillResting(first.clientOrderId, FILL);
      await harness.hear(first.clientOrderId, world);
    } else if (message === 'stale') {
      await tell(handle.signal(orderNewsSignal, first));
    } else {
      await tell(handle.signal(advanceSignal, ENTRY));
    }
    if (waitMs > 0) await sleep(waitMs);
  }
  await tell(handle.signal(advanceSignal, { ...ENTRY, cancel: true }));
  const filledQuantity = minimum(decimal('1'), multiply(FILL, decimal(String(fills))));
  const state = filledQuantity === '1' ? 'filled' : 'cancelled';
  expect(await handle.result()).toMatchObject({ state, filledQuantity });
  // What it has bought may have its stop there as well.
  expect(world.exchange.received.filter((sent) => sent === first.clientOrderId)).toHaveLength(1);
  return id;
};
