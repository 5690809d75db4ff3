import { setImmediate } from 'node:timers/promises';
import { createEmergencyActivities } from '../../activities/emergency';
import { OrderType, Side } from '../../domain/order';
import { clientOrderId } from '../../domain/ids';
import type { Owners } from '../../activities/deps';
import { BTC, d } from '../domain/fixtures';
import { ACCOUNT, createBench, DEPLOYMENT, grantOf, noOwners, type Bench } from './bench';

/** A bench whose account is open and holds one position, bought and not yet protected. */
async function holding(owners = noOwners): Promise<Bench & { readonly positionId: string }> {
  const bench = createBench(owners);
  await bench.store.openAccount(ACCOUNT, 's1');
  const grant = grantOf();
  bench.store.orders.open(grant);
  await buy(bench, grant.positionId);
  return { ...bench, positionId: grant.positionId };
}

const buy = ({ deps }: Bench, positionId: string) =>
  deps.desk.submit({
    ...{ deployment: DEPLOYMENT, positionId, leg: 'entry', sequence: 0 },
    ...{ type: OrderType.Limit, stopPrice: null, replaces: null },
  });

const halt = ({ store }: Bench, key = 'key') =>
  store.raiseHalt(ACCOUNT, { key, reason: 'a test', by: 'tester' });

/** An order that the journal knows nothing of, under an id of ours. */
async function rest(bench: Bench, symbol: string, side: Side = Side.Buy): Promise<string> {
  const order = {
    account: ACCOUNT,
    session: 's1',
    positionId: 'unknown',
    leg: 'entry',
    sequence: 0,
  } as const;
  const id = clientOrderId({ ...order, deployment: DEPLOYMENT });
  await bench.exchange.submit({
    ...{ clientOrderId: id, symbol, side, quantity: d('1'), sendDeadlineMs: bench.time.nowMs + 1_000 },
    ...(side === Side.Buy
      ? { type: OrderType.Limit, limitPrice: d('50'), stopPrice: null }
      : { type: OrderType.StopMarket, limitPrice: null, stopPrice: d('90') }),
  });
  return id;
}

