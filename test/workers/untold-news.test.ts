import { createBench, grantOf, noOwners } from '../activities/bench';
import { UntoldNews } from '../../workers/untold-news';

const { log } = createBench().deps;

describe('news that nobody could be told yet', () => {
  const order = (() => {
    const bench = createBench();
    bench.store.orders.open(grantOf());
    const [entry] = bench.store.orders.known(grantOf().positionId).orders;
    if (entry === undefined) throw new Error('There is no entry.');
    return entry;
  })();

  it('is told once Temporal answers, the latest of each order', async () => {
    const told: number[] = [];
    let refusals = 1;
    const owners = {
      ...noOwners,
      notifyOrder: ({ version }: typeof order) => {
        refusals -= 1;
        if (refusals >= 0) return Promise.reject(new Error('unavailable'));
        told.push(version);
        return Promise.resolve(true);
      },
    };
    const untold = new UntoldNews(owners, log);
    await untold.patient.notifyOrder(order);
    await untold.patient.notifyOrder({ ...order, version: order.version + 1 });
    await untold.tell(Promise.resolve(), new AbortController().signal);
    expect(told).toEqual([order.version + 1]);
  });

  it('waits for what is still being learnt, and ends with its worker', async () => {
    const told: string[] = [];
    const owners = {
      ...noOwners,
      notifyOrder: () => Promise.resolve(told.push('order') > 0),
      wakeReconciliation: (_: string, trigger: string) => {
        told.push(trigger);
        return Promise.resolve();
      },
    };
    const untold = new UntoldNews(owners, log);
    let settle: () => void = () => undefined;
    const learning = new Promise<void>((resolve) => {
      settle = resolve;
    });
    const telling = untold.tell(learning, new AbortController().signal);
    await untold.patient.notifyOrder(order);
    await untold.patient.wakeReconciliation('main', 'a worker has started');
    settle();
    await telling;
    expect(told).toEqual(['order', 'a worker has started']);
    const gone = new UntoldNews(
      { ...noOwners, wakeReconciliation: () => Promise.reject(new Error('gone')) },
      log,
    );
    await gone.patient.wakeReconciliation('main', 'test');
    await gone.tell(Promise.resolve(), AbortSignal.timeout(20));
  });
});
