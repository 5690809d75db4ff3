import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createEmergencyActivities } from '../../activities/emergency';
import { createFeedActivities } from '../../activities/feed';
import type { AccountEvent } from '../../adapters/exchange/port';
import type { Finding } from '../../domain/findings';
import { OrderType } from '../../domain/order';
import { ACCOUNT, createBench, DEPLOYMENT, grantOf, noOwners } from './bench';

describe('the account feed', () => {
  it('tells owners of a fill, but not while an emergency stop is under way', async () => {
    const told: string[] = [];
    const bench = createBench({
      ...noOwners,
      notifyOrder: ({ leg }) => Promise.resolve(told.push(leg) > 0),
    });
    const { store, exchange, deps } = bench;
    await store.openAccount(ACCOUNT, 's1');
    const { positionId } = grantOf();
    store.orders.open(grantOf());
    await deps.desk.submit({
      ...{ deployment: DEPLOYMENT, positionId, leg: 'entry', sequence: 0 },
      ...{ type: OrderType.Limit, stopPrice: null, replaces: null },
    });
    const [report] = [...exchange.orders.values()].map((resting) => resting.report);
    if (report === undefined) throw new Error('The entry is not at the exchange.');
    const hear = async (event: AccountEvent): Promise<void> => {
      exchange.watchAccount = (onEvent) => onEvent(event);
      await new MockActivityEnvironment().run(createFeedActivities(deps).watchAccount, { account: ACCOUNT });
    };

    await hear({ kind: 'order', report });
    // The entry's fill was news, and so is the stop that went out with it.
    expect(told).toEqual(['stop', 'entry']);
    told.length = 0;
    await hear({ kind: 'order', report });
    expect(told).toEqual(['entry']);
    const epoch = await store.raiseHalt(ACCOUNT, { key: 'k', reason: 'a test', by: 'tester' });
    await hear({ kind: 'order', report });
    expect(told).toEqual(['entry']);
    // Once the stop has reported, a late fill is its owner's again.
    const { reportEmergency } = createEmergencyActivities(deps);
    await reportEmergency({ account: ACCOUNT, epoch, message: 'flat' });
    await setImmediate();
    told.length = 0;
    await hear({ kind: 'order', report });
    expect(told).toEqual(['entry']);
  });

  it('journals only what is news: the answer to an order tells the same as the stream', async () => {
    const bench = createBench(noOwners);
    const { store, exchange, deps } = bench;
    await store.openAccount(ACCOUNT, 's1');
    const { positionId } = grantOf();
    store.orders.open(grantOf());
    await deps.desk.submit({
      ...{ deployment: DEPLOYMENT, positionId, leg: 'entry', sequence: 0 },
      ...{ type: OrderType.Limit, stopPrice: null, replaces: null },
    });
    const [report] = [...exchange.orders.values()].map((resting) => resting.report);
    if (report === undefined) throw new Error('The entry is not at the exchange.');
    const recorded = jest.spyOn(store, 'recordEvent');
    const entry = await deps.desk.news.learn({ ...report, fills: [] }, 'stream');
    expect(entry).toMatchObject({ state: 'filled', exchangeOrderId: report.exchangeOrderId });
    expect(recorded).not.toHaveBeenCalled();
    await deps.desk.news.learn({ ...report, exchangeOrderId: 'another', fills: [] }, 'stream');
    expect(recorded).toHaveBeenCalledTimes(1);
  });

  describe('has the account reconciled', () => {
    async function listening() {
      const woken: { readonly trigger: string; readonly finding: Finding | undefined }[] = [];
      const bench = createBench({
        ...noOwners,
        notifyOrder: () => Promise.resolve(true),
        wakeReconciliation: (_, trigger, finding) => {
          woken.push({ trigger, finding });
          return Promise.resolve();
        },
      });
      const { store, exchange, deps } = bench;
      await store.openAccount(ACCOUNT, 's1');
      const grant = grantOf();
      store.orders.open(grant);
      const order = { deployment: DEPLOYMENT, positionId: grant.positionId, sequence: 0, replaces: null };
      await deps.desk.submit({ ...order, leg: 'entry', type: OrderType.Limit, stopPrice: null });
      await deps.desk.submit({
        ...{ ...order, leg: 'stop', type: OrderType.StopMarket, stopPrice: grant.stopPrice },
      });
      const stop = store.orders.known(grant.positionId).orders.at(-1)?.clientOrderId ?? '';
      const hear = async (event: AccountEvent): Promise<void> => {
        exchange.watchAccount = (onEvent) => onEvent(event);
        const { watchAccount } = createFeedActivities(deps);
        await new MockActivityEnvironment().run(watchAccount, { account: ACCOUNT });
      };
      const cancelled = (): AccountEvent => {
        exchange.end(stop, 'cancelled');
        const told = exchange.orders.get(stop);
        if (told === undefined) throw new Error('The stop is not at the exchange.');
        return { kind: 'order', report: told.report };
      };
      return { ...bench, ...grant, woken, stop, hear, cancelled };
    }

    it('after every connection, for nobody tells what happened before it', async () => {
      const { hear, woken } = await listening();
      await hear({ kind: 'connected' });
      await hear({ kind: 'connected' });
      expect(woken.map(({ trigger }) => trigger)).toEqual([
        ...['connected to the exchange', 'connected to the exchange'],
      ]);
    });

    it('when somebody else has cancelled an order that is needed, and says so', async () => {
      const { hear, cancelled, woken, stop } = await listening();
      await hear(cancelled());
      expect(woken).toMatchObject([{ finding: { kind: 'manual-cancel', subject: stop } }]);
    });

    it('when somebody else has cancelled it while nobody listened', async () => {
      const { hear, cancelled, woken, stop, store, positionId } = await listening();
      cancelled();
      await hear({ kind: 'connected' });
      expect(woken).toMatchObject([
        { finding: { kind: 'manual-cancel', subject: stop } },
        { trigger: 'connected to the exchange', finding: undefined },
      ]);
      const stops = store.orders.known(positionId).orders.filter(({ leg }) => leg === 'stop');
      expect(stops.map(({ state }) => state)).toEqual(['cancelled', 'open']);
    });

    it.each(['told', 'found'] as const)(
      'of such a cancel, %s while Temporal is away, once it answers',
      async (how) => {
        const { hear, cancelled, woken, stop, store, deps, positionId } = await listening();
        for (const way of ['notifyOrder', 'wakeReconciliation'] as const)
          jest.spyOn(deps.owners, way).mockRejectedValueOnce(new Error('unavailable'));
        const event = cancelled();
        await hear(how === 'told' ? event : { kind: 'connected' });
        expect(store.riskEvents).toMatchObject([{ key: `reconciliation/manual-cancel/${stop}` }]);
        const stops = store.orders.known(positionId).orders.filter(({ leg }) => leg === 'stop');
        expect(stops.map(({ state }) => state)).toEqual(['cancelled', 'open']);
        const isTold = (): boolean => woken.some(({ finding }) => finding?.subject === stop);
        while (!isTold()) await sleep(20);
      },
    );

    it('not when Ballast cancelled it while nobody listened, be it in a halt', async () => {
      const flattened = await listening();
      await flattened.store.wishExit(flattened.positionId, 'flatten');
      flattened.cancelled();
      await flattened.hear({ kind: 'connected' });
      const halted = await listening();
      await halted.store.raiseHalt(ACCOUNT, { key: 'k', reason: 'a test', by: 'tester' });
      halted.cancelled();
      await halted.hear({ kind: 'connected' });
      for (const { woken } of [flattened, halted])
        expect(woken).toEqual([{ trigger: 'connected to the exchange', finding: undefined }]);
    });

    it('not when an order is not known any more: nobody says that it was cancelled', async () => {
      const { hear, woken, exchange, stop, store, time } = await listening();
      exchange.orders.delete(stop);
      time.nowMs += 60_000;
      await hear({ kind: 'connected' });
      expect((await store.order(stop))?.state).toBe('cancelled');
      expect(woken.map(({ finding }) => finding)).toEqual([undefined]);
    });

    it('not when Ballast cancels it on the way out', async () => {
      const { hear, cancelled, woken, store, positionId } = await listening();
      await store.wishExit(positionId, 'flatten');
      await hear(cancelled());
      expect(woken).toEqual([]);
    });

    it('when a trade is of an order that is not ours', async () => {
      const { hear, woken, exchange } = await listening();
      const [fill] = exchange.fills;
      if (fill === undefined) throw new Error('Nothing was traded.');
      await hear({ kind: 'fill', fill: { ...fill, tradeId: '99', clientOrderId: 'by-hand' } });
      expect(woken.map(({ trigger }) => trigger)).toEqual(['trade 99 is of an order that is not ours']);
    });
  });
});
