import { decimal } from '../../../domain/decimal';
import { isTerminal, Leg, OrderEvent, OrderState, transition, type OrderView } from '../../../domain/order';
import { ExitReason } from '../../../domain/position';
import {
  ACCOUNT,
  createBench,
  enter,
  fillOf,
  mustFind,
  mustGrant,
  mustOrder,
  NOW_MS,
  orderId,
  sendAndOpen,
  sendRequest,
  type Bench,
} from './support';

let bench: Bench;
beforeAll(async () => {
  bench = await createBench();
});
beforeEach(() => bench.reset());
afterAll(() => bench.close());

async function openEntry(): Promise<OrderView> {
  const position = await mustGrant(bench.store);
  return sendAndOpen(bench.store, orderId(position, Leg.Entry));
}

describe('events', () => {
  it('follow the state machine through every event, and repeat without effect', async () => {
    const position = await mustGrant(bench.store);
    const clientOrderId = orderId(position, Leg.Entry);
    const { order } = await bench.store.beginSend(sendRequest(clientOrderId));
    let expected = order;
    const news = Object.values(OrderEvent).filter((event) => event !== OrderEvent.SendBegun);
    for (const event of [...news, ...news.reverse()]) {
      // Back to `created` would only allow a new send, which other tests cover.
      if (event === OrderEvent.NotExecuted) continue;
      const state = transition(expected.state, event);
      const version = expected.version + (state === expected.state ? 0 : 1);
      const after = await bench.store.recordEvent({ clientOrderId, event, reason: event });
      const reason = state === expected.state ? expected.reason : event;
      expect(after).toEqual({ ...expected, state, version, reason });
      expected = { ...expected, state, version, reason };
      expect(await bench.store.recordEvent({ clientOrderId, event, reason: 'repeated' })).toEqual(expected);
    }
    expect(isTerminal(expected.state)).toBe(true);
  });

  it('keep when the market was first known to have reached a stop, as news of their own', async () => {
    const { clientOrderId, version, triggeredAtMs } = await openEntry();
    expect(triggeredAtMs).toBeNull();
    const news = { clientOrderId, event: OrderEvent.SeenTriggered };
    const first = await bench.store.recordEvent({ ...news, triggeredAtMs: 1_000 });
    expect(first).toMatchObject({ state: OrderState.Open, triggeredAtMs: 1_000, version: version + 1 });
    expect(await bench.store.recordEvent({ ...news, triggeredAtMs: 2_000 })).toEqual(first);
  });

  it('keep the exchange id they bring, and journal a second exchange order under one id', async () => {
    const entry = await openEntry();
    expect(entry.exchangeOrderId).toBe(`x-${entry.clientOrderId}`);
    const same = await bench.store.recordEvent({
      clientOrderId: entry.clientOrderId,
      event: OrderEvent.SeenOpen,
      exchangeOrderId: 'another',
    });
    expect(same).toEqual(entry);
    const { rows } = await bench.pool.query('SELECT code FROM risk_events');
    expect(rows).toEqual([{ code: 'conflict' }]);
  });

  it('of unknown orders are undefined, and none can begin a send', async () => {
    expect(
      await bench.store.recordEvent({ clientOrderId: 'no', event: OrderEvent.SeenOpen }),
    ).toBeUndefined();
    const entry = await openEntry();
    const misuse = { clientOrderId: entry.clientOrderId, event: OrderEvent.SendBegun };
    await expect(bench.store.recordEvent(misuse)).rejects.toMatchObject({ code: 'misuse' });
  });
});

