import { setTimeout as wait } from 'node:timers/promises';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createFeedActivities } from '../../activities/feed';
import { createOrderActivities } from '../../activities/orders';
import { createProtection } from '../../activities/protection';
import { RestingAudit } from '../../activities/resting-audit';
import type { Finding } from '../../domain/findings';
import { decimal } from '../../domain/decimal';
import { Leg, OrderState, OrderType, type OrderView } from '../../domain/order';
import { DELISTED_REASON } from '../../domain/planner';
import { ExitReason } from '../../domain/position';
import { BTC } from '../domain/fixtures';
import { ACCOUNT, grantedBench, grantOf, noOwners, type Bench } from './bench';

const { positionId } = grantOf();

describe('what rests is held against the exchange', () => {
  let bench: Bench;
  let ordersOf: (leg: Leg) => readonly OrderView[];
  beforeEach(async () => {
    ({ bench, ordersOf } = await grantedBench());
  });

  const idOf = (leg: Leg): string => ordersOf(leg).at(-1)?.clientOrderId ?? '';

  /** Sends the entry, of which so much is filled at once. */
  async function enter(filled: string): Promise<void> {
    bench.exchange.liquidity = decimal(filled);
    await createOrderActivities(bench.deps).submitOrder({
      ...{ positionId, leg: Leg.Entry, sequence: 0, type: OrderType.Limit, stopPrice: null, replaces: null },
    });
    bench.exchange.liquidity = decimal('1000000');
  }

  interface News {
    readonly order: OrderView;
    readonly strange: Finding | undefined;
  }
  async function look(audit = new RestingAudit(bench.deps)): Promise<readonly News[]> {
    const heard: News[] = [];
    await audit.look(ACCOUNT, (order, strange) => {
      heard.push({ order, strange });
      return Promise.resolve();
    });
    return heard;
  }

  it('and the fill of an entry of which nobody told is found', async () => {
    await enter('0.4');
    expect(await look()).toEqual([]);
    bench.exchange.fillResting(idOf(Leg.Entry), decimal('0.1'));
    expect(await look()).toMatchObject([{ order: { leg: Leg.Entry, filledQuantity: '0.5' } }]);
    bench.exchange.fillResting(idOf(Leg.Entry), decimal('1000'));
    expect(await look()).toMatchObject([{ order: { leg: Leg.Entry, state: OrderState.Filled } }]);
    expect(await look()).toEqual([]);
  });

  it('and the end of a stop of which nobody told is found, as a stranger’s deed', async () => {
    await enter('1000');
    bench.exchange.end(idOf(Leg.Stop), 'cancelled');
    expect(await look()).toMatchObject([
      { order: { leg: Leg.Stop, state: OrderState.Cancelled }, strange: { kind: 'manual-cancel' } },
    ]);
  });

  it('and on the way out nobody else is suspected', async () => {
    await enter('1000');
    await bench.store.wishExit(positionId, ExitReason.Flatten);
    bench.exchange.end(idOf(Leg.Stop), 'cancelled');
    expect((await look()).map(({ strange }) => strange)).toEqual([undefined]);
  });

  it('and nothing is asked while nothing rests', async () => {
    const asked = jest.spyOn(bench.exchange, 'openOrders');
    expect(await look()).toEqual([]);
    expect(asked).not.toHaveBeenCalled();
  });

  it('and what rested on a pair that was delisted has ended, by nobody’s hand', async () => {
    await enter('1000');
    bench.exchange.delist(BTC.symbol);
    expect(await look()).toMatchObject([
      { order: { leg: Leg.Stop, reason: DELISTED_REASON }, strange: undefined },
    ]);
    expect(await look()).toEqual([]);
  });

  it('at a pace that leaves four fifths of the request weight to others', async () => {
    const audit = new RestingAudit(bench.deps);
    const pauses: number[] = [];
    const view = { ...ordersOf(Leg.Entry)[0], state: OrderState.Open } as OrderView;
    for (const pairs of [0, 1, 7, 13, 14, 100]) {
      const resting = Array.from({ length: pairs }, (_, index) => ({ ...view, symbol: `C${index}/USDT` }));
      bench.store.unsettledOrders = () => Promise.resolve(resting);
      const shown = resting.map((order) => ({
        ...order,
        status: 'open' as const,
        fills: [],
        marketTimeMs: 0,
      }));
      bench.exchange.openOrders = (symbol) =>
        Promise.resolve(
          shown
            .filter((order) => symbol === undefined || order.symbol === symbol)
            .map((order) => ({ ...order, exchangeOrderId: '1' })),
        );
      await look(audit);
      pauses.push(audit.pauseMs);
    }
    expect(pauses).toEqual([2_000, 2_000, 2_100, 3_900, 4_000, 4_000]);
  });

  it('by the feed, which protects what it finds bare', async () => {
    await enter('0');
    bench.exchange.fillResting(idOf(Leg.Entry), decimal('1000'));
    const told: string[] = [];
    const owners = {
      ...noOwners,
      notifyOrder: ({ leg }: OrderView) => Promise.resolve(told.push(leg) > 0),
    };
    bench.exchange.watchAccount = async () => {
      while (told.length < 2) await wait(20);
    };
    const { watchAccount } = createFeedActivities({ ...bench.deps, owners });
    await new MockActivityEnvironment().run(watchAccount, { account: ACCOUNT });
    expect(told).toEqual([Leg.Stop, Leg.Entry]);
    expect(ordersOf(Leg.Stop)).toMatchObject([{ state: OrderState.Open }]);
    expect(await createProtection(bench.deps).protect(positionId)).toEqual([]);
  });
});
