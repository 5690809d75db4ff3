import { decimal } from '../../../domain/decimal';
import { Leg, OrderEvent, OrderState, OrderType } from '../../../domain/order';
import { ExitReason } from '../../../domain/position';
import { TradingMode } from '../../../domain/risk';
import {
  ACCOUNT,
  createBench,
  DEPLOYMENT,
  enter,
  EXPIRES_MS,
  fillOf,
  mustGrant,
  NOW_MS,
  orderId,
  sendAndOpen,
  sendRequest,
  WALL_MS,
  type Bench,
} from './support';

let bench: Bench;
beforeAll(async () => {
  bench = await createBench();
});
beforeEach(() => bench.reset());
afterAll(() => bench.close());

const halt = (key: string): Promise<number> =>
  bench.store.raiseHalt(ACCOUNT, { key, reason: 'test', by: 'operator' });

describe('an entry', () => {
  it('is sent once, with epoch and deadline committed', async () => {
    const position = await mustGrant(bench.store);
    const id = orderId(position, Leg.Entry);
    const ticket = await bench.store.beginSend(sendRequest(id));
    expect(ticket.kind).toBe('send');
    expect(ticket.order).toMatchObject({
      state: OrderState.Sending,
      quantity: position.quantity,
      sendDeadlineMs: WALL_MS + 2_000,
      version: 2,
    });
    expect(await bench.store.order(id)).toEqual(ticket.order);
    const { rows } = await bench.pool.query('SELECT epoch, attempts FROM orders WHERE client_order_id = $1', [
      id,
    ]);
    expect(rows).toEqual([{ epoch: 0, attempts: 1 }]);

    const again = await bench.store.beginSend(sendRequest(id));
    expect(again).toEqual({ kind: 'not-created', order: ticket.order });
  });

  it('is won by exactly one of twenty at once', async () => {
    const position = await mustGrant(bench.store);
    const id = orderId(position, Leg.Entry);
    const tickets = await Promise.all(
      Array.from({ length: 20 }, () => bench.store.beginSend(sendRequest(id))),
    );
    const kinds = tickets.map((ticket) => ticket.kind).sort();
    expect(kinds).toEqual([...Array.from({ length: 19 }, () => 'not-created'), 'send']);
  });

  it('is withdrawn unless the account is ACTIVE', async () => {
    const position = await mustGrant(bench.store);
    await bench.store.setMode(ACCOUNT, TradingMode.Reducing, { reason: 'loss', by: 'risk desk' });
    const ticket = await bench.store.beginSend(sendRequest(orderId(position, Leg.Entry)));
    expect(ticket).toMatchObject({
      kind: 'refused',
      code: 'not-active',
      order: { state: OrderState.Abandoned, reason: 'not-active', sendDeadlineMs: null },
    });
  });

  it('stays as it is during a halt, and is withdrawn when trading resumes in a later epoch', async () => {
    const position = await mustGrant(bench.store);
    const id = orderId(position, Leg.Entry);
    const epoch = await halt('h1');
    expect(await bench.store.beginSend(sendRequest(id))).toMatchObject({
      kind: 'refused',
      code: 'halted',
      order: { state: OrderState.Created, version: 1 },
    });
    await bench.store.setMode(ACCOUNT, TradingMode.Active, { reason: 'checked', by: 'operator', epoch });
    expect(await bench.store.beginSend(sendRequest(id))).toMatchObject({
      kind: 'refused',
      code: 'stale-epoch',
      order: { state: OrderState.Abandoned },
    });
  });

  it.each([
    ['at', EXPIRES_MS, 'send'],
    ['after', EXPIRES_MS + 1, 'refused'],
  ])('%s its expiry: %d → %s', async (_when, marketTimeMs, kind) => {
    const position = await mustGrant(bench.store);
    const ticket = await bench.store.beginSend(sendRequest(orderId(position, Leg.Entry), { marketTimeMs }));
    expect(ticket.kind).toBe(kind);
    if (ticket.kind === 'refused') {
      expect(ticket).toMatchObject({ code: 'expired', order: { state: OrderState.Abandoned } });
    }
  });

  it('is withdrawn once an exit is wished', async () => {
    const position = await mustGrant(bench.store);
    await bench.store.wishExit(position.positionId, ExitReason.Flatten);
    expect(await bench.store.beginSend(sendRequest(orderId(position, Leg.Entry)))).toMatchObject({
      kind: 'refused',
      code: 'not-active',
      order: { state: OrderState.Abandoned },
    });
  });

  it('is never sent by the emergency stop', async () => {
    const position = await mustGrant(bench.store);
    const emergencyEpoch = await halt('h1');
    const ticket = await bench.store.beginSend(sendRequest(orderId(position, Leg.Entry), { emergencyEpoch }));
    expect(ticket).toMatchObject({ kind: 'refused', order: { state: OrderState.Abandoned } });
  });

  it('of a session that is over is withdrawn', async () => {
    const position = await mustGrant(bench.store);
    await bench.store.openAccount(ACCOUNT, 's2');
    expect(await bench.store.beginSend(sendRequest(orderId(position, Leg.Entry)))).toMatchObject({
      kind: 'refused',
      code: 'stale-epoch',
      order: { state: OrderState.Abandoned },
    });
  });

  it('may be sent again after a proven non-execution, with a new deadline', async () => {
    const position = await mustGrant(bench.store);
    const id = orderId(position, Leg.Entry);
    await bench.store.beginSend(sendRequest(id));
    const back = await bench.store.recordEvent({ clientOrderId: id, event: OrderEvent.NotExecuted });
    expect(back).toMatchObject({ state: OrderState.Created, sendDeadlineMs: null });
    const ticket = await bench.store.beginSend(sendRequest(id, { wallTimeMs: WALL_MS + 60_000 }));
    expect(ticket).toMatchObject({ kind: 'send', order: { sendDeadlineMs: WALL_MS + 62_000 } });
  });

  it('whose attempt is known to be over can leave no later than that', async () => {
    const position = await mustGrant(bench.store);
    const clientOrderId = orderId(position, Leg.Entry);
    await bench.store.beginSend(sendRequest(clientOrderId));
    const note = (attemptEndedMs: number) =>
      bench.store.recordEvent({ clientOrderId, event: OrderEvent.Ambiguous, attemptEndedMs });
    // Somebody else who looked it up in the meantime has called it unknown already.
    await bench.store.recordEvent({ clientOrderId, event: OrderEvent.Ambiguous });
    expect(await note(WALL_MS + 300)).toMatchObject({
      state: OrderState.Unknown,
      sendDeadlineMs: WALL_MS + 300,
    });
    expect(await note(WALL_MS + 900)).toMatchObject({ sendDeadlineMs: WALL_MS + 300 });
  });

  it('that is unknown to the outbox is an error', async () => {
    await expect(bench.store.beginSend(sendRequest('bl-nobody'))).rejects.toThrow(
      'bl-nobody is not in the outbox',
    );
  });
});