describe('fills', () => {
  it('count once, however often and from wherever they are told', async () => {
    const entry = await openEntry();
    const fills = [fillOf(entry, 't1', '2'), fillOf(entry, 't2', '3')];
    const first = await bench.store.recordFills(ACCOUNT, [...fills, ...fills], 'stream');
    expect(first.changed).toMatchObject([
      { filledQuantity: '5', filledQuote: '500', version: entry.version + 1 },
    ]);
    expect(await bench.store.recordFills(ACCOUNT, fills, 'look-up')).toEqual({ changed: [], ownerless: [] });
    expect(await mustOrder(bench.store, entry.clientOrderId)).toEqual(first.changed[0]);
  });

  it('count once when twenty tell them at the same time', async () => {
    const entry = await openEntry();
    const fills = Array.from({ length: 10 }, (_, index) => fillOf(entry, `t${index}`, '0.5'));
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        bench.store.recordFills(ACCOUNT, index % 2 === 0 ? fills : fills.toReversed(), 'stream'),
      ),
    );
    expect(outcomes.filter((outcome) => outcome.changed.length > 0)).toHaveLength(1);
    expect(await mustOrder(bench.store, entry.clientOrderId)).toMatchObject({ filledQuantity: '5' });
  });

  it('arrive in any order: the earliest opens the position', async () => {
    const entry = await openEntry();
    const at = (tradeId: string, marketTimeMs: number) => fillOf(entry, tradeId, '1', { marketTimeMs });
    await bench.store.recordFills(ACCOUNT, [at('t3', NOW_MS + 900)], 'stream');
    await bench.store.recordFills(ACCOUNT, [at('t1', NOW_MS + 100), at('t2', NOW_MS + 500)], 'look-up');
    const position = await mustFind(bench.store, entry.positionId);
    expect(position).toMatchObject({ openedAtMs: NOW_MS + 100, ledger: { heldQuantity: '3' } });
  });

  it('find their order by the exchange id where the venue does not tell the client id', async () => {
    const entry = await openEntry();
    const anonymous = fillOf(entry, 't1', '1', { clientOrderId: '' });
    const { changed, ownerless } = await bench.store.recordFills(ACCOUNT, [anonymous], 'reconciliation');
    expect(ownerless).toEqual([]);
    expect(changed).toMatchObject([{ clientOrderId: entry.clientOrderId, filledQuantity: '1' }]);
  });

  it('of strangers are handed back and not journaled', async () => {
    const entry = await openEntry();
    const stranger = fillOf(entry, 't7', '1', { clientOrderId: 'web_1', exchangeOrderId: '99' });
    const outcome = await bench.store.recordFills(ACCOUNT, [stranger, fillOf(entry, 't8', '1')], 'stream');
    expect(outcome.ownerless).toEqual([stranger]);
    expect(outcome.changed).toHaveLength(1);
    const { rows } = await bench.pool.query('SELECT trade_id FROM fills');
    expect(rows).toEqual([{ trade_id: 't8' }]);
  });

  it('of a new session may carry the trade ids of an old one', async () => {
    const entry = await openEntry();
    await bench.store.recordFills(ACCOUNT, [fillOf(entry, '1', '2')], 'stream');
    await bench.store.openAccount(ACCOUNT, 's2');
    const position = await mustGrant(bench.store, { session: 's2' });
    const next = await sendAndOpen(bench.store, orderId(position, Leg.Entry));
    const { changed } = await bench.store.recordFills(ACCOUNT, [fillOf(next, '1', '3')], 'stream');
    expect(changed).toMatchObject([{ clientOrderId: next.clientOrderId, filledQuantity: '3' }]);
    expect(await bench.store.livePositions(ACCOUNT)).toHaveLength(1);
  });

  it('prove that an order is at the exchange, and the last one that it is filled', async () => {
    const position = await mustGrant(bench.store);
    const { order } = await bench.store.beginSend(sendRequest(orderId(position, Leg.Entry)));
    const clientOrderId = order.clientOrderId;
    await bench.store.recordEvent({ clientOrderId, event: OrderEvent.ProvenAbsent });
    const part = await bench.store.recordFills(ACCOUNT, [fillOf(order, 't1', '4')], 'stream');
    expect(part.changed).toMatchObject([{ state: OrderState.Open, exchangeOrderId: `x-${clientOrderId}` }]);
    const all = await bench.store.recordFills(ACCOUNT, [fillOf(order, 't2', '6')], 'stream');
    expect(all.changed).toMatchObject([{ state: OrderState.Filled, filledQuantity: '10' }]);
  });

  it('after a cancellation count, and the complete fill overrules it', async () => {
    const entry = await openEntry();
    const { clientOrderId } = entry;
    await bench.store.recordEvent({ clientOrderId, event: OrderEvent.SeenCancelled });
    const part = await bench.store.recordFills(ACCOUNT, [fillOf(entry, 't1', '4')], 'stream');
    expect(part.changed).toMatchObject([{ state: OrderState.Cancelled, filledQuantity: '4' }]);
    const all = await bench.store.recordFills(ACCOUNT, [fillOf(entry, 't2', '6')], 'stream');
    expect(all.changed).toMatchObject([{ state: OrderState.Filled, filledQuantity: '10' }]);
  });

  it('keep every digit', async () => {
    const entry = await openEntry();
    const price = decimal('61234.123456789012345678');
    await bench.store.recordFills(ACCOUNT, [fillOf(entry, 't1', '0.00000001', { price })], 'stream');
    const order = await mustOrder(bench.store, entry.clientOrderId);
    expect(order).toMatchObject({
      filledQuantity: '0.00000001',
      filledQuote: '0.00061234123456789012345678',
    });
  });
});

describe('wishes', () => {
  it('keep the first exit reason and the highest stop', async () => {
    const { positionId } = await mustGrant(bench.store);
    const { store } = bench;
    expect(await store.wishExit(positionId, ExitReason.Time)).toBe(true);
    expect(await store.wishExit(positionId, ExitReason.Flatten)).toBe(true);
    expect(await store.wishStop(positionId, decimal('97.5'))).toBe(true);
    expect(await store.wishStop(positionId, decimal('97.5'))).toBe(true);
    expect(await store.wishStop(positionId, decimal('96'))).toBe(false);
    expect(await mustFind(store, positionId)).toMatchObject({ exitReason: 'time', stopPrice: '97.5' });
    expect(await store.wishExit('position/none', ExitReason.Time)).toBe(false);
    expect(await store.wishStop('position/none', decimal('1'))).toBe(false);
  });

  it('add up unprotected time once per key', async () => {
    const { positionId } = await mustGrant(bench.store);
    await Promise.all([1, 2, 3].map(() => bench.store.recordUnprotected(positionId, 'gap-1', 40)));
    await bench.store.recordUnprotected(positionId, 'gap-2', 2);
    expect((await mustFind(bench.store, positionId)).unprotectedMs).toBe(42);
  });
});

