import type { Anthropic } from '@anthropic-ai/sdk';
import { estimateTokens } from '../estimate';
import { ModelFailure, ModelFailureKind } from '../failure';
import { jsonSchemaOf, strictSchemaOf } from '../form';
import type { LanguageModel, ModelMessage, ModelRequest } from '../port';
import { collectAnswer, StopReason, type CollectedAnswer } from './collected';
import { LONGEST_CALL_MS, type RemoteOptions } from './remote-failure';

const STOPS: Readonly<Record<string, StopReason>> = {
  max_tokens: StopReason.CutOff,
  model_context_window_exceeded: StopReason.CutOff,
  refusal: StopReason.Refused,
};

/** A model of Anthropic, through its own SDK with its retries off. It takes no seed and has no embeddings. */
export async function createAnthropicModel(options: RemoteOptions): Promise<LanguageModel> {
  const { Anthropic: Client } = await import('@anthropic-ai/sdk');
  const { model } = options;
  // Everything that the SDK would read from the environment is said here.
  const client = new Client({
    apiKey: options.apiKey?.reveal() ?? null,
    authToken: null,
    baseURL: options.baseUrl ?? 'https://api.anthropic.com',
    maxRetries: 0,
    timeout: LONGEST_CALL_MS,
    logLevel: 'off',
  });
  return {
    identity: `anthropic:${model}`,
    abilities: { tools: true, embeddings: false, reproducible: false },
    complete: (request, { signal }) =>
      collectAnswer(options, request, signal, {
        ask: () => client.messages.create(paramsOf(options, request), { signal }),
        collect,
      }),
    embed: () =>
      Promise.reject(
        new ModelFailure(ModelFailureKind.Rejected, `${model}: Anthropic offers no embeddings.`),
      ),
    countTokens: (text) => Promise.resolve(estimateTokens(text)),
    close: () => Promise.resolve(),
  };
}

function paramsOf(
  { model, sampling }: RemoteOptions,
  request: ModelRequest,
): Anthropic.MessageCreateParamsStreaming {
  const { messages, form, tools = [], maxTokens, temperature } = request;
  const system = messages.flatMap((message) => (message.role === 'system' ? [message.content] : []));
  return {
    model,
    stream: true,
    max_tokens: maxTokens,
    messages: messages.flatMap(messageOf),
    ...(system.length === 0 ? {} : { system: system.join('\n\n') }),
    ...(sampling ? { temperature: Math.min(1, temperature) } : {}),
    ...(form === undefined
      ? {}
      : { output_config: { format: { type: 'json_schema', schema: { ...strictSchemaOf(form.schema) } } } }),
    ...(tools.length === 0
      ? {}
      : {
          tools: tools.map(({ name, description, parameters }) => ({
            name,
            description,
            input_schema: { ...jsonSchemaOf(parameters), type: 'object' as const },
          })),
        }),
  };
}

function messageOf(message: ModelMessage): Anthropic.MessageParam[] {
  switch (message.role) {
    case 'system':
      return [];
    case 'user':
      return [{ role: 'user', content: message.content }];
    case 'tool':
      return [
        {
          role: 'user',
          content: [{ type: 'tool_result', tool_use_id: message.toolCallId, content: message.content }],
        },
      ];
    case 'assistant': {
      const calls = (message.toolCalls ?? []).map(({ id, name, arguments: text }) => ({
        ...{ type: 'tool_use' as const, id, name, input: JSON.parse(text) as unknown },
      }));
      // An empty text is refused.
      const texts = message.content === '' ? [] : [{ type: 'text' as const, text: message.content }];
      return [{ role: 'assistant', content: [...texts, ...calls] }];
    }
  }
}

function collect(answer: CollectedAnswer, event: Anthropic.RawMessageStreamEvent): void {
  switch (event.type) {
    case 'message_start':
      answer.usage = { inputTokens: inputTokensOf(event.message.usage), outputTokens: 0 };
      return;
    case 'content_block_start':
      if (event.content_block.type === 'tool_use')
        answer.addToCall(event.index, { id: event.content_block.id, name: event.content_block.name });
      return;
    case 'content_block_delta':
      if (event.delta.type === 'text_delta') answer.addText(event.delta.text);
      if (event.delta.type === 'input_json_delta')
        answer.addToCall(event.index, { arguments: event.delta.partial_json });
      return;
    case 'message_delta':
      if (event.delta.stop_reason !== null)
        answer.stop = STOPS[event.delta.stop_reason] ?? StopReason.Complete;
      answer.usage = { inputTokens: answer.usage?.inputTokens ?? 0, outputTokens: event.usage.output_tokens };
      return;
    case 'content_block_stop':
    case 'message_stop':
      return;
  }
}

/** What is read from or written to the vendor's cache is not in `input_tokens`. */
const inputTokensOf = (usage: Anthropic.Usage): number =>
  usage.input_tokens + (usage.cache_creation_input_tokens ?? 0) + (usage.cache_read_input_tokens ?? 0);