describe('a sell', () => {
  it('is what is held, less the fee in base, rounded down to the lot', async () => {
    const granted = await mustGrant(bench.store);
    const entry = await sendAndOpen(bench.store, orderId(granted, Leg.Entry));
    const fee = { fee: decimal('0.0025'), feeAsset: 'BTC' };
    await bench.store.recordFills(ACCOUNT, [fillOf(entry, 't1', '2.5', fee)], 'stream');
    const ticket = await bench.store.beginSend(sendRequest(orderId(granted, Leg.Stop)));
    expect(ticket).toMatchObject({ kind: 'send', order: { quantity: '2.497' } });
  });

  it('is withdrawn when nothing is held', async () => {
    const granted = await mustGrant(bench.store);
    expect(await bench.store.beginSend(sendRequest(orderId(granted, Leg.Stop)))).toMatchObject({
      kind: 'refused',
      code: 'nothing-to-reduce',
      order: { state: OrderState.Abandoned, sendDeadlineMs: null },
    });
  });

  it.each([
    ['0.0005', 'dust'],
    ['0.05', 'below the minimum notional'],
  ])('is withdrawn for %s: %s', async (quantity) => {
    const position = await enter(bench.store, quantity);
    expect(await bench.store.beginSend(sendRequest(orderId(position, Leg.Stop)))).toMatchObject({
      kind: 'refused',
      code: 'nothing-to-reduce',
    });
  });

  it('leaves alone what other sells may still sell', async () => {
    const position = await enter(bench.store, '3');
    await sendAndOpen(bench.store, orderId(position, Leg.Stop));
    const common = {
      deployment: DEPLOYMENT,
      positionId: position.positionId,
      leg: Leg.Exit,
      stopPrice: null,
    };
    const rival = await bench.store.plan({ ...common, sequence: 0, type: OrderType.Market, replaces: null });
    expect(await bench.store.beginSend(sendRequest(rival.clientOrderId))).toMatchObject({
      kind: 'refused',
      code: 'nothing-to-reduce',
    });
  });

  it('takes the place of the order it replaces', async () => {
    const position = await enter(bench.store, '3');
    const stop = await sendAndOpen(bench.store, orderId(position, Leg.Stop));
    const common = {
      deployment: DEPLOYMENT,
      positionId: position.positionId,
      leg: Leg.Exit,
      stopPrice: null,
    };
    const exit = await bench.store.plan({
      ...common,
      sequence: 0,
      type: OrderType.Market,
      replaces: stop.clientOrderId,
    });
    expect(await bench.store.beginSend(sendRequest(exit.clientOrderId))).toMatchObject({
      kind: 'send',
      order: { quantity: '3' },
    });
    // A second one in the same place finds the first.
    const second = await bench.store.plan({
      ...common,
      sequence: 1,
      type: OrderType.Market,
      replaces: stop.clientOrderId,
    });
    expect(await bench.store.beginSend(sendRequest(second.clientOrderId))).toMatchObject({
      code: 'nothing-to-reduce',
    });
  });

  it('counts a stop reported filled, whose fills are not known yet, as sold', async () => {
    const position = await enter(bench.store, '3');
    const stop = await sendAndOpen(bench.store, orderId(position, Leg.Stop));
    await bench.store.recordEvent({ clientOrderId: stop.clientOrderId, event: OrderEvent.SeenFilled });
    const exit = await bench.store.plan({
      deployment: DEPLOYMENT,
      positionId: position.positionId,
      leg: Leg.Exit,
      sequence: 0,
      type: OrderType.Market,
      stopPrice: null,
      replaces: stop.clientOrderId,
    });
    const before = await bench.store.closePosition(position.positionId, ExitReason.Stop, NOW_MS);
    expect(before.state).toBe('live');
    expect(await bench.store.beginSend(sendRequest(exit.clientOrderId))).toMatchObject({
      kind: 'refused',
      code: 'nothing-to-reduce',
      order: { state: OrderState.Created },
    });
    // Once known, the fills say that a part is left after all.
    await bench.store.recordFills(ACCOUNT, [fillOf(stop, 't9', '3')], 'look-up');
    const late = { side: 'buy', clientOrderId: orderId(position, Leg.Entry), exchangeOrderId: 'e' } as const;
    await bench.store.recordFills(ACCOUNT, [fillOf(stop, 't10', '1', late)], 'look-up');
    expect(await bench.store.beginSend(sendRequest(exit.clientOrderId))).toMatchObject({
      kind: 'send',
      order: { quantity: '1' },
    });
  });

  it('goes on while entries may not: REDUCING, with an exit wished, after expiry, in a later epoch', async () => {
    const position = await enter(bench.store, '3');
    const epoch = await halt('h1');
    await bench.store.setMode(ACCOUNT, TradingMode.Reducing, {
      reason: 'after the halt',
      by: 'operator',
      epoch,
    });
    await bench.store.wishExit(position.positionId, ExitReason.Flatten);
    const request = sendRequest(orderId(position, Leg.Stop), { marketTimeMs: EXPIRES_MS + 1 });
    expect(await bench.store.beginSend(request)).toMatchObject({ kind: 'send', order: { quantity: '3' } });
  });

  it('in a halt belongs to the emergency stop of the current epoch alone', async () => {
    const position = await enter(bench.store, '3');
    const first = await halt('h1');
    const stop = orderId(position, Leg.Stop);
    expect(await bench.store.beginSend(sendRequest(stop))).toMatchObject({ code: 'halted' });
    const emergency = await bench.store.plan({
      deployment: DEPLOYMENT,
      positionId: position.positionId,
      leg: Leg.Emergency,
      sequence: 0,
      type: OrderType.Market,
      stopPrice: null,
      replaces: null,
    });
    await bench.store.setMode(ACCOUNT, TradingMode.Active, {
      reason: 'checked',
      by: 'operator',
      epoch: first,
    });
    const current = await halt('h2');
    expect(current).toBe(first + 1);
    const id = emergency.clientOrderId;
    expect(await bench.store.beginSend(sendRequest(id))).toMatchObject({ code: 'halted' });
    expect(await bench.store.beginSend(sendRequest(id, { emergencyEpoch: first }))).toMatchObject({
      kind: 'refused',
      code: 'stale-epoch',
      order: { state: OrderState.Created },
    });
    expect(await bench.store.beginSend(sendRequest(id, { emergencyEpoch: current }))).toMatchObject({
      kind: 'send',
      order: { quantity: '3' },
    });
  });

  it('of the emergency leg is refused to ordinary trading', async () => {
    const position = await enter(bench.store, '3');
    const emergency = await bench.store.plan({
      deployment: DEPLOYMENT,
      positionId: position.positionId,
      leg: Leg.Emergency,
      sequence: 0,
      type: OrderType.Market,
      stopPrice: null,
      replaces: null,
    });
    expect(await bench.store.beginSend(sendRequest(emergency.clientOrderId))).toMatchObject({
      kind: 'refused',
      order: { state: OrderState.Created },
    });
  });
});
