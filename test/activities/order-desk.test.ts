import { OrderDesk } from '../../activities/order-desk';
import type { OrderPlan } from '../../adapters/store/port';
import { decimal } from '../../domain/decimal';
import { ExchangeFailure, FailureKind } from '../../domain/errors';
import { Leg, type OrderView } from '../../domain/order';
import { WOULD_TRIGGER_REASON } from '../../domain/planner';
import { ACCOUNT, createBench, DEPLOYMENT, grantOf, TIMING, type Bench } from './bench';

const { positionId } = grantOf();
const ENTRY: OrderPlan = {
  ...{ deployment: DEPLOYMENT, positionId, leg: Leg.Entry, sequence: 0 },
  ...{ type: 'limit', stopPrice: null, replaces: null },
};
const STOP: OrderPlan = { ...ENTRY, leg: Leg.Stop, type: 'stop-market', stopPrice: decimal('90') };
const exitFor = (stop: OrderView): OrderPlan => ({
  ...ENTRY,
  leg: Leg.Exit,
  type: 'market',
  replaces: stop.clientOrderId,
});

describe('the order desk', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = createBench();
    await bench.store.openAccount(ACCOUNT, 's1');
    bench.store.orders.open(grantOf());
  });

  const submit = async (plan: OrderPlan): Promise<OrderView> => (await bench.deps.desk.submit(plan)).order;

  it('sends once, and journals fills before states', async () => {
    expect(await submit(ENTRY)).toMatchObject({ state: 'filled', filledQuantity: '1' });
    expect(await submit(ENTRY)).toMatchObject({ state: 'filled', filledQuantity: '1' });
    expect(bench.exchange.received).toHaveLength(1);
    expect(bench.store.orders.known(positionId).ledger.heldQuantity).toBe('0.999');
  });

  it('keeps an order unknown until every window has passed, and only then proves its absence', async () => {
    bench.exchange.faults.push('lost');
    const { clientOrderId } = await submit(ENTRY);
    // The attempt is over, so what is left of its send window need not be waited for.
    bench.time.nowMs += TIMING.receiveWindowMs + TIMING.visibilityLagMs - 1;
    expect(await bench.deps.desk.resolve(clientOrderId)).toMatchObject({
      order: { state: 'unknown' },
      retryAfterMs: 1,
    });
    bench.time.nowMs += 1;
    expect((await bench.deps.desk.resolve(clientOrderId)).order.state).toBe('abandoned');
  });

  it('waits for the send window too when nobody knows whether the attempt is over', async () => {
    const { clientOrderId } = await bench.store.plan(ENTRY);
    const { sendWindowMs, receiveWindowMs, visibilityLagMs } = TIMING;
    const send = { clientOrderId, sendWindowMs, emergencyEpoch: null };
    await bench.store.beginSend({ ...send, wallTimeMs: bench.time.nowMs, marketTimeMs: bench.time.nowMs });
    bench.time.nowMs += sendWindowMs + receiveWindowMs + visibilityLagMs - 1;
    expect((await bench.deps.desk.resolve(clientOrderId)).order.state).toBe('unknown');
    bench.time.nowMs += 1;
    expect((await bench.deps.desk.resolve(clientOrderId)).order.state).toBe('abandoned');
  });

  it('gives what reduces windows of its own', async () => {
    const reducing = { sendWindowMs: 300, receiveWindowMs: 200 };
    const { exchange, clock, wallTimeMs, store } = bench.deps;
    const desk = new OrderDesk({
      exchange,
      orders: store,
      clock,
      wallTimeMs,
      timing: { ...TIMING, reducing },
    });
    const { order: entry } = await desk.submit(ENTRY);
    const { order: stop } = await desk.submit(STOP);
    const sent = (order: OrderView) => bench.exchange.orders.get(order.clientOrderId)?.request;
    expect(sent(entry)).toMatchObject({
      sendDeadlineMs: bench.time.nowMs + TIMING.sendWindowMs,
      receiveWindowMs: TIMING.receiveWindowMs,
    });
    expect(sent(stop)).toMatchObject({ sendDeadlineMs: bench.time.nowMs + 300, receiveWindowMs: 200 });
  });

  it('finds in the history what a look-up does not show when it is about to prove an absence', async () => {
    bench.exchange.faults.push('unheard');
    bench.exchange.lookUp = () => Promise.resolve(undefined);
    const { clientOrderId } = await submit(ENTRY);
    bench.time.nowMs += 60_000;
    expect((await bench.deps.desk.resolve(clientOrderId)).order).toMatchObject({ state: 'filled' });
  });

  describe('an order that rested and that no look-up finds any more', () => {
    const WINDOW_MS = TIMING.sendWindowMs + TIMING.receiveWindowMs + TIMING.visibilityLagMs;
    let stop: OrderView;
    beforeEach(async () => {
      await submit(ENTRY);
      stop = await submit(STOP);
      bench.exchange.lookUp = () => Promise.resolve(undefined);
      bench.time.nowMs += WINDOW_MS;
    });
    const resolve = async (): Promise<OrderView> => (await bench.deps.desk.resolve(stop.clientOrderId)).order;

    it('has ended when no list has it either', async () => {
      bench.exchange.orders.delete(stop.clientOrderId);
      expect(await resolve()).toMatchObject({
        state: 'cancelled',
        reason: 'the exchange no longer knows it',
      });
    });

    it('still rests when it is listed as open', async () => {
      expect(await resolve()).toMatchObject({ state: 'open' });
    });

    it('still rests while it may not be visible yet', async () => {
      bench.exchange.orders.delete(stop.clientOrderId);
      bench.time.nowMs -= 1;
      expect(await resolve()).toMatchObject({ state: 'open' });
    });

    it('has filled when its trades say so', async () => {
      bench.exchange.moveTo(decimal('89'));
      bench.exchange.orders.delete(stop.clientOrderId);
      expect(await resolve()).toMatchObject({ state: 'filled', filledQuantity: '0.999' });
    });
  });

  it('puts back what provably was not executed, for another send under the same id', async () => {
    bench.exchange.faults.push('busy');
    expect(await submit(ENTRY)).toMatchObject({ state: 'created', sendDeadlineMs: null });
    expect(await submit(ENTRY)).toMatchObject({ state: 'filled' });
  });

  it('believes the answer to a send, though somebody has looked for the order meanwhile', async () => {
    const { exchange, deps } = bench;
    const send = exchange.submit.bind(exchange);
    exchange.faults.push('none', 'refused');
    await submit(ENTRY);
    exchange.submit = async (request) => {
      expect((await deps.desk.resolve(request.clientOrderId)).order.state).toBe('unknown');
      return send(request);
    };
    expect(await submit(STOP)).toMatchObject({ state: 'rejected' });
  });

  it('counts an order as open until all its fills are visible', async () => {
    const { fillsOf } = bench.exchange;
    bench.exchange.fillsOf = () => Promise.resolve([]);
    const { clientOrderId, state } = await submit(ENTRY);
    expect(state).toBe('open');
    bench.exchange.fillsOf = fillsOf;
    expect((await bench.deps.desk.resolve(clientOrderId)).order).toMatchObject({ state: 'filled' });
  });

  it('never sends again what was accepted, when a question about its fills fails', async () => {
    const { fillsOf } = bench.exchange;
    bench.exchange.fillsOf = () =>
      Promise.reject(
        new ExchangeFailure(FailureKind.NotExecuted, 'too many requests', { errorClass: 'Test' }),
      );
    const { clientOrderId, state } = await submit(ENTRY);
    expect(state).toBe('unknown');
    bench.exchange.fillsOf = fillsOf;
    expect(await submit(ENTRY)).toMatchObject({ clientOrderId, state: 'filled' });
    expect(bench.exchange.received).toHaveLength(1);
  });

  it('tells a stop that would trigger at once from other refusals', async () => {
    await submit(ENTRY);
    bench.exchange.price = decimal('85');
    expect(await submit(STOP)).toMatchObject({ state: 'rejected', reason: WOULD_TRIGGER_REASON });
  });

  it("sells in the stop's place, and journals the end of both", async () => {
    await submit(ENTRY);
    const stop = await submit(STOP);
    const { order, alsoChanged } = await bench.deps.desk.submit(exitFor(stop));
    expect(order).toMatchObject({ state: 'filled', filledQuantity: '0.999' });
    expect(alsoChanged).toMatchObject([{ clientOrderId: stop.clientOrderId, state: 'cancelled' }]);
  });

  it('learns of the stop when that has sold before it could be replaced', async () => {
    await submit(ENTRY);
    const stop = await submit(STOP);
    bench.exchange.moveTo(decimal('89'));
    const { order, alsoChanged } = await bench.deps.desk.submit(exitFor(stop));
    expect(order.state).toBe('rejected');
    expect(alsoChanged).toMatchObject([{ clientOrderId: stop.clientOrderId, state: 'filled' }]);
    expect(bench.exchange.held()).toBe('0');
  });

  it('does not send an exit whose stop has sold since the quantity was decided', async () => {
    await submit(ENTRY);
    const stop = await submit(STOP);
    const { store, exchange, deps } = bench;
    const { beginSend } = store;
    store.beginSend = async (request) => {
      const ticket = await beginSend.call(store, request);
      exchange.moveTo(decimal('89'));
      await deps.desk.resolve(stop.clientOrderId); // the feed is quicker than the send
      return ticket;
    };
    const { order } = await deps.desk.submit(exitFor(stop));
    expect(order.state).toBe('rejected');
    expect(exchange.held()).toBe('0');
  });

  it('withdraws what was never sent, and cancels what rests', async () => {
    bench.exchange.price = decimal('105');
    const { clientOrderId } = await submit(ENTRY);
    expect((await bench.deps.desk.cancel(clientOrderId)).order.state).toBe('cancelled');
    const stop = bench.store.orders.known(positionId).orders.find(({ leg }) => leg === Leg.Stop);
    expect((await bench.deps.desk.cancel(stop?.clientOrderId ?? '')).order).toMatchObject({
      state: 'abandoned',
      sendDeadlineMs: null,
    });
  });

  it('leaves an order in the outbox while the account is halted', async () => {
    await bench.store.raiseHalt(ACCOUNT, { key: 'k', reason: 'a test', by: 'tester' });
    expect(await bench.deps.desk.submit(STOP)).toMatchObject({
      refused: 'halted',
      order: { state: 'created' },
    });
    expect(bench.exchange.received).toEqual([]);
  });
});
