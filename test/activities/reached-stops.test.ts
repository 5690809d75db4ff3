import { noteReachedStops } from '../../activities/reached-stops';
import { Leg, OrderType, type OrderView } from '../../domain/order';
import { d } from '../domain/fixtures';
import { ACCOUNT, createBench, DEPLOYMENT, grantOf, type Bench } from './bench';

/** Bought at 100 and protected at 90, on an exchange that triggers stops and keeps that, and them, to itself. */
async function protectedPosition(): Promise<Bench & { readonly stop: () => OrderView }> {
  const bench = createBench();
  await bench.store.openAccount(ACCOUNT, 's1');
  const grant = grantOf();
  const { positionId, stopPrice } = grant;
  bench.store.orders.open(grant);
  const plan = { deployment: DEPLOYMENT, positionId, sequence: 0, replaces: null };
  await bench.deps.desk.submit({ ...plan, leg: Leg.Entry, type: OrderType.Limit, stopPrice: null });
  const stop = { ...plan, leg: Leg.Stop, type: OrderType.StopMarket, stopPrice } as const;
  const { order } = await bench.deps.desk.submit(stop);
  bench.exchange.holdsStops = true;
  const current = (): OrderView => {
    const known = bench.store.orders.order(order.clientOrderId);
    if (known === undefined) throw new Error('the stop is gone');
    return known;
  };
  return { ...bench, stop: current };
}

describe('stops that the market has reached', () => {
  it('are noted once, with the time of the first look that saw it', async () => {
    const { deps, exchange, time, stop } = await protectedPosition();
    exchange.moveTo(d('90.01'));
    await noteReachedStops(deps, ACCOUNT);
    expect(stop().triggeredAtMs ?? null).toBeNull();

    exchange.moveTo(d('90'));
    const reachedMs = time.nowMs;
    await noteReachedStops(deps, ACCOUNT);
    expect(stop()).toMatchObject({ state: 'open', triggeredAtMs: reachedMs });

    time.nowMs += 1_000;
    exchange.moveTo(d('95'));
    await noteReachedStops(deps, ACCOUNT);
    expect(stop().triggeredAtMs).toBe(reachedMs);
  });

  it('are told to their owners', async () => {
    const { deps, exchange, stop } = await protectedPosition();
    const told: OrderView[] = [];
    const owners = {
      ...deps.owners,
      notifyOrder: (order: OrderView) => {
        told.push(order);
        return Promise.resolve(true);
      },
    };
    exchange.moveTo(d('89'));
    await noteReachedStops({ ...deps, owners }, ACCOUNT);
    expect(told).toEqual([stop()]);
  });

  it('are noted when the exchange says so in a report', async () => {
    const { deps, exchange, time, stop } = await protectedPosition();
    exchange.moveTo(d('89'));
    await deps.desk.resolve(stop().clientOrderId);
    expect(stop()).toMatchObject({ state: 'open', triggeredAtMs: time.nowMs });
  });

  it('cost no request while nothing rests', async () => {
    const bench = createBench();
    await bench.store.openAccount(ACCOUNT, 's1');
    bench.exchange.quotes = () => Promise.reject(new Error('asked for prices'));
    await expect(noteReachedStops(bench.deps, ACCOUNT)).resolves.toBeUndefined();
  });
});
