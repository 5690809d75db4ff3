import { createOrderActivities } from '../../activities/orders';
import { Leg, OrderType } from '../../domain/order';
import { d } from '../domain/fixtures';
import { ACCOUNT, createBench, DEPLOYMENT, grantOf, type Bench } from './bench';

const TRAILS = 80;

/** Bought, and protected by a stop that was moved up {@link TRAILS} times. */
async function trailed(): Promise<Bench & { readonly positionId: string }> {
  const bench = createBench();
  await bench.store.openAccount(ACCOUNT, 's1');
  const grant = grantOf();
  const { positionId } = grant;
  bench.store.orders.open(grant);
  const plan = { deployment: DEPLOYMENT, positionId, stopPrice: null, replaces: null };
  await bench.deps.desk.submit({ ...plan, leg: Leg.Entry, sequence: 0, type: OrderType.Limit });
  let replaces: string | null = null;
  for (let sequence = 0; sequence <= TRAILS; sequence += 1) {
    const stop = { leg: Leg.Stop, sequence, type: OrderType.StopMarket, replaces } as const;
    const { order } = await bench.deps.desk.submit({
      ...plan,
      ...stop,
      stopPrice: d(sequence === 0 ? '90' : (90 + sequence / 10).toFixed(1)),
    });
    replaces = order.clientOrderId;
  }
  return { ...bench, positionId };
}

/** Counts what is asked of the exchange. */
function counted({ exchange }: Bench): { lookUps: number; records: number } {
  const count = { lookUps: 0, records: 0 };
  const lookUp = exchange.lookUp.bind(exchange);
  const ordersSince = exchange.ordersSince.bind(exchange);
  exchange.lookUp = (...wanted) => {
    count.lookUps += 1;
    return lookUp(...wanted);
  };
  exchange.ordersSince = (...wanted) => {
    count.records += 1;
    return ordersSince(...wanted);
  };
  return count;
}

describe('settling a position', () => {
  it('asks the exchange once, however often its stop was moved', async () => {
    const bench = await trailed();
    bench.exchange.moveTo(d('95'));
    const last = bench.store.orders.known(bench.positionId).orders.at(-1)?.clientOrderId ?? '';
    await bench.deps.desk.resolve(last);
    const count = counted(bench);
    const { closed } = await createOrderActivities(bench.deps).settlePosition(bench.positionId);
    expect(closed).toBe(true);
    expect(count).toEqual({ lookUps: 0, records: 1 });
  });

  it('learns of a sale that the journal has missed, whatever the order', async () => {
    const bench = await trailed();
    const stop = bench.store.orders.known(bench.positionId).orders.at(-1)?.clientOrderId ?? '';
    // The journal believes it cancelled; the exchange has sold.
    await bench.store.recordEvent({ clientOrderId: stop, event: 'seen-cancelled' });
    bench.exchange.moveTo(d('95'));
    const count = counted(bench);
    const { closed, position } = await createOrderActivities(bench.deps).settlePosition(bench.positionId);
    expect(position.ledger.heldQuantity).toBe('0');
    expect(closed).toBe(true);
    expect(count.records).toBe(1);
  });

  it('looks up the order whose fate is open', async () => {
    const bench = createBench();
    await bench.store.openAccount(ACCOUNT, 's1');
    const grant = grantOf();
    bench.store.orders.open(grant);
    bench.exchange.faults.push('unheard');
    const { positionId } = grant;
    const plan = { deployment: DEPLOYMENT, positionId, stopPrice: null, replaces: null };
    const sent = await bench.deps.desk.submit({
      ...plan,
      leg: Leg.Entry,
      sequence: 0,
      type: OrderType.Limit,
    });
    expect(sent.order.state).toBe('unknown');
    const count = counted(bench);
    const { closed, position } = await createOrderActivities(bench.deps).settlePosition(positionId);
    expect(closed).toBe(false);
    expect(position.orders[0]?.state).toBe('filled');
    expect(count).toEqual({ lookUps: 1, records: 0 });
  });
});
