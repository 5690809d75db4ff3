import { setImmediate } from 'node:timers/promises';
import { createFeedActivities } from '../../activities/feed';
import { createOrderActivities } from '../../activities/orders';
import { createProtection } from '../../activities/protection';
import { decimal } from '../../domain/decimal';
import { ExchangeFailure, FailureKind } from '../../domain/errors';
import { Leg, OrderState, OrderType, type OrderView } from '../../domain/order';
import { ExitReason } from '../../domain/position';
import { TradingMode } from '../../domain/risk';
import { ACCOUNT, DEPLOYMENT, grantedBench, grantOf, TIMING, type Bench } from './bench';

const { positionId } = grantOf();
const ENTRY = {
  positionId,
  leg: Leg.Entry,
  sequence: 0,
  type: OrderType.Limit,
  stopPrice: null,
  replaces: null,
};
/** From the end of a failed attempt until its absence is proven. */
const PATIENCE_MS = TIMING.receiveWindowMs + TIMING.visibilityLagMs;

describe('what leaves a position bare', () => {
  let bench: Bench;
  let ordersOf: (leg: Leg) => readonly OrderView[];
  beforeEach(async () => {
    ({ bench, ordersOf } = await grantedBench());
  });

  const statesOf = (leg: Leg): readonly OrderState[] => ordersOf(leg).map(({ state }) => state);
  const enter = () => createOrderActivities(bench.deps).submitOrder(ENTRY);
  const resolve = (leg: Leg) =>
    createOrderActivities(bench.deps).resolveOrder(ordersOf(leg).at(-1)?.clientOrderId ?? '');

  it('an entry that fills has its stop in the same breath, and its owners hear of both', async () => {
    const { order, alsoChanged } = await enter();
    expect(order.state).toBe(OrderState.Filled);
    expect(alsoChanged.map(({ leg, state }) => [leg, state])).toEqual([[Leg.Stop, OrderState.Open]]);
    expect(bench.exchange.received).toHaveLength(2);
  });

  it.each(['unheard', 'late'] as const)(
    'an entry that fills and whose answer is %s is looked for, and protected, in the same breath',
    async (fault) => {
      bench.exchange.faults.push(fault);
      const sentMs = bench.time.nowMs;
      const { order, alsoChanged } = await enter();
      expect(order.state).toBe(OrderState.Filled);
      expect(alsoChanged.map(({ leg, state }) => [leg, state])).toEqual([[Leg.Stop, OrderState.Open]]);
      expect(bench.time.nowMs - sentMs).toBeLessThan(PATIENCE_MS);
    },
  );

  it('an entry of which fills are told and not listed yet is looked at until they are', async () => {
    bench.exchange.unlisted.add('1');
    const { pause } = bench.deps;
    const patient = { ...bench.deps, pause: (ms: number) => (bench.exchange.unlisted.clear(), pause(ms)) };
    expect((await createOrderActivities(patient).submitOrder(ENTRY)).order.state).toBe(OrderState.Filled);
    expect(statesOf(Leg.Stop)).toEqual([OrderState.Open]);
  });

  it('what is known to be held has its stop, though more is told and not listed yet', async () => {
    bench.exchange.liquidity = decimal('0.4');
    await bench.deps.desk.submit({ deployment: DEPLOYMENT, ...ENTRY });
    bench.exchange.fillResting(ordersOf(Leg.Entry)[0]?.clientOrderId ?? '', decimal('0.1'));
    bench.exchange.unlisted.add('2');
    const sinceMs = bench.time.nowMs;
    await resolve(Leg.Entry);
    expect(bench.time.nowMs).toBe(sinceMs);
    expect(ordersOf(Leg.Stop)).toMatchObject([{ state: OrderState.Open, quantity: '0.3996' }]);
  });

  it('a look that the exchange does not answer is followed by another', async () => {
    bench.exchange.faults.push('unheard');
    const lookUp = bench.exchange.lookUp.bind(bench.exchange);
    let looks = 0;
    bench.exchange.lookUp = (...order) => {
      looks += 1;
      const silence = new ExchangeFailure(FailureKind.Ambiguous, 'no answer', { errorClass: 'NetworkError' });
      return looks === 1 ? Promise.reject(silence) : lookUp(...order);
    };
    expect((await enter()).order.state).toBe(OrderState.Filled);
    expect(looks).toBe(2);
  });

  it('an entry that fills in part is protected in part', async () => {
    bench.exchange.liquidity = decimal('0.4');
    await enter();
    expect(ordersOf(Leg.Stop)).toMatchObject([{ state: OrderState.Open, quantity: '0.3996' }]);
  });

  it('a lost stop is followed by another in the instant in which its absence is proven', async () => {
    bench.exchange.faults.push('none', 'lost');
    await enter();
    const lostMs = bench.time.nowMs;
    const replaced: number[] = [];
    const submit = bench.exchange.submit.bind(bench.exchange);
    bench.exchange.submit = (request) => {
      replaced.push(bench.time.nowMs);
      return submit(request);
    };
    // A first activity watches it for a while, the second to its end.
    await resolve(Leg.Stop);
    await resolve(Leg.Stop);
    expect(statesOf(Leg.Stop)).toEqual([OrderState.Abandoned, OrderState.Open]);
    expect(replaced).toEqual([lostMs + PATIENCE_MS]);
  });

  it('a stop that would trigger at once is followed by the end of the entry, and the exit', async () => {
    bench.exchange.liquidity = decimal('0.4');
    await enter();
    bench.exchange.liquidity = decimal('10');
    const [stop] = ordersOf(Leg.Stop);
    bench.exchange.price = decimal('95');
    await createOrderActivities(bench.deps).submitOrder({
      ...{ positionId, leg: Leg.Stop, sequence: 1, type: OrderType.StopMarket },
      ...{ stopPrice: decimal('96'), replaces: stop?.clientOrderId ?? null },
    });
    expect(bench.store.orders.known(positionId).exitReason).toBe(ExitReason.Unprotected);
    expect(statesOf(Leg.Entry)).toEqual([OrderState.Cancelled]);
    expect(statesOf(Leg.Exit)).toEqual([OrderState.Filled]);
  });

  it('a lost replacement leaves the stop where it is: nothing is bare, nothing is sent', async () => {
    await enter();
    const [stop] = ordersOf(Leg.Stop);
    await bench.store.wishExit(positionId, ExitReason.Strategy);
    bench.exchange.faults.push('lost');
    const exit = { positionId, leg: Leg.Exit, sequence: 0, type: OrderType.Market, stopPrice: null };
    await createOrderActivities(bench.deps).submitOrder({ ...exit, replaces: stop?.clientOrderId ?? null });
    bench.time.nowMs += PATIENCE_MS;
    await resolve(Leg.Exit);
    expect(statesOf(Leg.Exit)).toEqual([OrderState.Abandoned]);
    expect(statesOf(Leg.Stop)).toEqual([OrderState.Open]);
  });

  it('a stop that the exchange ended, heard by the feed, is followed by another', async () => {
    await enter();
    const id = ordersOf(Leg.Stop)[0]?.clientOrderId ?? '';
    const report = await bench.exchange.cancel('BTC/USDT', id);
    if (report === undefined) throw new Error('The stop was not there.');
    bench.exchange.watchAccount = (onEvent) => onEvent({ kind: 'order', report });
    await runFeed();
    expect(statesOf(Leg.Stop)).toEqual([OrderState.Cancelled, OrderState.Open]);
  });

  it('a stop that somebody else has cancelled, as a look-up finds: it is placed anew, and the account’s reconciliation is told', async () => {
    await enter();
    const [stop] = ordersOf(Leg.Stop);
    bench.exchange.end(stop?.clientOrderId ?? '', 'cancelled');
    const woken = jest.spyOn(bench.deps.owners, 'wakeReconciliation');
    await resolve(Leg.Stop);
    expect(statesOf(Leg.Stop)).toEqual([OrderState.Cancelled, OrderState.Open]);
    expect(woken.mock.calls).toMatchObject([
      [ACCOUNT, expect.any(String), { kind: 'manual-cancel', subject: stop?.clientOrderId }],
    ]);
    await resolve(Leg.Stop);
    expect(woken).toHaveBeenCalledTimes(1);
  });

  it('nothing is sent in a halt: that is the emergency stop’s', async () => {
    await bench.deps.desk.submit({ deployment: DEPLOYMENT, ...ENTRY });
    await bench.store.raiseHalt(ACCOUNT, { key: 'k', reason: 'test', by: 'test' });
    expect(await createProtection(bench.deps).protect(positionId)).toEqual([]);
    expect((await bench.store.account(ACCOUNT))?.mode).toBe(TradingMode.Halted);
    expect(statesOf(Leg.Stop)).toEqual([OrderState.Created]);
  });

  it('a refused stop is tried again after its pauses, and given up for an exit, all in the same breath', async () => {
    const sentMs: number[] = [];
    const submit = bench.exchange.submit.bind(bench.exchange);
    bench.exchange.submit = (request) => {
      sentMs.push(bench.time.nowMs);
      return submit(request);
    };
    bench.exchange.faults.push('none', 'refused', 'refused', 'refused');
    await enter();
    expect(statesOf(Leg.Stop)).toEqual(Array.from({ length: 3 }, () => OrderState.Rejected));
    expect(statesOf(Leg.Exit)).toEqual([OrderState.Filled]);
    const [, first = NaN] = sentMs;
    expect(sentMs.slice(1)).toEqual([first, first + 250, first + 750, first + 750]);
  });

  it('a pause that is long is left to the workflow', async () => {
    bench.exchange.faults.push('none', ...Array.from({ length: 9 }, () => 'refused' as const));
    await enter();
    expect(statesOf(Leg.Exit)).toEqual(Array.from({ length: 3 }, () => OrderState.Rejected));
  });

  it('a stop that was not executed is left for its turn', async () => {
    bench.exchange.faults.push('none', 'busy');
    await enter();
    expect(statesOf(Leg.Stop)).toEqual([OrderState.Created]);
    expect(bench.exchange.received).toHaveLength(1);
  });

  it('its failure is not that of the entry', async () => {
    const { beginSend } = bench.store;
    let sends = 0;
    bench.store.beginSend = (request) => {
      sends += 1;
      return sends === 1 ? beginSend.call(bench.store, request) : Promise.reject(new Error('gone'));
    };
    expect((await enter()).order.state).toBe(OrderState.Filled);
  });

  it('the gap before the first stop is journaled once', async () => {
    const submit = bench.exchange.submit.bind(bench.exchange);
    bench.exchange.submit = (request) => {
      if (request.stopPrice !== null) bench.time.nowMs += 40;
      return submit(request);
    };
    await enter();
    await enter();
    expect(bench.store.orders.known(positionId).unprotectedMs).toBe(40);
  });

  it('a worker that starts looks after what another left behind', async () => {
    await bench.deps.desk.submit({ deployment: DEPLOYMENT, ...ENTRY });
    expect(statesOf(Leg.Stop)).toEqual([OrderState.Created]);
    await createProtection(bench.deps).catchUp(ACCOUNT);
    expect(statesOf(Leg.Stop)).toEqual([OrderState.Open]);
  });

  it('whatever cannot be asked about', async () => {
    await bench.deps.desk.submit({ deployment: DEPLOYMENT, ...ENTRY });
    const other = grantOf({ barCloseMs: grantOf().barCloseMs + 60_000 });
    bench.store.orders.open(other);
    bench.exchange.faults.push('lost');
    await bench.deps.desk.submit({ deployment: DEPLOYMENT, ...ENTRY, positionId: other.positionId });
    bench.exchange.lookUp = () =>
      Promise.reject(new ExchangeFailure(FailureKind.Ambiguous, 'no answer', { errorClass: 'NetworkError' }));
    await expect(createProtection(bench.deps).catchUp(ACCOUNT)).rejects.toThrow('no answer');
    expect(statesOf(Leg.Stop)).toEqual([OrderState.Open]);
  });

  it('one after whose order the exchange hangs', async () => {
    const other = grantOf({ barCloseMs: grantOf().barCloseMs + 60_000 });
    bench.store.orders.open(other);
    bench.exchange.faults.push('unheard', 'unheard');
    await bench.deps.desk.submit({ deployment: DEPLOYMENT, ...ENTRY });
    await bench.deps.desk.submit({ deployment: DEPLOYMENT, ...ENTRY, positionId: other.positionId });
    const hanging = ordersOf(Leg.Entry)[0]?.clientOrderId;
    let answer: () => void = () => undefined;
    const lookUp = bench.exchange.lookUp.bind(bench.exchange);
    bench.exchange.lookUp = async (symbol, id) => {
      if (id === hanging)
        await new Promise<void>((resolve) => {
          answer = resolve;
        });
      return lookUp(symbol, id);
    };
    const caughtUp = createProtection(bench.deps).catchUp(ACCOUNT);
    for (let turns = 0; turns < 50; turns += 1) await setImmediate();
    const states = bench.store.orders.known(other.positionId).orders.map(({ leg, state }) => [leg, state]);
    expect(states).toEqual([
      [Leg.Entry, OrderState.Filled],
      [Leg.Stop, OrderState.Open],
    ]);
    expect(statesOf(Leg.Stop)).toEqual([OrderState.Created]);
    answer();
    await caughtUp;
    expect(statesOf(Leg.Stop)).toEqual([OrderState.Open]);
  });

  it('also when the entry’s answer was lost with it', async () => {
    bench.exchange.faults.push('unheard');
    await bench.deps.desk.submit({ deployment: DEPLOYMENT, ...ENTRY });
    expect(statesOf(Leg.Entry)).toEqual([OrderState.Unknown]);
    await createProtection(bench.deps).catchUp(ACCOUNT);
    expect(statesOf(Leg.Entry)).toEqual([OrderState.Filled]);
    expect(statesOf(Leg.Stop)).toEqual([OrderState.Open]);
  });

  /** The feed's activity, for as long as its stream lasts. */
  async function runFeed(): Promise<void> {
    const { MockActivityEnvironment } = await import('@temporalio/testing');
    const { watchAccount } = createFeedActivities(bench.deps);
    await new MockActivityEnvironment().run(watchAccount, { account: ACCOUNT });
  }
});
