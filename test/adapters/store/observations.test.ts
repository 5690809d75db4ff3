import { setTimeout as sleep } from 'node:timers/promises';
import { Leg } from '../../../domain/order';
import { TradingMode } from '../../../domain/risk';
import { ACCOUNT, createBench, enter, mustGrant, orderId, sendAndOpen, type Bench } from './support';

let bench: Bench;
beforeAll(async () => {
  bench = await createBench();
});
beforeEach(() => bench.reset());
afterAll(() => bench.close());

const failed = (failures: number, firstFailedMs: number, lastFailedMs: number, message = 'silence') => ({
  ...{ failures, firstFailedMs, lastFailedMs, message },
});
const any = { kind: 'any', ended: false } as const;

async function resume(): Promise<void> {
  const epoch = await bench.store.raiseHalt(ACCOUNT, { key: 'k', reason: 'a test', by: 'tester' });
  const measureAfresh = { wallTimeMs: Date.now(), marketTimeMs: 5_000 };
  const change = { reason: 'understood', by: 'tester', epoch, measureAfresh };
  await bench.store.setMode(ACCOUNT, TradingMode.Active, change);
}

describe('streaks of failures', () => {
  it('grow from whichever process they are told, and end with a success', async () => {
    const { store } = bench;
    await store.recordStreak(ACCOUNT, { ...any, failed: failed(2, 1_000, 2_000) });
    await store.recordStreak(ACCOUNT, { ...any, failed: failed(3, 3_000, 5_000, 'reset') });
    await store.recordStreak(ACCOUNT, { kind: 'trade', ended: false, failed: failed(1, 4_000, 4_000) });
    expect(await store.failureStreaks(ACCOUNT)).toEqual([
      { kind: 'any', ...failed(5, 1_000, 5_000, 'reset') },
      { kind: 'trade', ...failed(1, 4_000, 4_000) },
    ]);
    await store.recordStreak(ACCOUNT, { kind: 'any', ended: true, failed: null });
    await store.recordStreak(ACCOUNT, { kind: 'trade', ended: true, failed: failed(1, 9_000, 9_000) });
    expect(await store.failureStreaks(ACCOUNT)).toEqual([{ kind: 'trade', ...failed(1, 9_000, 9_000) }]);
    expect(await store.failureStreaks('another')).toEqual([]);
  });

  it('are told of an account that has never been opened', async () => {
    await bench.store.recordStreak('new', { ...any, failed: failed(1, 1_000, 1_000) });
    expect(await bench.store.failureStreaks('new')).toHaveLength(1);
    await bench.store.recordStreak('new', { ...any, ended: true, failed: null });
  });
});

describe('orders sent', () => {
  it('are counted from a time on, resends included, refusals not', async () => {
    const { store } = bench;
    const granted = await mustGrant(store);
    const id = orderId(granted, Leg.Entry);
    const beforeMs = Date.now();
    await sendAndOpen(store, id);
    // What has been sent cannot be sent again, and is not counted again.
    await expect(sendAndOpen(store, id)).rejects.toThrow('Not sent');
    expect(await store.ordersSent(ACCOUNT, beforeMs)).toBe(1);
    await sleep(5);
    expect(await store.ordersSent(ACCOUNT, Date.now())).toBe(0);
    expect(await store.ordersSent('another', beforeMs)).toBe(0);
  });
});

describe('missing stops', () => {
  it('keep the time at which they were first seen, until the stop is there', async () => {
    const { store } = bench;
    const one = (await enter(store, '2')).positionId;
    const two = (await enter(store, '2', { strategy: 'other' })).positionId;
    expect(await store.noteMissingStops(ACCOUNT, [one], 1_000)).toEqual(new Map([[one, 1_000]]));
    expect(await store.noteMissingStops(ACCOUNT, [one, two], 3_000)).toEqual(
      new Map([
        [one, 1_000],
        [two, 3_000],
      ]),
    );
    expect(await store.noteMissingStops(ACCOUNT, [two], 5_000)).toEqual(new Map([[two, 3_000]]));
    expect(await store.noteMissingStops(ACCOUNT, [], 6_000)).toEqual(new Map());
    expect(await store.noteMissingStops(ACCOUNT, [one], 7_000)).toEqual(new Map([[one, 7_000]]));
  });
});

describe('a resume', () => {
  it('forgets what was observed before it, and says since when things count', async () => {
    const { store } = bench;
    const { positionId } = await enter(store, '2');
    await store.recordStreak(ACCOUNT, { ...any, failed: failed(50, 1_000, 90_000) });
    await store.noteMissingStops(ACCOUNT, [positionId], 1_000);
    await resume();
    expect(await store.failureStreaks(ACCOUNT)).toEqual([]);
    expect(await store.noteMissingStops(ACCOUNT, [positionId], 95_000)).toEqual(
      new Map([[positionId, 95_000]]),
    );
    const { measuredSince } = (await store.account(ACCOUNT)) ?? {};
    expect(measuredSince?.marketTimeMs).toBe(5_000);
    expect(measuredSince?.wallTimeMs).toBeGreaterThan(Date.now() - 60_000);
    // Another session has a market time of its own.
    expect((await store.openAccount(ACCOUNT, 's2')).measuredSince.marketTimeMs).toBe(0);
  });
});

it('a risk event is found by its key', async () => {
  const event = { account: ACCOUNT, code: 'c', message: 'm', marketTimeMs: null, key: 'once' };
  expect(await bench.store.hasRiskEvent(ACCOUNT, 'once')).toBe(false);
  await bench.store.recordRiskEvent(event);
  expect(await bench.store.hasRiskEvent(ACCOUNT, 'once')).toBe(true);
  expect(await bench.store.hasRiskEvent('another', 'once')).toBe(false);
});
