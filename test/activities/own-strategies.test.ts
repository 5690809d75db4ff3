import { createDecisionActivities } from '../../activities/decision';
import { createMarketActivities } from '../../activities/market';
import type { ActivityDeps } from '../../activities/deps';
import type { Bar } from '../../domain/bar';
import { Leg, OrderType } from '../../domain/order';
import { defineStrategy, exit, hold, z } from '../../domain/strategies/author';
import { createCatalogue } from '../../domain/strategies/catalogue';
import type { FilterSettings } from '../../domain/strategies/filters/filter';
import { guarded } from '../../domain/strategies/guard';
import { erase } from '../../domain/strategies/prepare';
import type { Signal } from '../../domain/strategy';
import { ACCOUNT, createBench, DEPLOYMENT, grantOf, START_MS, STRATEGY, type Bench } from './bench';

const MINUTE_MS = 60_000;
const SYMBOL = 'BTC/USDT';
const ORIGIN = { file: 'strategies/own.ts', version: 'aaaaaaaaaaaa' };

/** A market that swings about 100 and ends at `last`. */
const market = (last: number): Bar[] =>
  Array.from({ length: 50 }, (_, index) => {
    const close = index === 49 ? last : 100 + (index % 2) * 0.1;
    const openTimeMs = START_MS - (50 - index) * MINUTE_MS;
    return {
      openTimeMs,
      open: 100,
      high: Math.max(100.1, close),
      low: Math.min(100, close),
      close,
      volume: 1,
    };
  });

/** A catalogue with a strategy of a user's that does this on every bar. */
function catalogueOf(onBar: () => Signal<Record<string, unknown>, string>) {
  const strategy = defineStrategy<Record<string, unknown>, string>({
    ...{ id: 'own', summary: 'Own.', parameters: z.strictObject({}), indicators: () => ({}) },
    onBar,
  });
  const fault = { file: 'strategies/bad.ts', id: 'bad', problem: 'it is broken', todo: 'Mend it.' };
  return createCatalogue([guarded(erase(strategy), ORIGIN)], [fault]);
}

const boom = (): never => {
  throw new Error('boom');
};

