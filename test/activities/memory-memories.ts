import type {
  ComparableMemory,
  MemorySources,
  ReflectedTrade,
  Reflection,
  TradeMemories,
  TradeMemory,
} from '../../adapters/store/memories';
import { outcomeOf } from '../../domain/memory/outcome';
import { situationText, type Situation } from '../../domain/memory/situation';
import type { MemoryStore } from './memory-store';

/** Memories of trades in memory. The ones in PostgreSQL have tests of their own; these keep to the same promises. */
export class MemoryMemories implements TradeMemories {
  readonly memories = new Map<string, TradeMemory>();
  readonly vectors = new Map<string, readonly number[]>();
  readonly reflections = new Map<string, Reflection & { readonly knownMs: number }>();

  constructor(private readonly store: MemoryStore) {}

  owed(account: string, limit: number): ReturnType<TradeMemories['owed']> {
    const closed = this.store.orders
      .positions(account)
      .filter((one) => one.closedAtMs !== null && one.openedAtMs !== null);
    const owing = closed.filter(({ positionId }) => !this.reflections.has(positionId)).slice(0, limit);
    return Promise.resolve(owing);
  }

  async remember(positionId: string, { trend }: MemorySources): Promise<TradeMemory | undefined> {
    const position = await this.store.position(positionId);
    if (position === undefined) return undefined;
    const outcome = outcomeOf(position, { extremes: null, riskQuote: null });
    if (outcome === null) return undefined;
    const { account, session, strategy, symbol, timeframe, barCloseMs } = position;
    const reasons = (await this.store.decision(position))?.reasons ?? [];
    const situation: Situation = { strategy, symbol, timeframe, reasons, mood: null, trend };
    const known = this.memories.get(positionId);
    const memory = {
      ...{ positionId, account, session, strategy, symbol, barCloseMs, outcome },
      ...{ situation, situationText: situationText(situation) },
    };
    if (known !== undefined && known.outcome.outcomeAtMs !== outcome.outcomeAtMs)
      this.reflections.delete(positionId);
    this.memories.set(positionId, memory);
    return memory;
  }

  find(positionId: string): Promise<TradeMemory | undefined> {
    return Promise.resolve(this.memories.get(positionId));
  }

  saveEmbedding(positionId: string, modelIdentity: string, vector: readonly number[]): Promise<void> {
    const key = `${positionId} ${modelIdentity}`;
    if (!this.vectors.has(key)) this.vectors.set(key, vector);
    return Promise.resolve();
  }

  saveReflection(
    { positionId, outcomeAtMs }: ReflectedTrade,
    reflection: Reflection,
    knownMs: number,
  ): Promise<void> {
    const isOfThisEnd = this.memories.get(positionId)?.outcome.outcomeAtMs === outcomeAtMs;
    if (isOfThisEnd && !this.reflections.has(positionId))
      this.reflections.set(positionId, { ...reflection, knownMs });
    return Promise.resolve();
  }

  reflection(positionId: string): ReturnType<TradeMemories['reflection']> {
    return Promise.resolve(this.reflections.get(positionId));
  }

  comparable(query: Parameters<TradeMemories['comparable']>[0]): Promise<readonly ComparableMemory[]> {
    const { account, session, modelIdentity, asOfMs, limit } = query;
    const found = [...this.memories.values()].flatMap((memory): ComparableMemory[] => {
      const vector = this.vectors.get(`${memory.positionId} ${modelIdentity}`);
      const isKnown = memory.outcome.outcomeAtMs <= asOfMs;
      if (vector === undefined || !isKnown || memory.account !== account || memory.session !== session)
        return [];
      const reflection = this.reflections.get(memory.positionId);
      const lesson = (reflection?.knownMs ?? Infinity) <= asOfMs ? (reflection?.lesson ?? null) : null;
      return [{ ...memory, vector, lesson }];
    });
    return Promise.resolve(found.slice(0, limit));
  }
}
