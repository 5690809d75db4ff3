import { decimal } from '../../../domain/decimal';
import { Leg, OrderState, OrderType } from '../../../domain/order';
import {
  ACCOUNT,
  createBench,
  DEPLOYMENT,
  enter,
  grantRequest,
  mustFind,
  mustGrant,
  mustOrder,
  NOW_MS,
  orderId,
  type Bench,
} from './support';

let bench: Bench;
beforeAll(async () => {
  bench = await createBench();
});
beforeEach(() => bench.reset());
afterAll(() => bench.close());

describe('planning', () => {
  it('returns the row that is there, whatever it says: the first plan wins', async () => {
    const position = await enter(bench.store, '3');
    const wanted = {
      deployment: DEPLOYMENT,
      positionId: position.positionId,
      leg: Leg.Stop,
      sequence: 1,
      type: OrderType.StopMarket,
      stopPrice: decimal('96.10'),
      replaces: orderId(position, Leg.Stop),
    };
    const planned = await bench.store.plan(wanted);
    expect(planned).toMatchObject({ state: OrderState.Created, stopPrice: '96.1', version: 1 });
    expect(await bench.store.plan(wanted)).toEqual(planned);
    const different = [
      { stopPrice: decimal('96.2') },
      { replaces: null },
      { type: OrderType.Market, stopPrice: null },
    ];
    for (const change of different) {
      expect(await bench.store.plan({ ...wanted, ...change })).toEqual(planned);
    }
  });

  it('goes by the rules that are in force, once they are known to have changed', async () => {
    const { positionId, instrument, stopPrice } = await enter(bench.store, '3');
    const coarser = { ...instrument, tickSize: decimal('7'), stepSize: decimal('2') };
    await bench.store.updateInstrument(positionId, coarser);
    const after = await mustFind(bench.store, positionId);
    expect(after.instrument).toEqual(coarser);
    expect(Number(after.stopPrice) % 7).toBe(0);
    expect(Number(after.stopPrice)).toBeGreaterThan(Number(stopPrice));
    await bench.store.updateInstrument('position/none', coarser);
  });

  it('never writes an entry: only a grant does', async () => {
    const position = await mustGrant(bench.store);
    const wanted = {
      deployment: DEPLOYMENT,
      positionId: position.positionId,
      leg: Leg.Entry,
      sequence: 1,
      type: OrderType.Market,
      stopPrice: null,
      replaces: null,
    };
    await expect(bench.store.plan(wanted)).rejects.toMatchObject({ code: 'misuse' });
    await expect(bench.store.plan({ ...wanted, positionId: 'position/none' })).rejects.toMatchObject({
      code: 'unknown-position',
    });
  });

  it('has the database refuse an order without an approval', async () => {
    const request = grantRequest();
    const insert = bench.pool.query(
      `INSERT INTO orders (client_order_id, position_id, account, symbol, leg, sequence, side, type, quantity)
       VALUES ('x', $1, $2, 'BTC/USDT', 'exit', 0, 'sell', 'market', 1)`,
      [request.positionId, ACCOUNT],
    );
    await expect(insert).rejects.toThrow('foreign key');
  });
});

it('keeps the whole history of an order', async () => {
  const position = await enter(bench.store, '3');
  const id = orderId(position, Leg.Entry);
  const { rows } = await bench.pool.query(
    'SELECT event, from_state, to_state, version FROM order_events WHERE client_order_id = $1 ORDER BY id',
    [id],
  );
  expect(rows).toEqual([
    { event: 'planned', from_state: null, to_state: 'created', version: 1 },
    { event: 'send-begun', from_state: 'created', to_state: 'sending', version: 2 },
    { event: 'seen-open', from_state: 'sending', to_state: 'open', version: 3 },
    { event: 'fill', from_state: 'open', to_state: 'open', version: 4 },
    { event: 'seen-cancelled', from_state: 'open', to_state: 'cancelled', version: 5 },
  ]);
  expect((await mustOrder(bench.store, id)).version).toBe(5);
  expect((await mustFind(bench.store, position.positionId)).openedAtMs).toBe(NOW_MS + 1_000);
  await expect(bench.pool.query('DELETE FROM order_events')).rejects.toThrow('never changed or deleted');
});