describe('an emergency sweep', () => {
  it('sells though an entry cannot be cancelled, and counts the cancels that succeeded', async () => {
    const bench = await holding();
    await rest(bench, BTC.symbol);
    await halt(bench);
    bench.exchange.cancel = () => Promise.reject(new Error('scripted outage'));
    const swept = await createEmergencyActivities(bench.deps).sweepAccount({ account: ACCOUNT });
    expect(swept).toMatchObject({
      cancelledOrders: 0,
      exitOrders: 1,
      unsettled: [],
      openOrders: 1,
      flat: false,
    });
    expect(bench.exchange.held()).toBe('0');
  });

  it('sells though the open orders cannot be listed', async () => {
    const bench = await holding();
    await halt(bench);
    bench.exchange.openOrders = () => Promise.reject(new Error('scripted outage'));
    const sweep = createEmergencyActivities(bench.deps).sweepAccount({ account: ACCOUNT });
    await expect(sweep).rejects.toThrow('scripted outage');
    expect(bench.exchange.held()).toBe('0');
  });

  it('sees and cancels our order on a pair that is not traded any more', async () => {
    const bench = await holding();
    const id = await rest(bench, 'DOGE/USDT');
    await halt(bench);
    const swept = await createEmergencyActivities(bench.deps).sweepAccount({ account: ACCOUNT });
    expect(swept).toMatchObject({ cancelledOrders: 1, openOrders: 0, flat: true });
    expect(bench.exchange.orders.get(id)?.report.status).toBe('cancelled');
  });

  it('touches nothing once trading has been resumed', async () => {
    const bench = await holding();
    const epoch = await halt(bench);
    await bench.store.setMode(ACCOUNT, 'ACTIVE', { reason: 'checked', by: 'tester', epoch });
    const before = bench.exchange.received.length;
    const activities = createEmergencyActivities(bench.deps);
    expect(await activities.sweepAccount({ account: ACCOUNT })).toMatchObject({
      ...{ epoch, superseded: true, exitOrders: 0, flat: false, unsettled: [bench.positionId] },
    });
    expect(bench.exchange.received).toHaveLength(before);
    expect(bench.store.orders.known(bench.positionId).exitReason).toBeNull();
  });

  it('sells in the epoch of a later halt', async () => {
    const bench = await holding();
    const epoch = await halt(bench);
    await bench.store.setMode(ACCOUNT, 'ACTIVE', { reason: 'checked', by: 'tester', epoch });
    expect(await halt(bench, 'later')).toBe(2);
    const swept = await createEmergencyActivities(bench.deps).sweepAccount({ account: ACCOUNT });
    expect(swept).toMatchObject({ epoch: 2, superseded: false, exitOrders: 1, flat: true });
  });

  it('tells when a lost sale will be settled, and sells again in that very pass', async () => {
    const bench = await holding();
    await halt(bench);
    const { sweepAccount } = createEmergencyActivities(bench.deps);
    bench.exchange.faults.push('lost');
    const { settledAfterMs } = await sweepAccount({ account: ACCOUNT });
    bench.time.nowMs += (settledAfterMs ?? NaN) - 1;
    const early = await sweepAccount({ account: ACCOUNT });
    expect(early).toMatchObject({ exitOrders: 0, settledAfterMs: 1, flat: false });
    bench.time.nowMs += 1;
    const swept = await sweepAccount({ account: ACCOUNT });
    expect(swept).toMatchObject({ exitOrders: 1, settledAfterMs: null, flat: true });
    expect(bench.exchange.held()).toBe('0');
  });

  it('pauses between refused sales instead of adding an order with each pass', async () => {
    const bench = await holding();
    await halt(bench);
    const { sweepAccount } = createEmergencyActivities(bench.deps);
    const sales = () =>
      bench.store.orders.known(bench.positionId).orders.filter(({ leg }) => leg === 'emergency').length;
    bench.exchange.faults.push(...Array.from({ length: 100 }, () => 'refused' as const));
    for (let passes = 0; passes < 5; passes += 1) await sweepAccount({ account: ACCOUNT });
    expect(sales()).toBe(1);
    const minute = { passes: 60, everyMs: 1_000 };
    for (let passes = 0; passes < minute.passes; passes += 1) {
      bench.time.nowMs += minute.everyMs;
      await sweepAccount({ account: ACCOUNT });
    }
    // After 0.25, 0.5, 1, 2, 4, 8, 16 and 30 seconds, each rounded up to a pass.
    expect(sales()).toBe(8);
  });
});

describe('the second look of an emergency stop', () => {
  it('does not call an account flat whose trading was resumed', async () => {
    const bench = await holding();
    const epoch = await halt(bench);
    const { sweepAccount, verifyFlat } = createEmergencyActivities(bench.deps);
    await sweepAccount({ account: ACCOUNT });
    expect(await verifyFlat({ account: ACCOUNT })).toBe(true);
    await bench.store.setMode(ACCOUNT, 'ACTIVE', { reason: 'checked', by: 'tester', epoch });
    expect(await verifyFlat({ account: ACCOUNT })).toBe(false);
  });

  it('is not content with an order of ours that rests, whatever the journal says', async () => {
    const bench = await holding();
    await halt(bench);
    const { sweepAccount, verifyFlat } = createEmergencyActivities(bench.deps);
    await sweepAccount({ account: ACCOUNT });
    await rest(bench, BTC.symbol);
    expect(await verifyFlat({ account: ACCOUNT })).toBe(false);
  });
});

