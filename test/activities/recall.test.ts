import { recall } from '../../activities/intelligence/recall';
import type { ModelManager } from '../../adapters/llm/manager';
import { recalledText } from '../../domain/memory/recall';
import type { Situation } from '../../domain/memory/situation';
import { decimal } from '../../domain/decimal';
import { noModels } from './intelligence-bench';
import { MemoryMemories } from './memory-memories';
import { MemoryStore } from './memory-store';

const NOW_MS = 1_763_700_000_000;
const SITUATION: Situation = {
  ...{ strategy: 'trend', symbol: 'BTC/USDT', timeframe: '1h', reasons: [], mood: null, trend: null },
};
const ASKED = { account: 'main', session: 's1', situation: SITUATION, asOfMs: NOW_MS, k: 5 };

describe('recall', () => {
  const memories = new MemoryMemories(new MemoryStore());
  const embedder = (vector: readonly number[] | null): ModelManager => ({
    ...noModels,
    embed: () =>
      Promise.resolve(
        vector === null
          ? { answered: false, kind: 'deadline', message: 'The time is over.', tried: [] }
          : {
              ...{ answered: true, model: 'm', requestHash: 'h', source: 'model' },
              ...{ isRepaired: false, tried: [], value: { vectors: [vector], modelIdentity: 'gguf:a' } },
            },
      ),
  });
  const ask = (models: ModelManager, change: Partial<typeof ASKED> = {}) =>
    recall({ models, isConfigured: () => true, memories }, { ...ASKED, ...change });

  beforeAll(async () => {
    const trades = [
      { name: 'like', vector: [1, 0.1], outcomeAtMs: NOW_MS },
      { name: 'unlike', vector: [0, 1], outcomeAtMs: NOW_MS - 10 },
      { name: 'later', vector: [1, 0], outcomeAtMs: NOW_MS + 1 },
    ];
    for (const { name, vector, outcomeAtMs } of trades) {
      memories.memories.set(name, {
        ...{ positionId: name, account: 'main', session: 's1', strategy: 'trend', symbol: 'BTC/USDT' },
        ...{ barCloseMs: 0, situation: SITUATION, situationText: `It was ${name}.` },
        outcome: {
          ...{ exitReason: 'target', realisedPnl: decimal('20'), quote: 'USDT', rMultiple: 2, outcomeAtMs },
          ...{ entryPrice: decimal('100'), exitPrice: decimal('120'), holdingMs: 3_600_000 },
          ...{ worstExcursion: -0.01, bestExcursion: 0.2 },
        },
      });
      await memories.saveEmbedding(name, 'gguf:a', vector);
    }
    const lesson = { lesson: 'Hold on.', judgement: 'sound', model: 'm', requestHash: 'h', callIds: [] };
    const prompt = { name: 'trade-reflection', version: 1 };
    await memories.saveReflection({ positionId: 'like', outcomeAtMs: NOW_MS }, { ...lesson, prompt }, NOW_MS);
  });

  it('tells the most similar first, and nothing that was known only later', async () => {
    const told = await ask(embedder([1, 0]));
    expect(told).toMatchObject({ modelIdentity: 'gguf:a', nothing: null });
    expect(told.trades.map(({ positionId }) => positionId)).toEqual(['like', 'unlike']);
    expect((await ask(embedder([1, 0]), { k: 1 })).trades).toHaveLength(1);
    expect((await ask(embedder([1, 0]), { asOfMs: NOW_MS - 5 })).trades).toMatchObject([
      { positionId: 'unlike', lesson: null },
    ]);
    const [first] = told.trades;
    expect(first && recalledText(first)).toBe(
      'Similarity 1.00. It was like. It ended by target: +20.00 USDT, 2.00 times its risk, held 1h 0m; the price went from -1.00 % to +20.00 % of the entry. Lesson: Hold on.',
    );
  });

  it('is empty and says why, without a model, an answer or a trade to compare', async () => {
    const off = { models: noModels, isConfigured: () => false, memories };
    expect(await recall(off, ASKED)).toEqual({
      ...{ trades: [], modelIdentity: null, nothing: 'no model is configured for the role embedding' },
    });
    expect(await ask(embedder(null))).toMatchObject({ trades: [], nothing: 'The time is over.' });
    expect(await ask(embedder([1, 0]), { session: 's2' })).toMatchObject({
      ...{ trades: [], modelIdentity: 'gguf:a' },
      nothing: 'no past trade of this session can be compared',
    });
  });
});