describe('closing', () => {
  it('ends a position that was never entered, and withdraws its unsent stop', async () => {
    const position = await mustGrant(bench.store);
    const { store } = bench;
    const entry = orderId(position, Leg.Entry);
    const still = await store.closePosition(position.positionId, ExitReason.NotEntered, NOW_MS);
    expect(still).toMatchObject({ state: 'live', closedAtMs: null });
    await store.recordEvent({ clientOrderId: entry, event: OrderEvent.Withdrawn });
    const closed = await store.closePosition(position.positionId, ExitReason.NotEntered, NOW_MS + 5);
    expect(closed).toMatchObject({ state: 'closed', exitReason: 'not-entered', closedAtMs: NOW_MS + 5 });
    expect(closed.orders.map((order) => order.state)).toEqual(['abandoned', 'abandoned']);
    expect(await store.closePosition(position.positionId, ExitReason.Stop, NOW_MS + 9)).toEqual(closed);
    expect(await store.wishExit(position.positionId, ExitReason.Stop)).toBe(false);
    expect(await store.livePositions(ACCOUNT)).toEqual([]);
    expect(await store.unsettledOrders(ACCOUNT)).toEqual([]);
  });

  it('waits for the end of every order and for the last sellable lot, then books the result', async () => {
    const { store } = bench;
    const position = await enter(store, '3');
    const stop = await sendAndOpen(store, orderId(position, Leg.Stop));
    const close = () => store.closePosition(position.positionId, ExitReason.Stop, NOW_MS);
    expect((await close()).state).toBe('live');
    const price = decimal('94');
    await store.recordFills(ACCOUNT, [fillOf(stop, 's1', '2', { price })], 'stream');
    expect((await close()).state).toBe('live');
    await store.recordFills(ACCOUNT, [fillOf(stop, 's2', '0.9995', { price })], 'stream');
    expect((await close()).state).toBe('live');
    await store.recordEvent({ clientOrderId: stop.clientOrderId, event: OrderEvent.SeenExpired });
    // 0.0005 is dust: it stays, and the position ends.
    const closed = await close();
    expect(closed).toMatchObject({ state: 'closed', exitReason: 'stop', ledger: { heldQuantity: '0.0005' } });
    const { rows } = await bench.pool.query('SELECT realised_pnl::float8 FROM positions');
    expect(rows).toEqual([{ realised_pnl: -17.997 }]);
  });

  it('is not undone by merely learning the exchange id of an order', async () => {
    const { store } = bench;
    const position = await mustGrant(store);
    const { order } = await store.beginSend(sendRequest(orderId(position, Leg.Entry)));
    const news = { clientOrderId: order.clientOrderId, event: OrderEvent.SeenCancelled };
    await store.recordEvent(news);
    await store.closePosition(position.positionId, ExitReason.NotEntered, NOW_MS);
    expect(await store.recordEvent({ ...news, exchangeOrderId: '17' })).toMatchObject({
      exchangeOrderId: '17',
    });
    expect(await store.livePositions(ACCOUNT)).toEqual([]);
  });

  it.each([
    ['a late fill', OrderEvent.SeenCancelled],
    ['an order that turns up after all', OrderEvent.SeenOpen],
  ])('is taken back by %s', async (what, event) => {
    const { store } = bench;
    const position = await mustGrant(store);
    const { order } = await store.beginSend(sendRequest(orderId(position, Leg.Entry)));
    const { clientOrderId } = order;
    await store.recordEvent({ clientOrderId, event: OrderEvent.ProvenAbsent });
    expect((await store.closePosition(position.positionId, ExitReason.NotEntered, NOW_MS)).state).toBe(
      'closed',
    );
    // Meanwhile the strategy has entered again: the truth stands beside it.
    const next = await mustGrant(store, { barCloseMs: position.barCloseMs + 60_000 });
    if (what === 'a late fill')
      await store.recordFills(ACCOUNT, [fillOf(order, 't1', '1')], 'reconciliation');
    await store.recordEvent({ clientOrderId, event });
    const live = await store.livePositions(ACCOUNT);
    expect(live.map(({ positionId }) => positionId).sort()).toEqual(
      [position.positionId, next.positionId].sort(),
    );
    const { rows } = await bench.pool.query(`SELECT code FROM risk_events WHERE code = 'reopened'`);
    expect(rows).toHaveLength(1);
  });
});