describe('a sell of ours that the journal does not know', () => {
  it('is asked about once, waited for, and then left resting and named: the stop ends', async () => {
    const asked: string[] = [];
    const bench = await holding({
      ...noOwners,
      wakeReconciliation: (_, trigger) => Promise.resolve(void asked.push(trigger)),
    });
    const id = await rest(bench, BTC.symbol, Side.Sell);
    await halt(bench);
    const { sweepAccount, verifyFlat } = createEmergencyActivities(bench.deps);
    const name = expect.stringContaining(`sell order ${id} of 1 on ${BTC.symbol} rests`) as string;
    const early = await sweepAccount({ account: ACCOUNT });
    expect(early).toMatchObject({
      exitOrders: 1,
      openOrders: 1,
      awaited: [name],
      unexplained: [],
      flat: false,
    });
    expect(await verifyFlat({ account: ACCOUNT })).toBe(false);
    bench.time.nowMs += 15_000;
    const late = await sweepAccount({ account: ACCOUNT });
    expect(late).toMatchObject({ cancelledOrders: 0, awaited: [], unexplained: [name], flat: true });
    expect(await verifyFlat({ account: ACCOUNT })).toBe(true);
    expect(asked).toEqual([name]);
    expect(bench.exchange.orders.get(id)?.report.status).toBe('open');
  });

  it('is cancelled when a position of ours cannot be sold beside it', async () => {
    const bench = await holding();
    const id = await rest(bench, BTC.symbol, Side.Sell);
    await halt(bench);
    const { sweepAccount } = createEmergencyActivities(bench.deps);
    bench.exchange.faults.push('refused');
    const swept = await sweepAccount({ account: ACCOUNT });
    expect(swept).toMatchObject({ exitOrders: 1, cancelledOrders: 1, flat: false });
    expect(bench.exchange.orders.get(id)?.report.status).toBe('cancelled');
    bench.time.nowMs += 1_000;
    expect(await sweepAccount({ account: ACCOUNT })).toMatchObject({ exitOrders: 1, flat: true });
    expect(bench.exchange.held()).toBe('0');
  });
});

describe('two looks', () => {
  it.each([
    ['find it flat', () => Promise.resolve(), true],
    ['do not agree: an order arrives between them', (bench: Bench) => rest(bench, BTC.symbol), false],
  ])('%s', async (_, between, flat) => {
    const bench = await holding();
    await halt(bench);
    const { sweepAccount, verifyFlat } = createEmergencyActivities(bench.deps);
    await sweepAccount({ account: ACCOUNT });
    const list = bench.exchange.openOrders.bind(bench.exchange);
    let looks = 0;
    bench.exchange.openOrders = async () => {
      looks += 1;
      if (looks === 2) await between(bench);
      return list();
    };
    expect(await verifyFlat({ account: ACCOUNT, againAfterMs: 1 })).toBe(flat);
    expect(looks).toBe(2);
  });
});

describe('the end of an emergency stop', () => {
  /** Owners who write down what they are told, and of whom only these exist. */
  function listening(exists: (workflow: string) => boolean) {
    const told: string[] = [];
    const tell = (workflow: string): Promise<boolean> => {
      if (exists(workflow)) told.push(workflow);
      return Promise.resolve(exists(workflow));
    };
    const owners: Owners = {
      notifyOrder: ({ leg }) => tell(leg),
      startPosition: () => Promise.resolve(),
      notifyPosition: () => tell('position'),
      wakeReconciliation: (_, trigger) => Promise.resolve(void told.push(trigger)),
    };
    return { told, owners };
  }

  async function stopOf(
    owners: Owners,
  ): Promise<{ readonly positionId: string; readonly report: () => Promise<void> }> {
    const bench = await holding(owners);
    await bench.deps.desk.submit({
      ...{ deployment: DEPLOYMENT, positionId: bench.positionId, leg: 'stop', sequence: 0 },
      ...{ type: OrderType.StopMarket, stopPrice: d('90'), replaces: null },
    });
    const epoch = await halt(bench);
    const { sweepAccount, verifyFlat, reportEmergency } = createEmergencyActivities(bench.deps);
    expect((await sweepAccount({ account: ACCOUNT })).flat).toBe(true);
    expect(await verifyFlat({ account: ACCOUNT })).toBe(true);
    const report = async (): Promise<void> => {
      await reportEmergency({ account: ACCOUNT, epoch, message: 'flat' });
      await setImmediate(); // nobody waits for the messages
    };
    return { positionId: bench.positionId, report };
  }

  it('tells everybody, and nobody before: their work would hold the sales up', async () => {
    const { told, owners } = listening(() => true);
    const { report } = await stopOf(owners);
    expect(told).toEqual([]);
    await report();
    expect(told).toEqual(['entry', 'stop', 'position']);
  });

  it('has ownerless positions given an owner, who closes them', async () => {
    const { told, owners } = listening(() => false);
    const { positionId, report } = await stopOf(owners);
    await report();
    expect(told).toEqual([`${positionId} has no owner`]);
  });
});
