import { Context } from '@temporalio/activity';
import { z } from 'zod';
import { loadPrompt } from '../../adapters/llm/prompt';
import type { TradeMemory } from '../../adapters/store/memories';
import { outcomeText } from '../../domain/memory/outcome';
import { EMBEDDING_ROLE, REFLECTION_ROLE } from '../../domain/memory/roles';
import type { IntelligenceDeps } from './deps';

const PROMPT_VERSION = 1;
const MAX_TOKENS = 400;

export const reflectionForm = {
  name: 'trade_reflection',
  schema: z.strictObject({
    judgement: z.enum(['sound', 'doubtful', 'mistaken']),
    lesson: z.string().trim().min(1).max(600),
  }),
} as const;

/** Why something was not done; null when it was. */
export interface Done {
  readonly missing: string | null;
}
const DONE: Done = { missing: null };

/** What models add to the memory of a trade. Nothing waits for it, and everything can be repeated. */
export function createReflectionActivities(
  deps: Pick<IntelligenceDeps, 'models' | 'isConfigured' | 'memories' | 'clock'>,
) {
  const { models, isConfigured, memories, clock } = deps;

  const memoryOf = async (positionId: string): Promise<TradeMemory> => {
    const memory = await memories.find(positionId);
    if (memory === undefined) throw new Error(`No memory of ${positionId} is written.`);
    return memory;
  };

  return {
    /** Embeds the situation of a remembered trade, so that it can be compared. */
    async embedMemory({ positionId }: { readonly positionId: string }): Promise<Done> {
      if (!isConfigured(EMBEDDING_ROLE)) return { missing: notConfigured(EMBEDDING_ROLE) };
      const { situationText } = await memoryOf(positionId);
      const { cancellationSignal: signal } = Context.current();
      const reply = await models.embed({ role: EMBEDDING_ROLE, texts: [situationText] }, { signal });
      if (!reply.answered) return { missing: reply.message };
      const [vector] = reply.value.vectors;
      if (vector !== undefined) await memories.saveEmbedding(positionId, reply.value.modelIdentity, vector);
      return DONE;
    },

    /** Has a model write what is to be learnt of a trade, once. A repetition after a crash finds what is written, or asks again. */
    async reflectOnTrade({ positionId }: { readonly positionId: string }): Promise<Done> {
      if (!isConfigured(REFLECTION_ROLE)) return { missing: notConfigured(REFLECTION_ROLE) };
      const { cancellationSignal: signal } = Context.current();
      const known = await memories.reflection(positionId);
      if (known !== undefined) return { missing: known.lesson === null ? known.missing : null };
      const { situationText, outcome } = await memoryOf(positionId);
      const callIds: string[] = [];
      const prompt = loadPrompt('trade-reflection', PROMPT_VERSION);
      const reply = await models.ask(
        {
          ...{ role: REFLECTION_ROLE, prompt, form: reflectionForm, maxTokens: MAX_TOKENS },
          values: { situation: situationText, outcome: outcomeText(outcome) },
        },
        { signal, onCall: (callId) => callIds.push(callId) },
      );
      signal.throwIfAborted();
      const knownMs = await clock.nowMs();
      const about = { positionId, outcomeAtMs: outcome.outcomeAtMs };
      if (!reply.answered) {
        await memories.saveReflection(about, { lesson: null, missing: reply.message, callIds }, knownMs);
        return { missing: reply.message };
      }
      const { value, model, requestHash } = reply;
      await memories.saveReflection(about, { ...value, prompt, model, requestHash, callIds }, knownMs);
      return DONE;
    },
  };
}

const notConfigured = (role: string): string => `no model is configured for the role ${role}`;
