import type { Decision, Journal, OrderStore } from '../../../adapters/store/port';
import { TradingMode } from '../../../domain/risk';
import { MemoryStore } from '../../activities/memory-store';
import { ACCOUNT, BAR_MS, createBench, grantRequest, mustGrant, SESSION, type Bench } from './support';

const STRATEGY = 'rsi';
const opening = (change: Partial<Parameters<OrderStore['openLane']>[0]> = {}) => ({
  ...{ account: ACCOUNT, strategy: STRATEGY, entriesPaused: false, reason: 'started' },
  ...change,
});
const asked = (generation: number, change: Parameters<typeof grantRequest>[0] = {}) =>
  grantRequest({ strategy: STRATEGY, lane: { generation }, ...change });

let bench: Bench;
beforeAll(async () => {
  bench = await createBench();
});
afterAll(() => bench.close());

/** The tests of what stands above the store rely on the one in memory, so it keeps the same promises. */
describe.each([
  [
    'PostgreSQL',
    async () => {
      await bench.reset();
      return bench.store;
    },
  ],
  [
    'memory',
    async () => {
      const store = new MemoryStore();
      await store.openAccount(ACCOUNT, SESSION);
      return store;
    },
  ],
] as const)('lanes in %s', (_, open) => {
  let store: OrderStore & Journal;
  beforeEach(async () => {
    store = await open();
  });

  it('are numbered from 1, each strategy of each account by itself', async () => {
    await store.openAccount('second', SESSION);
    expect(await store.openLane(opening())).toBe(1);
    expect(await store.openLane(opening({ reason: 'settings changed' }))).toBe(2);
    expect(await store.openLane(opening({ strategy: 'ema-cross' }))).toBe(1);
    expect(await store.openLane(opening({ account: 'second' }))).toBe(1);
    expect(await store.openLane(opening())).toBe(3);
    await expect(store.openLane(opening({ account: 'nobody' }))).rejects.toThrow('nobody');
  });

  it('are granted positions only while they are the current one', async () => {
    expect(await store.grant(asked(1))).toMatchObject({
      code: 'lane-superseded',
      message: 'Lane 1 of rsi opens nothing: no lane of it was opened in account main.',
    });
    await store.openLane(opening());
    await store.openLane(opening({ reason: 'other settings' }));
    const stale = {
      granted: false,
      code: 'lane-superseded',
      message: 'Lane 1 of rsi opens nothing: the current one is lane 2 (other settings).',
    };
    expect(await store.preview(asked(1))).toEqual(stale);
    expect(await store.grant(asked(1))).toEqual(stale);
    expect(await store.livePositions(ACCOUNT)).toEqual([]);
    // Nobody has said anything about the bar: the one that took over gets it.
    expect(await store.preview(asked(2))).toMatchObject({ granted: true });
    expect(await store.grant(asked(2))).toMatchObject({ granted: true });
  });

  it('are granted nothing while entries are paused, and may ask again about the same bar afterwards', async () => {
    const paused = opening({ entriesPaused: true, reason: 'an operator looks into it' });
    const second = (await store.openLane(opening())) + 1;
    expect(await store.openLane(paused)).toBe(second);
    const refused = {
      granted: false,
      code: 'paused',
      message: 'Entries of rsi are paused (an operator looks into it).',
    };
    expect(await store.preview(asked(second))).toEqual(refused);
    expect(await store.grant(asked(second))).toEqual(refused);
    // For good, which a pause is not: the old one is told that it is old.
    expect(await store.grant(asked(1))).toMatchObject({ code: 'lane-superseded' });
    const third = await store.openLane(opening());
    expect(await store.grant(asked(third))).toMatchObject({ granted: true });
  });

  it('concern no other strategy, and nobody who is no lane', async () => {
    await store.openLane(opening({ entriesPaused: true }));
    expect(await store.grant(asked(1, { strategy: 'ema-cross' }))).toMatchObject({ code: 'lane-superseded' });
    expect(await store.grant(grantRequest({ strategy: STRATEGY }))).toMatchObject({ granted: true });
  });

  it('get a grant again that they were given, however many lanes were opened since', async () => {
    const generation = await store.openLane(opening());
    const first = await store.grant(asked(generation));
    expect(first).toMatchObject({ granted: true });
    await store.openLane(opening({ entriesPaused: true }));
    expect(await store.grant(asked(generation))).toEqual(first);
    expect(await store.grant(asked(generation + 1))).toEqual(first);
  });

  it('keep to what risk has said about a bar, whichever lane was the one to hear it', async () => {
    const first = await store.openLane(opening());
    await store.setMode(ACCOUNT, TradingMode.Reducing, { reason: 'x', by: 'y' });
    expect(await store.grant(asked(first))).toMatchObject({ code: 'not-active' });
    await store.setMode(ACCOUNT, TradingMode.Active, { reason: 'x', by: 'y' });
    const second = await store.openLane(opening());
    expect(await store.grant(asked(second))).toMatchObject({ code: 'not-active' });
    expect(await store.grant(asked(second, nextBar()))).toMatchObject({ granted: true });
  });

  it('leave no refusal about a bar behind when an old one asks what risk would have refused', async () => {
    const first = await store.openLane(opening());
    const second = await store.openLane(opening());
    await store.setMode(ACCOUNT, TradingMode.Reducing, { reason: 'x', by: 'y' });
    expect(await store.grant(asked(first))).toMatchObject({ code: 'lane-superseded' });
    await store.setMode(ACCOUNT, TradingMode.Active, { reason: 'x', by: 'y' });
    expect(await store.grant(asked(second))).toMatchObject({ granted: true });
  });

  describe('go on after the newest bar that was decided on:', () => {
    const lastDecided = (): ReturnType<Journal['lastDecided']> =>
      store.lastDecided(ACCOUNT, SESSION, STRATEGY);
    const record = (bar: number, change: Partial<Decision> = {}): Promise<void> =>
      store.recordDecision(decisionOn(bar, change));

    it('none, before any', async () => {
      await record(0, { strategy: 'ema-cross' });
      await record(0, { session: 's0', barCloseMs: BAR_MS + 1 });
      expect(await lastDecided()).toEqual([]);
    });

    it('each symbol by itself', async () => {
      await record(3);
      await record(2);
      await record(1, { symbol: 'ETH/USDT', outcome: 'exit' });
      await record(4, { symbol: 'SOL/USDT', outcome: 'trail' });
      expect(await lastDecided()).toEqual([
        { symbol: 'BTC/USDT', barCloseMs: barAt(3) },
        { symbol: 'ETH/USDT', barCloseMs: barAt(1) },
        { symbol: 'SOL/USDT', barCloseMs: barAt(4) },
      ]);
    });

    it('not one whose candles could not be decided on; one that was skipped for a pause was decided', async () => {
      await record(1, { outcome: 'skipped', inputs: inputs(true) });
      await record(2, { outcome: 'skipped', inputs: inputs(false) });
      await record(2, { symbol: 'ETH/USDT', outcome: 'skipped', inputs: inputs(false) });
      expect(await lastDecided()).toEqual([{ symbol: 'BTC/USDT', barCloseMs: barAt(1) }]);
      await record(2, { inputs: inputs(true) });
      expect(await lastDecided()).toEqual([{ symbol: 'BTC/USDT', barCloseMs: barAt(2) }]);
    });

    it('not one whose entry is neither granted nor refused yet', async () => {
      await record(1);
      const entry = { outcome: 'enter' as const, inputs: inputs(true) };
      await record(2, entry);
      expect(await lastDecided()).toEqual([{ symbol: 'BTC/USDT', barCloseMs: barAt(1) }]);
      await record(2, { ...entry, outcome: 'refused' });
      expect(await lastDecided()).toEqual([{ symbol: 'BTC/USDT', barCloseMs: barAt(2) }]);
      // Granted, and whoever asked has died before it could journal that.
      await record(3, entry);
      await mustGrant(store, { strategy: STRATEGY, barCloseMs: barAt(3) });
      expect(await lastDecided()).toEqual([{ symbol: 'BTC/USDT', barCloseMs: barAt(3) }]);
      await record(4, { ...entry, positionId: 'p' });
      expect(await lastDecided()).toEqual([{ symbol: 'BTC/USDT', barCloseMs: barAt(4) }]);
    });
  });
});

const barAt = (index: number): number => BAR_MS + index * 60_000;
const nextBar = (): { readonly barCloseMs: number; readonly expiresAtMs: number } => ({
  barCloseMs: barAt(1),
  expiresAtMs: barAt(2),
});

const inputs = (ok: boolean): NonNullable<Decision['inputs']> => ({
  ...{ venue: 'binance', timeframe: '1m' },
  candles: { ok, problem: ok ? null : 'a bar is missing', doubts: [] },
});

const decisionOn = (bar: number, change: Partial<Decision> = {}): Decision => ({
  ...{ account: ACCOUNT, session: SESSION, strategy: STRATEGY, symbol: 'BTC/USDT', barCloseMs: barAt(bar) },
  ...{ outcome: 'hold', reasons: [], close: null, positionId: null },
  ...change,
});
