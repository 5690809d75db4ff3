import type { ChatModelFunctions, Llama, LlamaChat, LlamaGrammar, LlamaModel } from 'node-llama-cpp' with {
  'resolution-mode': 'import',
};
import { UserError } from '../../../domain/errors';
import { ModelFailure, ModelFailureKind, type TokenUsage } from '../failure';
import { canonicalJson } from '../request-hash';
import type {
  AnswerForm,
  CallOptions,
  LanguageModel,
  ModelAnswer,
  ModelRequest,
  ModelTool,
  ToolCall,
} from '../port';
import { requireGguf, sha256OfFile } from './gguf-file';
import { grammarSchemaOf } from './grammar';
import { historyOf } from './history';
import { Lending } from './sequences';

export interface LocalModelOptions {
  /** A GGUF file. */
  readonly path: string;
  /** How many answers are computed at once, in one batch. */
  readonly sequences: number;
  /** Tokens of one conversation, the answer included. */
  readonly contextTokens: number;
  /** One unless measured: more threads than free cores make everything slower by orders of magnitude. */
  readonly maxThreads: number;
  /** `auto` takes a GPU when there is one and its build is installed. */
  readonly gpu: 'auto' | false;
}

/** A model in this process. */
export interface LocalModel extends LanguageModel {
  /** Tokens of prompts that were computed since it was loaded; what a sequence had kept is not among them. */
  readonly computedTokens: () => number;
}

/** Tokens that are computed in one step of all sequences together. */
const BATCH_TOKENS = 512;

/** llama.cpp's library, loaded once per process and setting: the promise, so that two callers never load it twice. */
const libraries = new Map<string, Promise<Llama>>();

function library({ gpu, maxThreads }: LocalModelOptions): Promise<Llama> {
  const key = `${gpu}/${maxThreads}`;
  const known = libraries.get(key);
  if (known !== undefined) return known;
  const loading = import('node-llama-cpp').then(({ getLlama, LlamaLogLevel }) =>
    // Only the prebuilt library: nothing is compiled or downloaded behind anybody's back.
    getLlama({
      build: 'never',
      skipDownload: true,
      progressLogs: false,
      gpu,
      maxThreads,
      logLevel: LlamaLogLevel.error,
    }),
  );
  libraries.set(key, loading);
  // A failure is not kept: what is missing may be installed meanwhile.
  loading.catch(() => libraries.delete(key));
  return loading;
}

/**
 * A GGUF in this process, by node-llama-cpp: answers are held to a grammar made from the schema, and so are the arguments of tools. Concurrent requests
 * share the steps of one context, and each sequence keeps what it has computed, so that a prompt whose beginning is the one before costs
 * only its end. @throws UserError when the file is no model that can be loaded
 */
export async function createLocalModel(options: LocalModelOptions): Promise<LocalModel> {
  await requireGguf(options.path);
  const digest = await sha256OfFile(options.path);
  const llama = await library(options);
  const model = await load(llama, options);
  const { LlamaChat } = await import('node-llama-cpp');
  const context = await model.createContext({
    sequences: options.sequences,
    contextSize: options.contextTokens,
    batchSize: Math.min(BATCH_TOKENS, options.contextTokens * options.sequences),
    threads: options.maxThreads,
  });
  const chats = Array.from(
    { length: options.sequences },
    () => new LlamaChat({ contextSequence: context.getSequence() }),
  );
  const answers = new Lending(chats);
  const grammarOf = grammars(llama);
  const embedding = createEmbedder(model, options);
  return {
    identity: `gguf:${digest}`,
    // What is computed beside an answer changes the last digits of its floats, and now and then a word that was a close call.
    abilities: { tools: true, embeddings: true, reproducible: options.sequences === 1 },
    complete: (request, { signal }) =>
      classified(signal, () =>
        answers.use(signal, async (chat) => answer(chat, request, signal, await grammarOf(request))),
      ),
    embed: (texts, { signal }) => classified(signal, () => embedding.embed(texts, signal)),
    computedTokens: () => chats.reduce((sum, { sequence }) => sum + sequence.tokenMeter.usedInputTokens, 0),
    countTokens: (text) => Promise.resolve({ tokens: model.tokenize(text).length, exact: true }),
    async close() {
      await embedding.close();
      await context.dispose();
      await model.dispose();
    },
  };
}

async function load(llama: Llama, { path }: LocalModelOptions): Promise<LlamaModel> {
  try {
    return await llama.loadModel({ modelPath: path });
  } catch (error) {
    throw new UserError(
      `The model ${path} cannot be loaded: ${(error as Error).message}`,
      'The file may be cut short or of an architecture that this llama.cpp does not know. Get it anew, or another one.',
    );
  }
}

/** Grammars by their schema: making one takes longer than a short answer. */
function grammars(llama: Llama): (request: ModelRequest) => Promise<LlamaGrammar | undefined> {
  const known = new Map<string, Promise<LlamaGrammar>>();
  const make = (form: AnswerForm): Promise<LlamaGrammar> => {
    const schema = grammarSchemaOf(form.schema);
    const key = canonicalJson(schema);
    // The library's type wants to know the schema when this is compiled.
    const grammar = known.get(key) ?? llama.createGrammarForJsonSchema(schema as { readonly type: 'object' });
    known.set(key, grammar);
    return grammar;
  };
  // A grammar and tools exclude each other in one prompt; the form is then checked afterwards.
  return ({ form, tools = [] }) =>
    form === undefined || tools.length > 0 ? Promise.resolve(undefined) : make(form);
}

