import type { ManagerOptions } from '../../adapters/llm/asker';
import { createModelManager, type ModelManager } from '../../adapters/llm/manager';
import { createMemoryCallLog } from '../../adapters/llm/memory-call-log';
import type { ModelAnswer, ModelRequest } from '../../adapters/llm/port';
import { AGENT_ID } from '../../domain/agent/tool-names';
import { decimal } from '../../domain/decimal';
import { Seat } from '../../domain/deliberation/seats';

const ROLES = [...Object.values(Seat), AGENT_ID, 'scorer'];
const FREE = { inputPerMillionUsd: decimal('0'), outputPerMillionUsd: decimal('0') };

type Said = Pick<ModelAnswer, 'text' | 'toolCalls'>;

/** The real manager over a model that says whatever a test has it say, to every role. */
export function managerOver(
  say: (request: ModelRequest) => Said | Promise<Said>,
  change: Partial<ManagerOptions> = {},
): ModelManager {
  const model = {
    name: 'scripted',
    identity: () => Promise.resolve('scripted'),
    open: () =>
      Promise.resolve({
        identity: 'scripted',
        abilities: { tools: true, embeddings: false, reproducible: true },
        complete: async (request: ModelRequest) => ({
          ...(await say(request)),
          usage: { inputTokens: 100, outputTokens: 10 },
        }),
        embed: () => Promise.reject(new Error('not scripted')),
        countTokens: () => Promise.reject(new Error('not scripted')),
        close: () => Promise.resolve(),
      }),
    ...{ price: FREE, concurrency: 4, queue: 64, timeoutMs: 5_000, retries: 0 },
    breaker: { failures: 1_000_000, coolMs: 1 },
  };
  return createModelManager({
    ...{ models: [model], roles: Object.fromEntries(ROLES.map((role) => [role, ['scripted']])) },
    ...{ log: createMemoryCallLog(), deadlineMs: 5_000, monthlyBudgetUsd: decimal('100'), cacheTtlMs: 0 },
    ...{ replay: 'off', nowMs: () => Date.UTC(2026, 0, 15) },
    ...change,
  });
}
