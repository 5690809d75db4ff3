import fc from 'fast-check';
import {
  createTradeMemories,
  type MemorySources,
  type TradeMemories,
} from '../../../adapters/store/memories';
import { createNewsStore } from '../../../adapters/store/stories';
import { decimal } from '../../../domain/decimal';
import { Leg, OrderEvent } from '../../../domain/order';
import {
  ACCOUNT,
  BAR_MS,
  createBench,
  enter,
  fillOf,
  mustFind,
  mustGrant,
  NOW_MS,
  orderId,
  proposal,
  sendAndOpen,
  SESSION,
  type Bench,
} from './support';

const VENUE = 'binance';
const HERE: MemorySources = { venue: VENUE, origins: ['news'], trend: null };
const MINUTE_MS = 60_000;
const CLOSED_MS = BAR_MS + 5 * MINUTE_MS;
const WRITTEN = {
  ...{ lesson: 'Wait for the retest.', judgement: 'sound', model: 'big', requestHash: 'h', callIds: ['7'] },
  prompt: { name: 'trade-reflection', version: 1 },
};

describe('memories of trades', () => {
  let bench: Bench;
  let memories: TradeMemories;
  beforeAll(async () => {
    bench = await createBench(6);
    memories = createTradeMemories(bench.pool);
  });
  beforeEach(async () => {
    await bench.reset();
    await bench.pool.query('TRUNCATE news_moods');
  });
  afterAll(() => bench.close());

  /** Two units bought at 100 and sold by the stop. */
  async function trade(exitPrice = '90', symbol = 'BTC/USDT', closedMs = CLOSED_MS): Promise<string> {
    const { store } = bench;
    const position = await enter(store, '2', { proposal: proposal(symbol) });
    const { positionId } = position;
    const stop = await sendAndOpen(store, orderId(position, Leg.Stop));
    const exit = fillOf(stop, `sell-${positionId}`, '2', { price: decimal(exitPrice) });
    await store.recordFills(ACCOUNT, [exit], 'look-up');
    await store.recordEvent({ clientOrderId: stop.clientOrderId, event: OrderEvent.SeenFilled });
    await store.closePosition(positionId, 'stop', closedMs);
    return positionId;
  }
  const mood = (knownMs: number, score: number) => ({
    ...{ asset: 'BTC', knownMs, scorer: 'vader', score, timeMs: knownMs - 1_000, breaking: false },
    ...{ stories: 3, missing: 0.25, silent: 0, trend: null },
  });

  it('hold why it was entered, what was known then, and what came of it', async () => {
    const reasons = [{ code: 'rsi-oversold', text: 'RSI 28 has crossed above 27', values: { rsi: 28 } }];
    await bench.store.recordDecision({
      ...{ account: ACCOUNT, session: SESSION, strategy: 'rsi', symbol: 'BTC/USDT', barCloseMs: BAR_MS },
      ...{ outcome: 'enter', reasons, close: decimal('100'), positionId: null },
    });
    // The last mood that was known by the close counts, and none that came later.
    const moods = [mood(BAR_MS - 5_000, 0.1), mood(BAR_MS - 1_000, 0.5), mood(BAR_MS + 1, -1)];
    await createNewsStore(bench.pool).addMoods('news', moods);
    const bars = Array.from({ length: 5 }, (_, at) => ({
      ...{ openTimeMs: Math.ceil(NOW_MS / MINUTE_MS + at) * MINUTE_MS, open: 100, close: 100, volume: 1 },
      ...{ low: at === 2 ? 85 : 99, high: at === 3 ? 104 : 101 },
    }));
    const key = { venue: VENUE, session: SESSION, symbol: 'BTC/USDT', timeframe: '1m' as const };
    await bench.store.saveCandles(key, bars);

    const positionId = await trade();
    expect(await memories.owed(ACCOUNT, 10)).toEqual([{ positionId, strategy: 'rsi', symbol: 'BTC/USDT' }]);
    const memory = await memories.remember(positionId, HERE);
    expect(memory).toMatchObject({
      situation: { reasons, mood: { score: 0.5, ageMs: 2_000, missing: 0.25, trend: null }, trend: null },
      outcome: { realisedPnl: '-20', exitReason: 'stop', quote: 'USDT', outcomeAtMs: CLOSED_MS },
    });
    expect(memory?.situationText).toContain('rsi-oversold: RSI 28 has crossed above 27.');
    expect(memory?.outcome.rMultiple).toBeCloseTo(-20 / 10.39, 2);
    expect(memory?.outcome.worstExcursion).toBeCloseTo(-0.15);
    expect(memory?.outcome.bestExcursion).toBeCloseTo(0.04);
  });

  it('are there once, whoever writes them and however often', async () => {
    const positionId = await trade();
    const all = await Promise.all([1, 2, 3].map(() => memories.remember(positionId, HERE)));
    const about = { positionId, outcomeAtMs: CLOSED_MS };
    const embed = (vector: number[]) => memories.saveEmbedding(positionId, 'gguf:a', vector);
    await Promise.all([embed([1, 0]), embed([0, 1])]);
    await memories.saveReflection(about, WRITTEN, CLOSED_MS + 1);
    await memories.saveReflection(about, { lesson: null, missing: 'no model', callIds: [] }, CLOSED_MS + 2);
    expect(new Set(all.map((memory) => JSON.stringify(memory))).size).toBe(1);
    const counts = await bench.pool.query(
      `SELECT (SELECT count(*) FROM trade_memories)::int AS memories, (SELECT count(*) FROM memory_embeddings)::int AS vectors`,
    );
    expect(counts.rows).toEqual([{ memories: 1, vectors: 1 }]);
    expect(await memories.reflection(positionId)).toEqual({ ...WRITTEN, knownMs: CLOSED_MS + 1 });
    expect(await memories.owed(ACCOUNT, 10)).toEqual([]);
  });

  it('are of trades only: not of what lives, nor of what was never entered', async () => {
    const live = await enter(bench.store, '1');
    const waiting = await mustGrant(bench.store, { proposal: proposal('ETH/USDT') });
    await bench.store.recordEvent({
      clientOrderId: orderId(waiting, Leg.Entry),
      event: OrderEvent.Withdrawn,
    });
    await bench.store.closePosition(waiting.positionId, 'not-entered', CLOSED_MS);
    expect((await mustFind(bench.store, waiting.positionId)).state).toBe('closed');
    expect(await memories.owed(ACCOUNT, 10)).toEqual([]);
    for (const positionId of [live.positionId, waiting.positionId, 'nobody'])
      expect(await memories.remember(positionId, HERE)).toBeUndefined();
  });

  it('of a trade that came back to life are of its last end', async () => {
    const positionId = await trade();
    const about = { positionId, outcomeAtMs: CLOSED_MS };
    await memories.remember(positionId, HERE);
    await memories.saveReflection(about, WRITTEN, CLOSED_MS);
    // A late fill: bought again, and sold again at a better price.
    const entry = orderId(await mustFind(bench.store, positionId), Leg.Entry);
    const order = await bench.store.order(entry);
    if (order === undefined) throw new Error('The entry is gone.');
    await bench.store.recordFills(ACCOUNT, [fillOf(order, 'late', '1')], 'reconciliation');
    expect(await memories.remember(positionId, HERE)).toBeUndefined();
    const { clientOrderId } = await bench.store.plan({
      ...{ deployment: 'test', positionId, leg: Leg.Exit, sequence: 0, type: 'market' },
      ...{ stopPrice: null, replaces: null },
    });
    const exit = await sendAndOpen(bench.store, clientOrderId);
    await bench.store.recordFills(
      ACCOUNT,
      [fillOf(exit, 'again', '1', { price: decimal('130') })],
      'look-up',
    );
    await bench.store.recordEvent({ clientOrderId, event: OrderEvent.SeenFilled });
    await bench.store.closePosition(positionId, 'stop', CLOSED_MS + MINUTE_MS);

    expect(await memories.owed(ACCOUNT, 10)).toHaveLength(1);
    const again = await memories.remember(positionId, HERE);
    expect(again?.outcome).toMatchObject({ realisedPnl: '10', outcomeAtMs: CLOSED_MS + MINUTE_MS });
    expect(await memories.reflection(positionId)).toBeUndefined();
    // Whoever still reflects on the end before says nothing of this one.
    await memories.saveReflection(about, WRITTEN, CLOSED_MS);
    expect(await memories.reflection(positionId)).toBeUndefined();
    expect(await memories.owed(ACCOUNT, 10)).toHaveLength(1);
  });

  it('look-ahead through memory (a failure of peers): never tell of an outcome, or of a lesson, that came later than asked', async () => {
    const positionId = await trade();
    const memory = await memories.remember(positionId, HERE);
    if (memory === undefined) throw new Error('It is not remembered.');
    const span = 50;
    // One trade stands for many: the outcome's and the lesson's time are all that matters here.
    await bench.pool.query(
      `WITH many AS (
         INSERT INTO positions (position_id, account, session, strategy, symbol, timeframe, bar_close_ms, instrument, stop_price, reopened)
         SELECT 'many/' || n, account, session, strategy, symbol, timeframe, bar_close_ms + n, instrument, stop_price, true
         FROM positions, generate_series(1, $2::int) n WHERE position_id = $1 RETURNING position_id),
       remembered AS (
         INSERT INTO trade_memories SELECT 'many/' || n, m.account, m.session, m.strategy, m.symbol, m.bar_close_ms, m.situation,
           m.situation_text, m.outcome || jsonb_build_object('outcomeAtMs', $3::bigint + n * 7 % $2), $3::bigint + n * 7 % $2
         FROM trade_memories m, generate_series(1, $2::int) n WHERE m.position_id = $1 RETURNING position_id, outcome_at_ms),
       compared AS (INSERT INTO memory_embeddings SELECT position_id, 'gguf:a', '{1,0}' FROM remembered)
       INSERT INTO trade_reflections (position_id, judgement, lesson, prompt, prompt_version, model, known_ms)
       SELECT position_id, 'sound', position_id, 'p', 1, 'big', outcome_at_ms + 5 FROM remembered`,
      [positionId, span, CLOSED_MS],
    );
    const query = { account: ACCOUNT, session: SESSION, modelIdentity: 'gguf:a', limit: 1_000 };
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: -5, max: span + 10 }), async (offset) => {
        const asOfMs = CLOSED_MS + offset;
        const told = await memories.comparable({ ...query, asOfMs });
        expect(told.filter(({ outcome }) => outcome.outcomeAtMs > asOfMs)).toEqual([]);
        expect(told).toHaveLength(Math.min(span, Math.max(0, offset + 1)));
        const early = told.filter(
          ({ outcome, lesson }) => lesson !== null && outcome.outcomeAtMs + 5 > asOfMs,
        );
        expect(early).toEqual([]);
      }),
      { numRuns: 40 },
    );
    // Nothing of another session, another account or another model.
    const all = { ...query, asOfMs: CLOSED_MS + 1_000 };
    expect(await memories.comparable({ ...all, session: 's2' })).toEqual([]);
    expect(await memories.comparable({ ...all, account: 'other' })).toEqual([]);
    expect(await memories.comparable({ ...all, modelIdentity: 'gguf:b' })).toEqual([]);
    expect(await memories.comparable({ ...all, limit: 3 })).toHaveLength(3);
  });
});