async function answer(
  chat: LlamaChat,
  request: ModelRequest,
  signal: AbortSignal,
  grammar: LlamaGrammar | undefined,
): Promise<ModelAnswer> {
  const history = historyOf(request.messages);
  const functions = functionsOf(request.tools ?? []);
  const inputTokens = requireRoom(chat, history, functions, request);
  const { tokenMeter } = chat.sequence;
  const before = tokenMeter.usedOutputTokens;
  let text = '';
  const said = (): { raw: string; usage: TokenUsage } => ({
    raw: text,
    usage: { inputTokens, outputTokens: tokenMeter.usedOutputTokens - before },
  });
  const common = {
    signal,
    maxTokens: request.maxTokens,
    temperature: request.temperature,
    seed: request.seed,
    onTextChunk: (part: string) => (text += part),
  };
  try {
    const { response, functionCalls, metadata } = await chat.generateResponse<ChatModelFunctions>(history, {
      ...common,
      ...(grammar === undefined ? { functions, maxParallelFunctionCalls: 8 } : { grammar }),
    });
    text = response;
    if (metadata.stopReason === 'maxTokens' && request.form !== undefined)
      throw new ModelFailure(
        ModelFailureKind.Malformed,
        `The answer was cut off at ${request.maxTokens} tokens.`,
        said(),
      );
    return { text: response, toolCalls: (functionCalls ?? []).map(toolCallOf), usage: said().usage };
  } catch (error) {
    if (error instanceof ModelFailure) throw error;
    throw failureOf(error, signal, said());
  }
}

/** A tool without parameters has no arguments. */
const toolCallOf = (call: { functionName: string; params?: unknown }, index: number): ToolCall => ({
  id: `call-${index}`,
  name: call.functionName,
  arguments: JSON.stringify(call.params ?? {}),
});

const functionsOf = (tools: readonly ModelTool[]): ChatModelFunctions | undefined =>
  tools.length === 0
    ? undefined
    : Object.fromEntries(
        tools.map(({ name, description, parameters }) => [
          name,
          { description, params: grammarSchemaOf(parameters) },
        ]),
      );

/**
 * The tokens of a prompt. @throws ModelFailure `rejected` when it and its answer do not fit: the library would silently forget a part of
 * the conversation
 */
function requireRoom(
  { chatWrapper, model, context }: LlamaChat,
  chatHistory: ReturnType<typeof historyOf>,
  availableFunctions: ChatModelFunctions | undefined,
  { maxTokens }: ModelRequest,
): number {
  const { contextText } = chatWrapper.generateContextState({
    chatHistory,
    ...(availableFunctions === undefined ? {} : { availableFunctions, documentFunctionParams: true }),
  });
  const inputTokens = contextText.tokenize(model.tokenizer).length;
  if (inputTokens + maxTokens <= context.contextSize) return inputTokens;
  throw new ModelFailure(
    ModelFailureKind.Rejected,
    `The question has ${inputTokens} tokens and the answer may have ${maxTokens}: more than the ${context.contextSize} of contextTokens.`,
  );
}

/** Embeddings, one after another, in a context that is made at the first question. */
function createEmbedder(model: LlamaModel, { contextTokens, maxThreads }: LocalModelOptions) {
  const make = () => model.createEmbeddingContext({ contextSize: contextTokens, threads: maxThreads });
  const slot: { context?: ReturnType<typeof make> } = {};
  const line = new Lending([slot]);
  return {
    embed: (texts: readonly string[], signal: AbortSignal) =>
      line.use(signal, async () => {
        const context = await (slot.context ??= make());
        const vectors: (readonly number[])[] = [];
        let inputTokens = 0;
        for (const text of texts) {
          signal.throwIfAborted();
          const tokens = model.tokenize(text);
          if (tokens.length + 2 > contextTokens)
            throw new ModelFailure(
              ModelFailureKind.Rejected,
              `A text has ${tokens.length} tokens, more than the ${contextTokens} of contextTokens.`,
            );
          inputTokens += tokens.length;
          vectors.push((await context.getEmbeddingFor(tokens)).vector);
        }
        return { vectors, inputTokens };
      }),
    close: async () => {
      await (await slot.context)?.dispose();
    },
  };
}

async function classified<T>(signal: CallOptions['signal'], work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof ModelFailure ? error : failureOf(error, signal);
  }
}

const failureOf = (error: unknown, signal: AbortSignal, said = {}): ModelFailure =>
  signal.aborted
    ? new ModelFailure(ModelFailureKind.Cancelled, 'The call of the local model was ended.', said)
    : new ModelFailure(
        ModelFailureKind.Unavailable,
        `The local model failed: ${error instanceof Error ? error.message : String(error)}`,
        said,
      );
