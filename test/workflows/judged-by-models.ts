import { createModelManager, type ModelManager } from '../../adapters/llm/manager';
import type { CallLog } from '../../adapters/llm/call-log';
import { ModelFailure, ModelFailureKind } from '../../adapters/llm/failure';
import type { ModelAnswer } from '../../adapters/llm/port';
import type { ModelEntry } from '../../adapters/llm/managed-model';
import { HEADLINE_TOKENS } from '../../adapters/news/headline-question';
import { createModelScorer } from '../../adapters/news/model-scorer';
import type { HeadlineScorer } from '../../adapters/news/port';
import { add, compare, decimal, ZERO, type DecimalString } from '../../domain/decimal';

const ROLE = 'scorer';
/** After which a model that rests is asked again. */
export const RESTED_MS = 60_000;

/** How a model behaves: it answers, is away, or says nothing at all. */
export const Mood = { Answers: 'answers', Away: 'away', Silent: 'silent' } as const;
export type Mood = (typeof Mood)[keyof typeof Mood];

/** Headlines judged by a model of the test's making, through the real manager: its deadline, budget and circuit breaker. */
export class JudgedByModel {
  mood: Mood = Mood.Answers;
  /** Calls that came to the model. */
  calls = 0;
  readonly manager: ModelManager;
  private readonly model: ModelEntry = {
    name: 'scripted',
    identity: () => Promise.resolve('scripted'),
    open: () =>
      Promise.resolve({
        identity: 'scripted',
        abilities: { tools: false, embeddings: false, reproducible: true },
        complete: () => this.answer(),
        embed: () => Promise.reject(new Error('not scripted')),
        countTokens: () => Promise.reject(new Error('not scripted')),
        close: () => Promise.resolve(),
      }),
    // A dollar for the longest answer that is asked for, and a cent for each of its tokens.
    price: { inputPerMillionUsd: decimal('0'), outputPerMillionUsd: decimal(String(1e6 / HEADLINE_TOKENS)) },
    ...{ concurrency: 1, queue: 100, timeoutMs: 60_000, retries: 0 },
    breaker: { failures: 2, coolMs: RESTED_MS },
  };

  /** @param monthlyBudgetUsd a call may cost a dollar */
  constructor({ monthlyBudgetUsd = '100', deadlineMs = 5_000 } = {}) {
    this.manager = createModelManager({
      models: [this.model],
      roles: { [ROLE]: [this.model.name] },
      log: memoryLog(),
      monthlyBudgetUsd: decimal(monthlyBudgetUsd),
      ...{ deadlineMs, cacheTtlMs: 0, replay: 'off', nowMs: () => Date.UTC(2026, 0, 15) },
    });
  }

  /** The scorer of models, on this manager. */
  scorer(): Promise<HeadlineScorer> {
    return createModelScorer({ manager: this.manager, role: ROLE, chain: [this.model] });
  }

  private answer(): Promise<ModelAnswer> {
    this.calls += 1;
    switch (this.mood) {
      case Mood.Answers:
        return Promise.resolve({
          text: '{"label":"bullish","sentiment":0.5}',
          toolCalls: [],
          usage: { inputTokens: 10, outputTokens: 10 },
        });
      case Mood.Away:
        return Promise.reject(new ModelFailure(ModelFailureKind.Unavailable, 'The model is away.'));
      case Mood.Silent:
        return new Promise(() => undefined);
    }
  }
}

/** Grants calls while the sum of what was granted stays within the limit. */
function memoryLog(): CallLog {
  let granted: DecimalString = ZERO;
  const budget = (month: string) => ({ month, reservedUsd: ZERO, spentUsd: granted });
  return {
    reserve({ reserveUsd }, month, limitUsd) {
      const sum = add(granted, reserveUsd);
      if (compare(sum, limitUsd) > 0) return Promise.resolve({ reserved: false, budget: budget(month) });
      granted = sum;
      return Promise.resolve({ reserved: true, callId: 'one' });
    },
    settle: () => Promise.resolve(),
    budget: (month) => Promise.resolve(budget(month)),
    keepAnswer: () => Promise.resolve(),
    findAnswer: () => Promise.resolve(undefined),
  };
}
