import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { decimal } from '../../../domain/decimal';
import { Leg } from '../../../domain/order';
import { ExitReason } from '../../../domain/position';
import { pokeSignal, type PositionResult } from '../../../workflows/contract';
import { draw, type Scenario } from './scenario';

const messages = fc.constantFrom('fill', 'poke', 'poke', 'fault' as const);
const faults = ['busy', 'unheard', 'late'] as const;
const FILL = decimal('0.1');

/** Every fill ends up under the stop, and the wish to leave is carried out, under a rain of pokes and failing requests. */
export const positionScenario: Scenario = async ({ harness, world, seed }) => {
  world.exchange.liquidity = FILL;
  const input = harness.grant({}, world);
  const handle = await harness.start<(given: typeof input) => Promise<PositionResult>>(
    'position',
    input.positionId,
    input,
  );
  await harness.until(() => world.exchange.offered() === '0.0999');
  const entry = world.store.orders
    .known(input.positionId)
    .orders.find(({ leg }) => leg === Leg.Entry)?.clientOrderId;
  if (entry === undefined) throw new Error('there is no entry');

  let fills = 1;
  for (const [number, { message, waitMs }] of draw(seed, messages, { min: 25, max: 35 }).entries()) {
    if (message === 'fill' && fills < 9) {
      fills += 1;
      world.exchange.fillResting(entry, FILL);
      await harness.hear(entry, world);
    } else if (message === 'fault') {
      world.exchange.faults.push(faults[number % faults.length] ?? 'busy');
    } else {
      await handle.signal(pokeSignal);
    }
    if (waitMs > 0) await sleep(waitMs);
  }
  // Sellable is what was bought, less the fee in the bought asset.
  await harness.until(() => world.exchange.offered() === (fills * 0.0999).toFixed(4));
  world.exchange.faults.length = 0;
  world.exchange.liquidity = decimal('1000000');
  await world.store.wishExit(input.positionId, ExitReason.Flatten);
  await handle.signal(pokeSignal);
  expect(await handle.result()).toMatchObject({ exitReason: ExitReason.Flatten });
  expect(world.exchange.held()).toBe('0');
  expect(world.exchange.offered()).toBe('0');
  expect(new Set(world.exchange.received).size).toBe(world.exchange.received.length);
  return input.positionId;
};
