import { setImmediate } from 'node:timers/promises';
import { UntoldNews } from '../../activities/untold-news';
import type { OrderView } from '../../domain/order';
import { createBench, grantOf, noOwners } from './bench';

const { log } = createBench().deps;

describe('owners who hear in their own time', () => {
  const order: OrderView = (() => {
    const bench = createBench();
    bench.store.orders.open(grantOf());
    const [entry] = bench.store.orders.known(grantOf().positionId).orders;
    if (entry === undefined) throw new Error('There is no entry.');
    return entry;
  })();
  const later = (by: number): OrderView => ({ ...order, version: order.version + by });

  /** Owners who are away until told otherwise, and what they have heard. */
  function away() {
    const heard: (string | number)[] = [];
    const tried: string[] = [];
    const here = { isIt: false };
    const hear = <T>(what: string | number, answer: T): Promise<T> => {
      tried.push(String(what));
      if (!here.isIt) return Promise.reject(new Error('unavailable'));
      heard.push(what);
      return Promise.resolve(answer);
    };
    const owners = {
      ...noOwners,
      notifyOrder: ({ version }: OrderView) => hear(version, true),
      notifyPosition: (id: string) => hear(id, true),
      wakeReconciliation: (_: string, trigger: string) => hear(trigger, undefined),
    };
    return { owners, heard, tried, here };
  }
  const pauses: number[] = [];
  const pause = async (ms: number): Promise<void> => {
    pauses.push(ms);
    await setImmediate();
  };
  const turns = async (count: number): Promise<void> => {
    for (let turn = 0; turn < count; turn += 1) await setImmediate();
  };

  it('hear at once when they are there', () => {
    const { owners, heard, here } = away();
    here.isIt = true;
    const untold = new UntoldNews(owners, { log, pause });
    void untold.owners.notifyOrder(order);
    expect(heard).toEqual([order.version]);
  });

  it('keep nobody waiting, and hear of each order the newest, whoever told it last', async () => {
    const { owners, heard, here } = away();
    const untold = new UntoldNews(owners, { log, pause });
    expect(await untold.owners.notifyOrder(later(1))).toBe(true);
    expect(await untold.owners.notifyOrder(later(2))).toBe(true);
    expect(await untold.owners.notifyOrder(order)).toBe(true);
    expect(await untold.owners.notifyPosition('p')).toBe(true);
    await untold.owners.wakeReconciliation('main', 'a worker has started');
    here.isIt = true;
    await turns(20);
    expect(heard).toEqual([order.version + 2, 'p', 'a worker has started']);
    await untold.owners.notifyOrder(later(3));
    expect(heard.at(-1)).toBe(order.version + 3);
  });

  it('are tried again ever later', async () => {
    const { owners, here } = away();
    const untold = new UntoldNews(owners, { log, pause });
    pauses.length = 0;
    await untold.owners.notifyPosition('p');
    await turns(12);
    here.isIt = true;
    await turns(5);
    expect(pauses.slice(0, 6)).toEqual([250, 500, 1_000, 2_000, 4_000, 4_000]);
  });

  it('are not tried before there is a connection', async () => {
    const { owners, tried, heard, here } = away();
    let connect: () => void = () => undefined;
    const ready = new Promise<void>((resolve) => {
      connect = resolve;
    });
    const untold = new UntoldNews(owners, { log, pause, ready });
    await untold.owners.notifyPosition('p');
    await turns(5);
    expect(tried).toEqual([]);
    here.isIt = true;
    connect();
    await turns(5);
    expect(heard).toEqual(['p']);
  });
});
