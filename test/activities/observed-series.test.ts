import { createDecisionActivities } from '../../activities/decision';
import type { SymbolDecision } from '../../activities/evaluation';
import type { Observation } from '../../domain/observations';
import { Leg, OrderType } from '../../domain/order';
import { ACCOUNT, createBench, DEPLOYMENT, grantOf, START_MS, STRATEGY, type Bench } from './bench';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const SYMBOL = 'BTC/USDT';
const BARS = 800;

let bench: Bench;
beforeEach(async () => {
  bench = createBench();
  await bench.store.openAccount(ACCOUNT, 's1');
  const key = { venue: 'fake', session: 's1', symbol: SYMBOL, timeframe: '1m' } as const;
  await bench.store.saveCandles(key, rising());
});

/** Calm, then two bars up: what `news-event` takes for confirmed by the price. */
function rising() {
  const closes = Array.from({ length: BARS }, (_, index) =>
    index < BARS - 2 ? 100 + 0.2 * (index % 2) : 100.4 + 0.3 * (index - BARS + 2),
  );
  return closes.map((close, index) => {
    const open = closes[index - 1] ?? close;
    const [high, low] = [Math.max(open, close), Math.min(open, close)];
    return { openTimeMs: START_MS - (BARS - index) * MINUTE_MS, open, high, low, close, volume: 1 };
  });
}

const mood = (knownMs: number, score: number, breaking = 1): Observation => ({
  timeMs: knownMs - 1_000,
  knownMs,
  values: [score, breaking],
});

async function decide(
  strategyId: string,
  options: { readonly market?: 'real' | 'made-up'; readonly parameters?: object } = {},
): Promise<SymbolDecision> {
  const deps = { ...bench.deps, market: options.market ?? bench.deps.market };
  const [decision] = await createDecisionActivities(deps).evaluateStrategy({
    ...{ account: ACCOUNT, session: 's1', strategy: STRATEGY, strategyId, timeframe: '1m' },
    ...{ parameters: { ...options.parameters }, barCloseMs: START_MS, previousBarCloseMs: null },
    ...{ maxHoldingBars: null, entriesPaused: false },
    verdicts: [{ symbol: SYMBOL, ok: true, problem: null }],
  });
  if (decision === undefined) throw new Error('There was no decision.');
  return decision;
}

const tell = (origin: string, ...moods: readonly Observation[]): void => {
  bench.history.observed.set(`${origin} mood BTC`, moods);
};

describe('a live decision', () => {
  it('is made on what was known when the bar closed', async () => {
    tell('news', mood(START_MS - HOUR_MS, -0.5), mood(START_MS, 0.5));
    const decision = await decide('news-event');
    expect(decision).toMatchObject({ outcome: 'enter', proposal: { symbol: SYMBOL } });
    expect(decision.reasons.map(({ code }) => code)).toEqual([
      'mood-high',
      'breaking-news',
      'price-confirms',
      'bracket',
    ]);
  });

  it('does not see what became known a millisecond later, late as the decision is', async () => {
    tell('news', mood(START_MS + 1, 0.5));
    expect(await decide('news-event')).toMatchObject({
      outcome: 'hold',
      reasons: [{ code: 'no-fresh-mood' }],
    });
  });

  it('asks for no more than its bars may look at', async () => {
    await decide('news-event', { parameters: { contextHours: 10 } });
    const [query] = bench.history.queries;
    expect(query).toMatchObject({
      ...{ kind: 'mood', subject: 'BTC', origins: ['news', 'session s1'] },
      untilMs: START_MS,
    });
    const firstCloseMs = (query?.sinceMs ?? NaN) + 10 * HOUR_MS + 1;
    expect([firstCloseMs % MINUTE_MS, firstCloseMs < START_MS - 10 * MINUTE_MS]).toEqual([0, true]);
  });

  it('knows of a made-up market only what was told in its own session', async () => {
    tell('news', mood(START_MS, 0.5));
    expect(await decide('news-event', { market: 'made-up' })).toMatchObject({ outcome: 'hold' });
    tell('session s2', mood(START_MS, 0.5));
    expect(await decide('news-event', { market: 'made-up' })).toMatchObject({ outcome: 'hold' });
    tell('session s1', mood(START_MS, 0.5));
    expect(await decide('news-event', { market: 'made-up' })).toMatchObject({ outcome: 'enter' });
  });

  it('asks nobody when its strategy looks at bars only', async () => {
    tell('news', mood(START_MS, -1));
    await decide('rsi');
    await decide('ema-cross');
    expect(bench.history.queries).toEqual([]);
  });

  it.each([
    [9, 'exit', ['exit-time', 'no-fresh-mood']],
    [10, 'hold', ['no-fresh-mood']],
  ])(
    'on a position of ten bars that its strategy may hold for %p is to %s',
    async (holdBars, outcome, codes) => {
      const openedAtMs = START_MS - 10 * MINUTE_MS;
      const grant = grantOf({ barCloseMs: openedAtMs, openedAtMs, expiresAtMs: START_MS + MINUTE_MS });
      bench.store.orders.open(grant);
      const plan = { deployment: DEPLOYMENT, positionId: grant.positionId, sequence: 0, replaces: null };
      await bench.deps.desk.submit({ ...plan, leg: Leg.Entry, type: OrderType.Limit, stopPrice: null });
      await bench.store.recordFills(ACCOUNT, bench.exchange.fills, 'look-up');
      const decision = await decide('news-event', { parameters: { holdBars } });
      expect([decision.outcome, decision.reasons.map(({ code }) => code)]).toEqual([outcome, codes]);
    },
  );
});
