import { setImmediate } from 'node:timers/promises';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createEmergencyActivities } from '../../activities/emergency';
import { createFeedActivities } from '../../activities/feed';
import type { AccountEvent } from '../../adapters/exchange/port';
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
});
