import type { OpenAI } from 'openai' with { 'resolution-mode': 'import' };
import { estimateTokens } from '../estimate';
import { strictSchemaOf } from '../form';
import type { LanguageModel, ModelMessage, ModelRequest } from '../port';
import { collectAnswer, StopReason, type CollectedAnswer } from './collected';
import { LONGEST_CALL_MS, remoteFailure, type RemoteOptions } from './remote-failure';

export interface OpenAiOptions extends RemoteOptions {
  /** OpenAI itself, or a server that speaks its protocol (Ollama, vLLM, llama.cpp's). */
  readonly dialect: 'openai' | 'compatible';
}

type Params = OpenAI.ChatCompletionCreateParamsStreaming;

const STOPS: Readonly<Record<string, StopReason>> = {
  stop: StopReason.Complete,
  tool_calls: StopReason.Complete,
  function_call: StopReason.Complete,
  length: StopReason.CutOff,
  content_filter: StopReason.Refused,
};

/** A model behind OpenAI's chat protocol, through OpenAI's own SDK with its retries off. */
export async function createOpenAiModel(options: OpenAiOptions): Promise<LanguageModel> {
  const client = await connect(options);
  const { model, dialect } = options;
  return {
    identity: `${dialect}:${model}`,
    abilities: { tools: true, embeddings: true, reproducible: options.sampling },
    complete: (request, { signal }) =>
      collectAnswer(options, request, signal, {
        ask: () => client.chat.completions.create(paramsOf(options, request), { signal }),
        collect,
      }),
    async embed(texts, { signal }) {
      try {
        const body = { model, input: [...texts], encoding_format: 'float' as const };
        const { data, usage } = await client.embeddings.create(body, { signal });
        const vectors = [...data].sort((a, b) => a.index - b.index).map(({ embedding }) => embedding);
        if (vectors.length !== texts.length)
          throw new SyntaxError(`${vectors.length} vectors for ${texts.length} texts`);
        return { vectors, inputTokens: usage.prompt_tokens };
      } catch (error) {
        throw remoteFailure(error, options, signal);
      }
    },
    countTokens: (text) => Promise.resolve(estimateTokens(text)),
    close: () => Promise.resolve(),
  };
}

/** Everything that the SDK would read from the environment is said here. */
async function connect({ dialect, baseUrl, apiKey }: OpenAiOptions): Promise<OpenAI> {
  const { OpenAI: Client } = await import('openai');
  return new Client({
    apiKey: apiKey?.reveal() ?? 'none',
    baseURL: baseUrl ?? (dialect === 'openai' ? 'https://api.openai.com/v1' : undefined),
    organization: null,
    project: null,
    maxRetries: 0,
    timeout: LONGEST_CALL_MS,
    logLevel: 'off',
  });
}

function paramsOf({ model, dialect, sampling }: OpenAiOptions, request: ModelRequest): Params {
  const { messages, form, tools = [], maxTokens, temperature, seed } = request;
  return {
    model,
    stream: true,
    stream_options: { include_usage: true },
    messages: messages.map(messageOf),
    ...boundsOf(dialect, maxTokens),
    ...(sampling ? samplingOf(temperature, seed) : {}),
    ...(form === undefined
      ? {}
      : {
          response_format: {
            type: 'json_schema',
            json_schema: { name: form.name, strict: true, schema: { ...strictSchemaOf(form.schema) } },
          },
        }),
    ...(tools.length === 0
      ? {}
      : {
          tools: tools.map(({ name, description, parameters }) => ({
            type: 'function' as const,
            function: { name, description, strict: true, parameters: { ...strictSchemaOf(parameters) } },
          })),
        }),
  };
}

/** OpenAI has renamed the bound, and refuses the old name for its newer models; other servers know the old one. */
const boundsOf = (
  dialect: OpenAiOptions['dialect'],
  maxTokens: number,
): Readonly<Record<string, number>> => ({
  [dialect === 'openai' ? 'max_completion_tokens' : 'max_tokens']: maxTokens,
});

/** OpenAI calls the seed a best effort; the servers that run a model themselves keep it. */
const samplingOf = (temperature: number, seed: number): Readonly<Record<string, number>> => ({
  temperature,
  seed,
});

function messageOf(message: ModelMessage): OpenAI.ChatCompletionMessageParam {
  switch (message.role) {
    case 'system':
    case 'user':
      return { role: message.role, content: message.content };
    case 'tool':
      return { role: 'tool', tool_call_id: message.toolCallId, content: message.content };
    case 'assistant': {
      const calls = message.toolCalls ?? [];
      const tool_calls = calls.map(({ id, name, arguments: text }) => ({
        ...{ id, type: 'function' as const, function: { name, arguments: text } },
      }));
      return {
        role: 'assistant',
        content: message.content,
        ...(calls.length === 0 ? {} : { tool_calls }),
      };
    }
  }
}

function collect(answer: CollectedAnswer, { choices, usage }: OpenAI.ChatCompletionChunk): void {
  if (usage) answer.usage = { inputTokens: usage.prompt_tokens, outputTokens: usage.completion_tokens };
  // Servers that are merely compatible leave out what they like.
  const choice = (choices as OpenAI.ChatCompletionChunk['choices'] | undefined)?.[0];
  if (choice === undefined) return;
  const { delta, finish_reason: reason } = choice;
  if (delta.content) answer.addText(delta.content);
  if (delta.refusal) answer.refusal += delta.refusal;
  for (const { index, id, function: call } of delta.tool_calls ?? [])
    answer.addToCall(index, { id, name: call?.name, arguments: call?.arguments });
  if (reason) answer.stop = STOPS[reason] ?? StopReason.Complete;
}
