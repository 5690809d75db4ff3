import { createDecisionActivities } from '../../activities/decision';
import type { SymbolDecision } from '../../activities/evaluation';
import { createMarketActivities, type CandleVerdict } from '../../activities/market';
import { createReference, type Reference } from '../../activities/reference';
import type { Bar } from '../../domain/bar';
import { Leg, OrderType } from '../../domain/order';
import { ACCOUNT, createBench, DEPLOYMENT, grantOf, START_MS, STRATEGY, type Bench } from './bench';

const MINUTE_MS = 60_000;
const SYMBOL = 'BTC/USDT';
const LOOKBACK = 500;

/** A market that sinks quietly and turns up in its newest bar: an entry for `ema-cross`. */
function turning(jump: number): Bar[] {
  let close = 100;
  return Array.from({ length: LOOKBACK }, (_, index) => {
    const open = close;
    close *= index === LOOKBACK - 1 ? 1 + jump : index % 2 === 0 ? 0.9995 : 1.0004;
    return {
      openTimeMs: START_MS - (LOOKBACK - index) * MINUTE_MS,
      ...{
        open,
        high: Math.max(open, close) * 1.0005,
        low: Math.min(open, close) * 0.9995,
        close,
        volume: 1,
      },
    };
  });
}

/** Another venue, which tells the same bars at another price. */
const elsewhere = (bars: readonly Bar[], factor: number): Reference =>
  createReference({
    source: {
      venue: 'kraken',
      page: ({ fromMs, toMs }) => {
        const asked = bars.filter(({ openTimeMs }) => openTimeMs >= fromMs && openTimeMs < toMs);
        return Promise.resolve({ bars: asked.map((bar) => scaled(bar, factor)), nextMs: toMs });
      },
    },
    ...{ maxDivergence: 0.02, pairs: {}, log: { info: () => undefined, warn: () => undefined } },
  });

const scaled = ({ openTimeMs, open, high, low, close, volume }: Bar, factor: number): Bar => ({
  ...{ openTimeMs, volume },
  ...{ open: open * factor, high: high * factor, low: low * factor, close: close * factor },
});

describe('data that is doubted', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = createBench();
    await bench.store.openAccount(ACCOUNT, 's1');
  });

  /** One cycle's two activities on the bars that the exchange tells, and another venue when there is one. */
  async function cycle(
    bars: readonly Bar[],
    reference?: Reference,
  ): Promise<{ verdict: CandleVerdict; decision: SymbolDecision }> {
    bench.exchange.bars = () => Promise.resolve(bars);
    const market = createMarketActivities({ ...bench.deps, ...(reference !== undefined && { reference }) });
    const { verdicts } = await market.fetchCandles({
      ...{ session: 's1', symbols: [SYMBOL], timeframe: '1m', barCloseMs: START_MS, lookback: LOOKBACK },
    });
    const [decision] = await createDecisionActivities(bench.deps).evaluateStrategy({
      ...{ account: ACCOUNT, session: 's1', strategy: STRATEGY, strategyId: 'ema-cross', timeframe: '1m' },
      ...{ parameters: { minAdx: null }, barCloseMs: START_MS, previousBarCloseMs: null },
      ...{ maxHoldingBars: null, entriesPaused: false, verdicts },
    });
    const [verdict] = verdicts;
    if (verdict === undefined || decision === undefined) throw new Error('There was no cycle.');
    return { verdict, decision };
  }

  it('is none in a quiet market: the entry is proposed', async () => {
    const { verdict, decision } = await cycle(turning(0.018));
    expect(verdict).toEqual({ symbol: SYMBOL, ok: true, problem: null });
    expect(decision).toMatchObject({ outcome: 'enter', proposal: { symbol: SYMBOL } });
  });

  it('makes of an entry a skipped decision that says why', async () => {
    const { verdict, decision } = await cycle(turning(0.08));
    expect(verdict).toMatchObject({ ok: true, doubts: [{ code: 'data-outlier' }] });
    expect(decision).toMatchObject({ outcome: 'skipped', proposal: null });
    expect(decision.reasons.map(({ code }) => code)).toEqual(['crossed-above', 'bracket', 'data-outlier']);
    expect(decision.reasons.at(-1)?.text).toMatch(
      /^No entry on doubtful data: the close of .* moved by 8\.0 %/,
    );
    expect(bench.store.decisions.at(-1)).toMatchObject({ outcome: 'skipped' });
  });

  it('of too many missing bars does the same', async () => {
    const holes = turning(0.018).filter((_, index) => index < 440 || index > 445);
    const { verdict, decision } = await cycle(holes);
    expect(verdict.doubts).toMatchObject([{ code: 'data-gap', values: { size: 6 } }]);
    expect(decision.outcome).toBe('skipped');
  });

  it('that cannot be true is kept out of the journal, which refuses it, and blocks entries', async () => {
    const bars = turning(0.018).map((bar, index) => (index === 480 ? { ...bar, high: bar.low / 2 } : bar));
    const { verdict } = await cycle(bars);
    expect(verdict.doubts).toMatchObject([{ code: 'data-ohlc' }]);
    const key = { venue: 'fake', session: 's1', symbol: SYMBOL, timeframe: '1m' } as const;
    expect(await bench.store.candles(key, START_MS, LOOKBACK)).toHaveLength(LOOKBACK - 1);
  });

  it('that another venue contradicts makes a skipped decision that names it', async () => {
    const { verdict, decision } = await cycle(turning(0.018), elsewhere(turning(0.018), 1.03));
    expect(verdict).toMatchObject({ ok: true, doubts: [{ code: 'data-divergence' }] });
    expect(decision).toMatchObject({ outcome: 'skipped', proposal: null });
    expect(decision.reasons.at(-1)?.text).toMatch(
      /^No entry on doubtful data: the close of .* here and .* at kraken$/,
    );
  });

  it('that another venue confirms is trusted', async () => {
    const jump = turning(0.08);
    const { verdict, decision } = await cycle(jump, elsewhere(jump, 1.001));
    expect(verdict.doubts).toBeUndefined();
    expect(decision.outcome).toBe('enter');
  });

  it('never keeps a position from being left', async () => {
    const openedAtMs = START_MS - 10 * MINUTE_MS;
    const grant = grantOf({ barCloseMs: openedAtMs, openedAtMs, expiresAtMs: START_MS + MINUTE_MS });
    const { positionId } = grant;
    bench.store.orders.open(grant);
    const plan = { deployment: DEPLOYMENT, positionId, sequence: 0, replaces: null };
    await bench.deps.desk.submit({ ...plan, leg: Leg.Entry, type: OrderType.Limit, stopPrice: null });
    await bench.store.recordFills(ACCOUNT, bench.exchange.fills, 'look-up');
    const { verdict, decision } = await cycle(turning(-0.08));
    expect(verdict.doubts).toMatchObject([{ code: 'data-outlier' }]);
    expect(decision).toMatchObject({
      outcome: 'exit',
      reasons: [{ code: 'exit-strategy' }, { code: 'crossed-below' }],
    });
    expect((await bench.store.position(positionId))?.exitReason).toBe('strategy');
  });

  it('never keeps a decision from being made: what is not an entry stays what it is', async () => {
    const { verdict, decision } = await cycle(turning(-0.08));
    expect(verdict.doubts).toMatchObject([{ code: 'data-outlier' }]);
    expect(decision.outcome).toBe('hold');
  });
});
