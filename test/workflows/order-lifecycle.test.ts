import { decimal } from '../../domain/decimal';
import { Leg, OrderState, type OrderView } from '../../domain/order';
import {
  advanceSignal,
  orderNewsSignal,
  orderViewQuery,
  workflowIds,
  type LegOrder,
  type OrderLifecycleInput,
} from '../../workflows/contract';
import { Harness, type World } from './harness';

type Lifecycle = (input: OrderLifecycleInput) => Promise<OrderView | null>;

/** Version 1.35 of the test server now and then loses its clock, which then skips no more: such a test runs again, on another server. */
jest.retryTimes(2);

describe('orderLifecycle', () => {
  let harness: Harness;
  let world: World;
  beforeEach(async () => {
    harness = await Harness.start();
    world = await harness.newWorld();
  });
  afterEach(async () => {
    await harness.shutdown();
  });

  const ENTRY: LegOrder = { sequence: 0, type: 'limit', stopPrice: null, replaces: null, cancel: false };
  const STOP: LegOrder = { ...ENTRY, type: 'stop-market', stopPrice: decimal('90') };

  async function begin(leg: Leg, order: LegOrder, positionId = harness.grant().positionId) {
    const { account } = world;
    const common = { deployment: 'test', account, venue: 'fake', symbol: 'BTC/USDT' };
    const id = workflowIds.order(positionId, leg);
    const handle = await harness.start<Lifecycle>('orderLifecycle', id, {
      ...common,
      positionId,
      leg,
      order,
    });
    const newest = (): OrderView | undefined =>
      world.store.orders.known(positionId).orders.findLast((each) => each.leg === leg);
    const becomes = (state: OrderState) => harness.until(() => newest()?.state === state);
    const over = () => harness.until(async () => (await handle.describe()).status.name === 'COMPLETED');
    return { handle, newest, becomes, over, positionId };
  }

  const callsOf = (name: string): number => world.calls.filter((call) => call.name === name).length;

  it('ends with the order, and returns how it ended', async () => {
    const order = await begin(Leg.Entry, ENTRY);
    await order.over();
    expect(await order.handle.result()).toMatchObject({ state: 'filled', filledQuantity: '1' });
    expect(callsOf('submitOrder')).toBe(1);
  });

  it('sends again what provably was not executed, after a pause, under the same id', async () => {
    world.exchange.faults.push('busy', 'busy', 'busy');
    const startedMs = world.time.nowMs;
    const order = await begin(Leg.Entry, ENTRY);
    await order.over();
    expect(callsOf('submitOrder')).toBe(4);
    const entry = order.newest()?.clientOrderId;
    expect(world.exchange.received.filter((id) => id === entry)).toHaveLength(1);
    expect(world.time.nowMs - startedMs).toBeGreaterThanOrEqual(3_000);
  });

  it('looks an order of unknown fate up until it is known, and never sends it again', async () => {
    world.exchange.faults.push('late');
    const order = await begin(Leg.Entry, ENTRY);
    await order.becomes(OrderState.Unknown);
    expect((await order.handle.query(orderViewQuery))?.state).toBe('unknown');
    await order.over();
    expect(await order.handle.result()).toMatchObject({ state: 'filled' });
    expect(callsOf('submitOrder')).toBe(1);
    expect(callsOf('resolveOrder')).toBeGreaterThanOrEqual(1);
  });

  it('gives an order up only when its absence is proven', async () => {
    world.exchange.faults.push('lost');
    const startedMs = world.time.nowMs;
    const order = await begin(Leg.Entry, ENTRY);
    await order.over();
    expect(await order.handle.result()).toMatchObject({ state: 'abandoned' });
    expect(world.time.nowMs - startedMs).toBeGreaterThan(3_000); // receive and visibility windows
  });

  it('looks again soon when the exchange tells of fills that it does not list yet', async () => {
    // More than one activity looks.
    const UNLISTED_LOOKS = 30;
    const { exchange } = world;
    const listed = exchange.fillsOf.bind(exchange);
    let looks = 0;
    exchange.fillsOf = (...query) => {
      looks += 1;
      return looks <= UNLISTED_LOOKS ? Promise.resolve([]) : listed(...query);
    };
    const startedMs = world.time.nowMs;
    const order = await begin(Leg.Entry, ENTRY);
    await order.becomes(OrderState.Open);
    await order.over();
    expect(await order.handle.result()).toMatchObject({ state: 'filled', filledQuantity: '1' });
    expect(looks).toBe(UNLISTED_LOOKS + 1);
    expect(world.time.nowMs - startedMs).toBeLessThan(5_000);
  });

  it('asks about a resting order once a minute when nobody tells it anything', async () => {
    world.exchange.price = decimal('105');
    const order = await begin(Leg.Entry, ENTRY);
    await order.becomes(OrderState.Open);
    await harness.pass(600_000);
    expect(callsOf('resolveOrder')).toBeGreaterThanOrEqual(9);
    expect(callsOf('resolveOrder')).toBeLessThanOrEqual(11);
    await order.handle.signal(advanceSignal, { ...ENTRY, cancel: true });
    await order.over();
  });

  it('withdraws an order that was never sent', async () => {
    const order = await begin(Leg.Entry, { ...ENTRY, cancel: true });
    await order.over();
    expect(await order.handle.result()).toMatchObject({ state: 'abandoned', sendDeadlineMs: null });
    expect(world.exchange.received).toEqual([]);
  });

  it('cancels an order that rests, and repeats that until it is over', async () => {
    world.exchange.price = decimal('105');
    const order = await begin(Leg.Entry, ENTRY);
    await order.becomes(OrderState.Open);
    const { cancelOrder, resolveOrder } = world.real;
    let unwilling = 2;
    world.script.cancelOrder = async (input) => {
      if (unwilling-- <= 0) return cancelOrder(input);
      const { clientOrderId = '' } = order.newest() ?? {};
      world.exchange.fillResting(clientOrderId, decimal('0.1')); // fills go on arriving
      await harness.hear(clientOrderId);
      return resolveOrder(clientOrderId);
    };
    await order.handle.signal(advanceSignal, { ...ENTRY, cancel: true });
    const askedMs = world.time.nowMs;
    await order.over();
    expect(await order.handle.result()).toMatchObject({ state: 'cancelled', filledQuantity: '0.2' });
    expect(world.time.nowMs - askedMs).toBeLessThan(10_000);
  });

  it('passes over news older than what it knows, and orders older than the one wanted', async () => {
    world.exchange.liquidity = decimal('0.4');
    const order = await begin(Leg.Entry, ENTRY);
    await order.becomes(OrderState.Open);
    await harness.pass(1_000);
    const known = await order.handle.query(orderViewQuery);
    if (known === null) throw new Error('no order is known');
    await order.handle.signal(orderNewsSignal, { ...known, state: 'cancelled', version: known.version - 1 });
    await order.handle.signal(orderNewsSignal, { ...known, state: 'cancelled', version: known.version });
    await order.handle.signal(advanceSignal, ENTRY);
    await harness.pass(1_000);
    expect(await order.handle.query(orderViewQuery)).toEqual(known);
    expect(await harness.statusOf(order.handle.workflowId)).toBe('RUNNING');
    expect(callsOf('submitOrder')).toBe(1);
  });

  it('goes from one order to its replacement when a higher sequence is wanted', async () => {
    const { positionId } = harness.grant();
    const entry = await begin(Leg.Entry, ENTRY, positionId);
    await entry.over();
    const stop = await begin(Leg.Stop, STOP, positionId);
    await stop.becomes(OrderState.Open);
    const replaces = stop.newest()?.clientOrderId ?? null;
    await stop.handle.signal(advanceSignal, { ...STOP, sequence: 1, stopPrice: decimal('95'), replaces });
    await harness.until(() => stop.newest()?.sequence === 1 && stop.newest()?.state === 'open');
    await harness.pass(1_000);
    expect(await stop.handle.query(orderViewQuery)).toMatchObject({ sequence: 1, stopPrice: '95' });
    expect(world.exchange.offered()).toBe('0.999');

    // Without a halt the position, left bare, would have another stop at once.
    await world.store.raiseHalt(world.account, { key: 'k', reason: 'a test', by: 'tester' });
    await stop.handle.signal(advanceSignal, { ...STOP, sequence: 1, cancel: true });
    await stop.over();
    expect(await stop.handle.result()).toMatchObject({ sequence: 1, state: 'cancelled' });
  });

  it('holds an order back in a halt, and sends it as soon as it is asked again', async () => {
    const { positionId } = harness.grant();
    world.exchange.faults.push('none', 'busy'); // the stop is not there yet when the halt comes
    const entry = await begin(Leg.Entry, ENTRY, positionId);
    await entry.over();
    const epoch = await world.store.raiseHalt(world.account, { key: 'k', reason: 'a test', by: 'tester' });
    const stop = await begin(Leg.Stop, STOP, positionId);
    await harness.pass(5_000);
    expect(callsOf('submitOrder')).toBe(2);
    expect(stop.newest()?.state).toBe(OrderState.Created);

    await world.store.setMode(world.account, 'ACTIVE', { reason: 'a test', by: 'tester', epoch });
    await stop.handle.signal(advanceSignal, STOP);
    await harness.pass(1_000);
    expect(stop.newest()?.state).toBe(OrderState.Open);
  });
});
