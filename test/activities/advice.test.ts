import { createDecisionActivities } from '../../activities/decision';
import { createMarketActivities } from '../../activities/market';
import type { ActivityDeps } from '../../activities/deps';
import type { Bar } from '../../domain/bar';
import { ADJUSTMENTS, POSITION_INPUTS } from '../../domain/learning/adjuster';
import { FEATURES_VERSION } from '../../domain/learning/features';
import { NO_MODELS, storeModel, type AdjusterModel, type ModelSource } from '../../domain/learning/model';
import { Leg, OrderType } from '../../domain/order';
import { createCatalogue } from '../../domain/strategies/catalogue';
import { ACCOUNT, createBench, DEPLOYMENT, grantOf, START_MS, STRATEGY, type Bench } from './bench';

const MINUTE_MS = 60_000;
const SYMBOL = 'BTC/USDT';
const BARS = 400;

const market = (): Bar[] =>
  Array.from({ length: BARS }, (_, index) => ({
    openTimeMs: START_MS - (BARS - index) * MINUTE_MS,
    ...{ open: 100, high: 100.2, low: 99.9, close: 100 + (index % 2) * 0.1, volume: 1 },
  }));

/** A policy that always prefers one adjustment. */
const model = (always: number, timeframe: '1m' | '1h' = '1m'): AdjusterModel => ({
  ...{ kind: 'adjuster', format: 'ballast-model', formatVersion: 1, codeVersion: 'test' },
  ...{ symbols: [SYMBOL], timeframe, trainedFromMs: 0, trainedToMs: 1, embargoMs: 0 },
  ...{ features: ['hour', 'bodyShare'], featuresVersion: FEATURES_VERSION, horizonBars: 24 },
  primary: { strategy: 'rsi', parameters: {} },
  scaling: { means: [0, 0], deviations: [1, 1] },
  policy: [
    {
      ...{ inputs: 2 + POSITION_INPUTS, outputs: ADJUSTMENTS.length },
      weights: Array.from({ length: (2 + POSITION_INPUTS) * ADJUSTMENTS.length }, () => 0),
      biases: ADJUSTMENTS.map((_, index) => (index === always ? 3 : 0)),
    },
  ],
  evaluation: { isBetter: false, verdict: 'No better than doing nothing.' },
});

describe('an adviser, live', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = createBench();
    await bench.store.openAccount(ACCOUNT, 's1');
    bench.exchange.bars = () => Promise.resolve(market());
  });

  async function open(): Promise<string> {
    const openedAtMs = START_MS - 10 * MINUTE_MS;
    const grant = grantOf({ barCloseMs: openedAtMs, openedAtMs, expiresAtMs: START_MS + MINUTE_MS });
    bench.store.orders.open(grant);
    const plan = { deployment: DEPLOYMENT, positionId: grant.positionId, sequence: 0, replaces: null };
    await bench.deps.desk.submit({ ...plan, leg: Leg.Entry, type: OrderType.Limit, stopPrice: null });
    await bench.store.recordFills(ACCOUNT, bench.exchange.fills, 'look-up');
    return grant.positionId;
  }

  async function cycle(models: ModelSource, adviser: string | undefined) {
    const deps: ActivityDeps = { ...bench.deps, strategies: createCatalogue([], [], models) };
    const choice = { strategyId: 'rsi', parameters: {}, ...(adviser !== undefined && { adviser }) };
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

  const kept = (one: AdjusterModel) => {
    const stored = storeModel(one, '2026-01-01T00:00:00.000Z');
    return { id: stored.id, models: { load: () => stored } };
  };

  it('says what it would do with a position, and nothing comes of it', async () => {
    const positionId = await open();
    const before = await bench.store.position(positionId);
    for (const [index, adjustment] of ADJUSTMENTS.entries()) {
      const { id, models } = kept(model(index));
      const decision = await cycle(models, id);
      expect(decision?.outcome).toBe('hold');
      expect(decision?.reasons.map(({ code }) => code)).toEqual(['not-overbought', `advice-${adjustment}`]);
      expect(decision?.reasons[1]?.text).toContain(`Advice of ${id}, which nobody carries out`);
    }
    expect(bench.store.decisions.at(-1)).toMatchObject({
      reasons: [{ code: 'not-overbought' }, { code: 'advice-exit' }],
    });
    expect(await bench.store.position(positionId)).toEqual(before);
  });

  it('is not asked without a position, or without being named', async () => {
    const { id, models } = kept(model(0));
    const codes = async (adviser: string | undefined) =>
      (await cycle(models, adviser))?.reasons.map(({ code }) => code);
    expect(await codes(id)).toEqual(['no-recovery']);
    await open();
    expect(await codes(undefined)).toEqual(['not-overbought']);
  });

  it('that cannot be used says why, and keeps nobody from deciding', async () => {
    await open();
    const { id, models } = kept(model(0, '1h'));
    for (const [source, problem] of [
      [models, 'was trained on bars of 1h, not of 1m'],
      [NO_MODELS, 'there are no models here'],
    ] as const) {
      const decision = await cycle(source, id);
      expect(decision?.outcome).toBe('hold');
      expect(decision?.reasons.at(-1)).toMatchObject({ code: 'no-advice' });
      expect(decision?.reasons.at(-1)?.text).toContain(problem);
    }
  });
});
