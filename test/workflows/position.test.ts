import { decimal } from '../../domain/decimal';
import { Leg, OrderState, type OrderView } from '../../domain/order';
import { STOP_PATIENCE_MS } from '../../domain/planner';
import type { PositionView } from '../../domain/position';
import {
  pokeSignal,
  SEARCH_ATTRIBUTES,
  workflowIds,
  type PositionInput,
  type PositionResult,
} from '../../workflows/contract';
import type { Fault } from '../activities/fake-exchange';
import type { Grant } from '../activities/memory-orders';
import { Harness, type World } from './harness';

type Position = (input: PositionInput) => Promise<PositionResult>;

describe('position', () => {
  let harness: Harness;
  let world: World;
  beforeEach(async () => {
    harness = await Harness.start();
    world = await harness.newWorld();
  });
  afterEach(async () => {
    await harness.shutdown();
  });

  async function begin(change: Partial<Grant> = {}) {
    const input = harness.grant(change);
    const { positionId } = input;
    const handle = await harness.start<Position>('position', positionId, input);
    const view = (): PositionView => world.store.orders.known(positionId);
    const newest = (leg: Leg): OrderView | undefined => view().orders.findLast((order) => order.leg === leg);
    const becomes = (leg: Leg, state: OrderState, sequence = 0) =>
      harness.until(() => newest(leg)?.state === state && newest(leg)?.sequence === sequence);
    const closed = () => harness.until(() => view().state === 'closed');
    return { input, handle, view, newest, becomes, closed, id: positionId };
  }

  type Begun = Awaited<ReturnType<typeof begin>>;

  async function wishExit({ handle, id }: Begun): Promise<void> {
    await world.store.wishExit(id, 'strategy');
    await handle.signal(pokeSignal);
  }

  /** The leg has a workflow, which has asked for its order. */
  const isLookedAfter = (leg: Leg): boolean =>
    world.calls.some(({ name, input }) => name === 'submitOrder' && (input as { leg?: Leg }).leg === leg);
  const idOf = (order: OrderView | undefined): string => order?.clientOrderId ?? 'none';
  const script = (...faults: Fault[]): number => world.exchange.faults.push(...faults);

  it('guards a partial fill, and resizes the stop as the rest arrives', async () => {
    world.exchange.liquidity = decimal('0.4');
    const position = await begin();
    await position.becomes(Leg.Stop, OrderState.Open);
    expect(position.newest(Leg.Stop)?.quantity).toBe('0.3996');

    const entry = idOf(position.newest(Leg.Entry));
    world.exchange.fillResting(entry, decimal('0.6'));
    await harness.hear(entry);
    await position.becomes(Leg.Stop, OrderState.Open, 1);
    expect(position.newest(Leg.Stop)).toMatchObject({ quantity: '0.999', stopPrice: '90' });
    expect(world.exchange.offered()).toBe('0.999');
    expect(position.view().orders.find(({ leg, sequence }) => leg === 'stop' && sequence === 0)?.state).toBe(
      'cancelled',
    );
  });

  it("sells in the stop's place when it is to leave, and tells what came of it", async () => {
    const position = await begin();
    await position.becomes(Leg.Stop, OrderState.Open);
    world.exchange.price = decimal('110');
    await wishExit(position);
    await position.closed();
    await harness.until(async () => (await position.handle.describe()).status.name === 'COMPLETED');
    expect(
      position
        .view()
        .orders.map(({ leg, state }) => `${leg} ${state}`)
        .sort(),
    ).toEqual(['entry filled', 'exit filled', 'stop cancelled']);
    const { exitReason, realisedPnl } = await position.handle.result();
    expect(exitReason).toBe('strategy');
    expect(Number(realisedPnl)).toBeGreaterThan(9);
    const { typedSearchAttributes } = await position.handle.describe();
    expect(typedSearchAttributes.get(SEARCH_ATTRIBUTES.pnl)).toBe(Number(realisedPnl));
    expect(world.exchange.held()).toBe('0');
  });

  it('shows itself without a payload being opened', async () => {
    const position = await begin();
    await position.becomes(Leg.Stop, OrderState.Open);
    await harness.pass(1_000);
    const details = await harness.detailsOf(position.id);
    expect(details).toContain('**BTC/USDT** holds 0.999, entry 100, stop 90, target 130');
    expect(details).toContain('| stop 0 | open | 0.999 | 90 | 0 |');
    const stop = harness.handle(workflowIds.order(position.id, Leg.Stop));
    expect(await harness.detailsOf(stop.workflowId)).toMatch(
      /^\*\*open\*\* sell 0\.999 BTC\/USDT stop-market at 90/,
    );
    const described = await stop.describe();
    const values = described.typedSearchAttributes.getAll().map(({ value }) => value);
    expect(values.sort()).toEqual(['BTC/USDT', world.account, 'sell', 'trend'].sort());
    expect(await described.staticSummary()).toBe('stop of BTC/USDT for trend');
  });

  it.each<[string, Fault[], number]>([
    ['was accepted and becomes visible late', ['none', 'late'], 0],
    ['was accepted and not confirmed', ['none', 'unheard'], 0],
    ['never arrived', ['none', 'lost'], 1],
    ['met a rate limit twice', ['none', 'busy', 'busy'], 0],
    ['was refused once', ['none', 'refused'], 1],
  ])('ends with exactly one stop when the first %s', async (_, faults, sequence) => {
    script(...faults);
    const position = await begin();
    await position.becomes(Leg.Stop, OrderState.Open, sequence);
    expect(world.exchange.offered()).toBe('0.999');
    expect(new Set(world.exchange.received).size).toBe(world.exchange.received.length);
  });

  it('is unprotected for a moment only when a stop is refused twice', async () => {
    script('none', 'refused', 'refused');
    const position = await begin();
    await position.becomes(Leg.Stop, OrderState.Open, 2);
    await harness.until(() => position.view().unprotectedMs > 0);
    expect(position.view().unprotectedMs).toBeLessThan(3_000);
  });

  it.each<[string, Fault[]]>([
    ['three times', ['none', 'refused', 'refused', 'refused']],
    ['and then the exit is lost', ['none', 'refused', 'refused', 'refused', 'lost']],
    ['and then the exit is not confirmed', ['none', 'refused', 'refused', 'refused', 'unheard']],
  ])('leaves when its stop is refused %s', async (_, faults) => {
    script(...faults);
    const position = await begin();
    await position.closed();
    expect(position.view().exitReason).toBe('unprotected');
    expect(world.exchange.held()).toBe('0');
  });

  it('cancels the resting entry and leaves when the market has passed its stop', async () => {
    world.exchange.liquidity = decimal('0.4');
    const submit = world.exchange.submit.bind(world.exchange);
    world.exchange.submit = (request) => {
      if (request.stopPrice !== null) world.exchange.price = decimal('85');
      return submit(request);
    };
    const position = await begin();
    await position.closed();
    expect(position.view().exitReason).toBe('unprotected');
    expect(position.newest(Leg.Entry)?.state).toBe(OrderState.Cancelled);
    expect(world.exchange.held()).toBe('0');
  });

  it('follows a rising wish with its stop', async () => {
    const position = await begin();
    await position.becomes(Leg.Stop, OrderState.Open);
    world.exchange.price = decimal('120');
    await world.store.wishStop(position.id, decimal('112'));
    await position.handle.signal(pokeSignal);
    await position.handle.signal(pokeSignal); // twice told, once done
    await position.becomes(Leg.Stop, OrderState.Open, 1);
    expect(position.newest(Leg.Stop)?.stopPrice).toBe('112');
    await harness.pass(10_000);
    expect(position.newest(Leg.Stop)?.sequence).toBe(1);
  });

  it('sells the rest when a triggered stop finds too few buyers', async () => {
    const position = await begin();
    await position.becomes(Leg.Stop, OrderState.Open);
    world.exchange.liquidity = decimal('0.3');
    world.exchange.moveTo(decimal('89'));
    await harness.hear(idOf(position.newest(Leg.Stop)));
    await position.closed();
    expect(position.view().exitReason).toBe('stop');
    expect(world.exchange.held()).toBe('0');
    expect(position.view().orders.filter(({ leg }) => leg === 'exit').length).toBeGreaterThanOrEqual(2);
  });

  it('sells when a triggered stop does not sell, after a moment', async () => {
    const position = await begin();
    await position.becomes(Leg.Stop, OrderState.Open);
    world.exchange.holdsStops = true;
    world.exchange.moveTo(decimal('89'));
    await harness.hear(idOf(position.newest(Leg.Stop)));
    await harness.pass(STOP_PATIENCE_MS / 2);
    expect(position.view().exitReason).toBeNull();
    await position.closed();
    expect(position.view().exitReason).toBe('stop');
    expect(position.newest(Leg.Exit)).toMatchObject({
      state: 'filled',
      replaces: idOf(position.newest(Leg.Stop)),
    });
    expect(world.exchange.held()).toBe('0');
  });

  it('notices a stop that nobody told it of', async () => {
    const position = await begin();
    await position.becomes(Leg.Stop, OrderState.Open);
    world.exchange.moveTo(decimal('89'));
    await position.closed();
    expect(position.view().exitReason).toBe('stop');
  });

  it('closes as not entered when the entry expires unfilled, after the time of late fills', async () => {
    world.exchange.price = decimal('105');
    const position = await begin();
    const sentMs = world.time.nowMs;
    await position.closed();
    expect(position.view().exitReason).toBe('not-entered');
    expect(position.newest(Leg.Entry)?.state).toBe(OrderState.Cancelled);
    expect(world.time.nowMs - sentMs).toBeGreaterThan(59_000);
    await harness.until(async () => (await position.handle.describe()).status.name === 'COMPLETED');
    expect((await position.handle.result()).realisedPnl).toBe('0');
  });

  it('abandons an entry that never arrived', async () => {
    script('lost');
    const position = await begin();
    await position.closed();
    expect(position.newest(Leg.Entry)?.state).toBe(OrderState.Abandoned);
    expect(position.view().exitReason).toBe('not-entered');
    expect(world.exchange.received).toEqual([]);
  });

  it('guards a fill that arrives late, while it settles', async () => {
    world.exchange.price = decimal('105');
    const position = await begin({ expiresAtMs: world.time.nowMs + 5_000 });
    await position.becomes(Leg.Entry, OrderState.Cancelled);
    const entry = idOf(position.newest(Leg.Entry));
    const late = world.exchange.orders.get(entry);
    if (late === undefined) throw new Error('the entry was not sent');
    world.exchange.orders.set(entry, { ...late, report: { ...late.report, status: 'open' } });
    world.exchange.fillResting(entry, decimal('0.5'));
    world.exchange.end(entry, 'cancelled');
    await harness.hear(entry);
    await position.becomes(Leg.Stop, OrderState.Open);
    expect(position.newest(Leg.Stop)?.quantity).toBe('0.4995');
    expect(position.view().unprotectedMs).toBeLessThan(2_000);
  });

  it('gives a stop that was sent in the instant of the fill a workflow of its own', async () => {
    const position = await begin();
    await position.becomes(Leg.Stop, OrderState.Open);
    const stop = workflowIds.order(position.id, Leg.Stop);
    await harness.until(() => isLookedAfter(Leg.Stop));
    expect(await harness.statusOf(stop)).toBe('RUNNING');
    expect(world.exchange.received).toHaveLength(2);
  });

  it('is not orphaned by a cancellation', async () => {
    const position = await begin();
    await position.becomes(Leg.Stop, OrderState.Open);
    await harness.until(() => isLookedAfter(Leg.Stop));
    await harness.pass(1_000); // who is cancelled while busy leaves the test server with a clock that skips no more
    await position.handle.cancel();
    await harness.handle(workflowIds.order(position.id, Leg.Stop)).cancel();
    await harness.pass(60_000);
    expect(await harness.statusOf(position.id)).toBe('RUNNING');
    expect(await harness.statusOf(workflowIds.order(position.id, Leg.Stop))).toBe('RUNNING');
    await wishExit(position);
    await position.closed();
    await harness.until(async () => (await harness.statusOf(position.id)) === 'COMPLETED');
  });

  it('does not send an entry that the account may no longer make', async () => {
    await world.store.setMode(world.account, 'REDUCING', { reason: 'a test', by: 'tester' });
    const position = await begin();
    await position.closed();
    expect(position.newest(Leg.Entry)).toMatchObject({ state: 'abandoned', reason: 'not-active' });
    expect(world.exchange.received).toEqual([]);
  });

  it('plans anew, instead of sending what it had planned, when news come while it backs off', async () => {
    const position = await begin();
    await position.becomes(Leg.Stop, OrderState.Open);
    script('refused', 'refused', 'refused', 'refused', 'refused', 'refused');
    await wishExit(position);
    await position.becomes(Leg.Exit, OrderState.Rejected, 5);
    const exitsSent = (): number => position.view().orders.filter(({ leg }) => leg === Leg.Exit).length;
    expect(exitsSent()).toBe(6);
    const heardMs = world.time.nowMs;
    world.exchange.moveTo(decimal('89'));
    await harness.hear(idOf(position.newest(Leg.Stop)));
    await position.closed();
    expect(world.time.nowMs - heardMs).toBeLessThan(6_000); // the pause is of eight seconds
    expect(exitsSent()).toBe(6);
  });

  describe('counts as unprotected', () => {
    const ENTRY = { leg: Leg.Entry, sequence: 0, type: 'limit', stopPrice: null, replaces: null } as const;
    const STOP = { ...ENTRY, leg: Leg.Stop, type: 'stop-market', stopPrice: decimal('90') } as const;

    it('no dust that an exit leaves', async () => {
      world.exchange.liquidity = decimal('0.55555');
      const position = await begin();
      await position.becomes(Leg.Stop, OrderState.Open);
      await wishExit(position);
      await position.closed();
      expect(position.newest(Leg.Exit)?.state).toBe(OrderState.Filled);
      expect(Number(position.view().ledger.heldQuantity)).toBeGreaterThan(0);
      expect(position.view().unprotectedMs).toBeLessThan(3_000); // settling takes eight seconds
    });

    it('what lasts until somebody else closes the position', async () => {
      world.exchange.price = decimal('105');
      const position = await begin();
      await position.becomes(Leg.Entry, OrderState.Open);
      const epoch = await world.store.raiseHalt(world.account, { key: 'k', reason: 'a test', by: 'tester' });
      const entry = idOf(position.newest(Leg.Entry));
      world.exchange.fillResting(entry, decimal('1'));
      await harness.hear(entry);
      const details = () => harness.detailsOf(position.id);
      await harness.until(async () => (await details()).includes('holds 0.999'));
      await harness.pass(2_000);
      const sale = { ...ENTRY, leg: Leg.Emergency, type: 'market' } as const;
      await world.deps.emergencyDesk.submit({ deployment: 'test', positionId: position.id, ...sale }, epoch);
      await world.store.closePosition(position.id, 'emergency', world.exchange.marketTimeMs());
      await harness.until(async () => (await harness.statusOf(position.id)) === 'COMPLETED');
      expect(position.view().unprotectedMs).toBeGreaterThanOrEqual(2_000);
    });

    it('what began in the run before, which continued as new', async () => {
      const input = harness.grant();
      const carried = { nakedSinceMs: world.time.nowMs - 60_000 };
      await harness.start<Position>('position', input.positionId, { ...input, carried });
      await harness.until(() => world.exchange.offered() === '0.999');
      await harness.until(() => world.store.orders.known(input.positionId).unprotectedMs >= 60_000);
    });

    it('only what a run has seen, where a stop had rested before it', async () => {
      const input = harness.grant();
      const { positionId } = input;
      await world.deps.desk.submit({ deployment: 'test', positionId, ...ENTRY });
      const { order } = await world.deps.desk.submit({ deployment: 'test', positionId, ...STOP });
      await harness.pass(3_600_000);
      world.exchange.end(order.clientOrderId, 'cancelled');
      await harness.hear(order.clientOrderId);
      await harness.start<Position>('position', positionId, input);
      await harness.until(() => world.exchange.offered() === '0.999');
      await harness.until(() => world.calls.some(({ name }) => name === 'recordUnprotected'));
      expect(world.store.orders.known(positionId).unprotectedMs).toBeLessThan(10_000);
    });
  });

  it('is adopted by a new run after every workflow of it was lost', async () => {
    script('none', 'late');
    const position = await begin();
    await position.becomes(Leg.Stop, OrderState.Unknown);
    await harness.until(() => isLookedAfter(Leg.Stop));
    await harness.terminate(position.id);
    await harness.terminate(workflowIds.order(position.id, Leg.Stop));
    await harness.start<Position>('position', position.id, position.input);
    await position.becomes(Leg.Stop, OrderState.Open);
    expect(world.exchange.received).toHaveLength(2);

    await world.store.wishExit(position.id, 'time');
    await harness.handle(position.id).signal(pokeSignal);
    await position.closed();
    expect(world.exchange.held()).toBe('0');
  });
});
