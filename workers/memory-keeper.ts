import type { Client } from '@temporalio/client';
import type { TradeMemories } from '../adapters/store/memories';
import type { Log } from '../activities/deps';
import { accountRef } from '../cli/strategy-client';
import type { BallastConfig } from '../config/config';
import { EMBEDDING_ROLE, REFLECTION_ROLE } from '../domain/memory/roles';
import { startOptions, tags, workflowIds, type ReflectionInput } from '../workflows/contract';

/** Reflections that one look begins: a backlog is worked off little by little. */
const AT_ONCE = 10;
/** One that ended without having paid is not begun again before. */
const AGAIN_MS = 60_000;

interface KeeperDeps {
  readonly client: Client;
  readonly config: BallastConfig;
  readonly memories: Pick<TradeMemories, 'owed'>;
  readonly wallTimeMs: () => number;
  readonly log: Log;
}

/**
 * Closed trades owe a memory: the journal says so in the transaction that closes them. The keeper begins what is owed, so the position's own
 * workflow, and every exit, knows nothing of it, and a trade is remembered whoever ended it and whatever died meanwhile.
 */
export class MemoryKeeper {
  private readonly begun = new Map<string, number>();

  constructor(private readonly deps: KeeperDeps) {}

  /** Looks once. Any failure is another look's. */
  async look(): Promise<void> {
    const { config, memories, wallTimeMs } = this.deps;
    const nowMs = wallTimeMs();
    for (const [positionId, atMs] of this.begun) if (nowMs - atMs >= AGAIN_MS) this.begun.delete(positionId);
    const owed = await memories.owed(config.account.name, AT_ONCE + this.begun.size);
    const fresh = owed.filter(({ positionId }) => !this.begun.has(positionId)).slice(0, AT_ONCE);
    for (const trade of fresh) {
      await this.begin(trade);
      this.begun.set(trade.positionId, nowMs);
    }
  }

  private async begin({ positionId, strategy, symbol }: Owed): Promise<void> {
    const { client, config, log } = this.deps;
    const isConfigured = (role: string): boolean => (config.models.roles[role] ?? []).length > 0;
    const models = { embedding: isConfigured(EMBEDDING_ROLE), reflection: isConfigured(REFLECTION_ROLE) };
    const input: ReflectionInput = { ...accountRef(config), positionId, strategy, symbol, models };
    await client.workflow.start('reflection', {
      ...startOptions,
      workflowId: workflowIds.reflection(positionId),
      workflowIdConflictPolicy: 'USE_EXISTING',
      args: [input],
      staticSummary: `${strategy}: what to remember of ${symbol}`,
      typedSearchAttributes: tags({ account: config.account.name, strategy, symbol }),
    });
    log.info({ positionId }, 'a closed trade is being remembered');
  }
}

type Owed = Awaited<ReturnType<TradeMemories['owed']>>[number];
