import type { CallLog } from '../../adapters/llm/call-log';
import { createModelManager, type ModelManager } from '../../adapters/llm/manager';
import type { ModelMessage, ModelRequest, ToolCall } from '../../adapters/llm/port';
import { decimal, ZERO } from '../../domain/decimal';

/** What a scripted model says in a turn: the tools it asks for, or words. */
export type Saying = string | readonly { readonly tool: string; readonly arguments: unknown }[];

/** Decides on what to say by what it has been told. @param turn how many answers it has given in this conversation */
export type Script = (messages: readonly ModelMessage[], turn: number) => Saying | Promise<Saying>;

/** Records nothing, and grants every call. */
const noLog: CallLog = {
  reserve: () => Promise.resolve({ reserved: true, callId: '1' }),
  settle: () => Promise.resolve(),
  budget: (month) => Promise.resolve({ month, reservedUsd: ZERO, spentUsd: ZERO }),
  keepAnswer: () => Promise.resolve(),
  findAnswer: () => Promise.resolve(undefined),
};

export interface ScriptedModels {
  readonly models: ModelManager;
  /** Everything that the model was given, in order. */
  readonly requests: ModelRequest[];
}

/** The real manager over a model that says what a test tells it to: calls of tools that it was not given are turned away as always. */
export function scriptedModels(script: Script): ScriptedModels {
  const requests: ModelRequest[] = [];
  const free = { inputPerMillionUsd: decimal('0'), outputPerMillionUsd: decimal('0') };
  const models = createModelManager({
    models: [
      {
        ...{ name: 'scripted', price: free, concurrency: 4, queue: 4, timeoutMs: 5_000, retries: 0 },
        breaker: { failures: 100, coolMs: 1 },
        identity: () => Promise.resolve('scripted'),
        open: () =>
          Promise.resolve({
            identity: 'scripted',
            abilities: { tools: true, embeddings: false, reproducible: true },
            async complete(request) {
              requests.push(request);
              const turn = request.messages.filter(({ role }) => role === 'assistant').length;
              const said = await script(request.messages, turn);
              const usage = { inputTokens: 100, outputTokens: 10 };
              if (typeof said === 'string') return { text: said, toolCalls: [], usage };
              const toolCalls = said.map((call, index): ToolCall => ({
                ...{ id: `call-${turn}-${index}`, name: call.tool },
                arguments:
                  typeof call.arguments === 'string' ? call.arguments : JSON.stringify(call.arguments),
              }));
              return { text: '', toolCalls, usage };
            },
            embed: () => Promise.reject(new Error('not scripted')),
            countTokens: () => Promise.reject(new Error('not scripted')),
            close: () => Promise.resolve(),
          }),
      },
    ],
    roles: { agent: ['scripted'] },
    ...{ log: noLog, deadlineMs: 5_000, monthlyBudgetUsd: decimal('100'), cacheTtlMs: 0, replay: 'off' },
    nowMs: () => 0,
  });
  return { models, requests };
}