describe('a strategy of a user’s, live', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = createBench();
    await bench.store.openAccount(ACCOUNT, 's1');
  });

  async function cycle(
    onBar: () => Signal<Record<string, unknown>, string>,
    {
      strategyId = 'own',
      version = ORIGIN.version,
      last = 100,
      filters,
    }: {
      readonly strategyId?: string;
      readonly version?: string;
      readonly last?: number;
      readonly filters?: readonly FilterSettings[];
    } = {},
  ) {
    bench.exchange.bars = () => Promise.resolve(market(last));
    const deps: ActivityDeps = { ...bench.deps, strategies: catalogueOf(onBar) };
    const strategyVersion = strategyId === 'rsi' ? undefined : version;
    const choice = { strategyId, parameters: {}, strategyVersion, ...(filters && { filters }) };
    const common = { session: 's1', timeframe: '1m', barCloseMs: START_MS, ...choice } as const;
    const { verdicts } = await createMarketActivities(deps).fetchCandles({
      ...{ ...common, symbols: [SYMBOL], lookback: 50 },
    });
    const [decision] = await createDecisionActivities(deps).evaluateStrategy({
      ...{ ...common, account: ACCOUNT, strategy: STRATEGY, previousBarCloseMs: null },
      ...{ maxHoldingBars: null, entriesPaused: false, verdicts },
    });
    return decision;
  }

  async function openPosition(): Promise<string> {
    const openedAtMs = START_MS - 10 * MINUTE_MS;
    const grant = grantOf({ barCloseMs: openedAtMs, openedAtMs, expiresAtMs: START_MS + MINUTE_MS });
    bench.store.orders.open(grant);
    const plan = { deployment: DEPLOYMENT, positionId: grant.positionId, sequence: 0, replaces: null };
    await bench.deps.desk.submit({ ...plan, leg: Leg.Entry, type: OrderType.Limit, stopPrice: null });
    await bench.store.recordFills(ACCOUNT, bench.exchange.fills, 'look-up');
    return grant.positionId;
  }

  it('decides, and its version is journaled with the decision', async () => {
    const decision = await cycle(() => hold(() => [{ code: 'calm', text: 'Nothing to do' }]));
    expect(decision).toMatchObject({ outcome: 'hold', reasons: [{ code: 'calm' }] });
    expect(bench.store.decisions).toMatchObject([{ strategyVersion: ORIGIN.version }]);
    expect(bench.store.riskEvents).toEqual([]);
  });

  it('that throws holds on that bar with the reason, and one alert however many bars', async () => {
    const decision = await cycle(boom);
    expect(decision).toMatchObject({
      outcome: 'hold',
      proposal: null,
      reasons: [{ code: 'strategy-failed' }],
    });
    expect(decision?.reasons[0]?.text).toMatch(
      /^No decision: strategies\/own\.ts failed on the bar of BTC\/USDT 1m that opened at .*Z: Error: boom/,
    );
    await cycle(boom);
    expect(bench.store.riskEvents).toMatchObject([{ code: 'strategy-failed' }]);
  });

  it('that answers nothing, or no prices, holds as well', async () => {
    const nothing = await cycle(() => undefined as never);
    expect(nothing?.reasons[0]?.text).toContain('onBar has to return a signal');
    const because = () => [];
    const entry = { kind: 'enter', side: 'long', referencePrice: 100, targetPrice: 110 } as const;
    const priceless = await cycle(() => ({ ...entry, stopPrice: NaN, trailDistance: null, because }));
    expect(priceless?.reasons[0]?.text).toContain('its stopPrice is NaN');
  });

  it('that never answers is given up', async () => {
    const decision = await cycle(() => {
      for (;;) {
        // Somebody's mistake.
      }
    });
    expect(decision?.reasons[0]?.text).toContain('was given up');
  });

  it('that throws keeps what it holds managed: the target is still taken, and nothing else is asked of it', async () => {
    const positionId = await openPosition();
    expect(await cycle(boom)).toMatchObject({ outcome: 'hold', reasons: [{ code: 'strategy-failed' }] });
    expect((await bench.store.position(positionId))?.exitReason).toBeNull();
    expect(await cycle(boom, { last: 131 })).toMatchObject({
      outcome: 'exit',
      reasons: [{ code: 'exit-target' }, { code: 'strategy-failed' }],
    });
    expect((await bench.store.position(positionId))?.exitReason).toBe('target');
  });

  it('does not decide by a file that is another than was started', async () => {
    const positionId = await openPosition();
    const leave = (): Signal<Record<string, unknown>, string> => exit(() => [{ code: 'out', text: 'Out' }]);
    const decision = await cycle(leave, { version: 'bbbbbbbbbbbb' });
    expect(decision).toMatchObject({ outcome: 'hold', reasons: [{ code: 'strategy-changed' }] });
    expect(decision?.reasons[0]?.text).toContain('(bbbbbbbbbbbb then, aaaaaaaaaaaa now)');
    expect((await bench.store.position(positionId))?.exitReason).toBeNull();
    expect(await cycle(leave)).toMatchObject({ outcome: 'exit' });
  });

  it('whose file cannot be loaded any more holds and says what is wrong with it', async () => {
    const decision = await cycle(boom, { strategyId: 'bad' });
    expect(decision).toMatchObject({ outcome: 'hold', reasons: [{ code: 'strategy-not-usable' }] });
    expect(decision?.reasons[0]?.text).toContain('strategies/bad.ts: it is broken');
  });

  it('has its entries filtered as its settings say', async () => {
    const because = () => [{ code: 'wish', text: 'It wishes to' }];
    const prices = { referencePrice: 100, stopPrice: 90, targetPrice: 120, trailDistance: null };
    const enter = () => ({ kind: 'enter', side: 'long', ...prices, because }) as const;
    expect(await cycle(enter)).toMatchObject({ outcome: 'enter' });
    const regime = (regimes: readonly string[]) => [
      { id: 'regime', parameters: { period: 2, window: 20, regimes } },
    ];
    expect(await cycle(enter, { filters: regime(['low']) })).toMatchObject({
      outcome: 'enter',
      reasons: [{ code: 'wish' }, { code: 'regime' }],
    });
    expect(bench.store.settings.at(-1)).toMatchObject({
      settings: { strategyVersion: ORIGIN.version, filters: regime(['low']) },
    });
    expect(await cycle(enter, { filters: regime(['high']) })).toMatchObject({
      outcome: 'hold',
      reasons: [{ code: 'wish' }, { code: 'regime-refused' }],
    });
    expect(await cycle(enter, { filters: [{ id: 'gone', parameters: {} }] })).toMatchObject({
      outcome: 'hold',
      reasons: [{ code: 'strategy-not-usable' }],
    });
  });

  it('takes nothing from a built-in one beside it', async () => {
    expect(await cycle(boom, { strategyId: 'rsi' })).toMatchObject({ reasons: [{ code: 'warming-up' }] });
  });
});
