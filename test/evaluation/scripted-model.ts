import type { CallLog } from '../../adapters/llm/call-log';
import type { ManagerOptions } from '../../adapters/llm/asker';
import { createModelManager, type ModelManager } from '../../adapters/llm/manager';
import type { ModelAnswer, ModelRequest } from '../../adapters/llm/port';
import { decimal } from '../../domain/decimal';
import { Seat } from '../../domain/deliberation/seats';

/** A log that lets everything pass and keeps nothing. */
const openLog: CallLog = {
  reserve: () => Promise.resolve({ reserved: true, callId: '1' }),
  settle: () => Promise.resolve(),
  budget: (month) => Promise.resolve({ month, reservedUsd: decimal('0'), spentUsd: decimal('0') }),
  keepAnswer: () => Promise.resolve(),
  findAnswer: () => Promise.resolve(undefined),
};

const ROLES = [...Object.values(Seat), 'scorer'];
const FREE = { inputPerMillionUsd: decimal('0'), outputPerMillionUsd: decimal('0') };

/** The real manager over a model that says whatever a test has it say, to every role. */
export function managerOver(
  say: (request: ModelRequest) => Pick<ModelAnswer, 'text' | 'toolCalls'>,
  change: Partial<ManagerOptions> = {},
): ModelManager {
  const model = {
    name: 'scripted',
    identity: () => Promise.resolve('scripted'),
    open: () =>
      Promise.resolve({
        identity: 'scripted',
        abilities: { tools: true, embeddings: false, reproducible: true },
        complete: (request: ModelRequest) =>
          Promise.resolve({ ...say(request), usage: { inputTokens: 1, outputTokens: 1 } }),
        embed: () => Promise.reject(new Error('not scripted')),
        countTokens: () => Promise.reject(new Error('not scripted')),
        close: () => Promise.resolve(),
      }),
    ...{ price: FREE, concurrency: 4, queue: 64, timeoutMs: 5_000, retries: 0 },
    breaker: { failures: 1_000_000, coolMs: 1 },
  };
  return createModelManager({
    ...{ models: [model], roles: Object.fromEntries(ROLES.map((role) => [role, ['scripted']])) },
    ...{ log: openLog, deadlineMs: 5_000, monthlyBudgetUsd: decimal('100'), cacheTtlMs: 0 },
    ...{ replay: 'off', nowMs: () => Date.UTC(2026, 0, 15) },
    ...change,
  });
}
