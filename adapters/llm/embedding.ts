import { z } from 'zod';
import { ModelFailure, ModelFailureKind } from './failure';
import type { CallOptions, LanguageModel, ModelAnswer, ModelRequest } from './port';
import type { Prompt } from './prompt';
import { textHash } from './request-hash';

/** Embeddings are asked for without a prompt: this is what their calls are recorded under. */
export const EMBEDDING: Prompt = {
  name: 'embedding',
  version: 1,
  hash: textHash(''),
  render: () => [],
};

/** The vectors of texts, and what exactly made them: only vectors of one identity can be compared. */
export interface Embedded {
  /** One for each text, in the same order, all of one length. */
  readonly vectors: readonly (readonly number[])[];
  readonly modelIdentity: string;
}

/** A request for vectors in the form of every request, so that it is paid for, recorded and replayed like any other. */
export const embeddingRequest = (texts: readonly string[]): ModelRequest => ({
  messages: texts.map((content) => ({ role: 'user', content })),
  embeds: true,
  ...{ maxTokens: 0, temperature: 0, seed: 0 },
});

/** What a model says to a request, vectors as their JSON. @throws ModelFailure */
export async function answerOf(
  model: LanguageModel,
  request: ModelRequest,
  options: CallOptions,
): Promise<ModelAnswer> {
  if (request.embeds !== true) return model.complete(request, options);
  const texts = request.messages.map(({ content }) => content);
  const { vectors, inputTokens } = await model.embed(texts, options);
  return { text: JSON.stringify(vectors), toolCalls: [], usage: { inputTokens, outputTokens: 0 } };
}

/** The raw answer as it is noted beside its call. Vectors are kept with the answers that replays read; here their size is enough. */
export const notedAnswer = (request: ModelRequest, { text, toolCalls }: ModelAnswer): string => {
  if (request.embeds === true)
    return `${request.messages.length} ${request.messages.length === 1 ? 'vector' : 'vectors'}`;
  return toolCalls.length === 0 ? text : JSON.stringify({ text, toolCalls });
};

const vectorsSchema = z.array(z.array(z.number()).min(1).max(8_192));

/** The vectors of an answer. @throws ModelFailure `malformed` when they are not one finite vector for each of `count` texts, of one length */
export function readVectors(count: number, answer: ModelAnswer, modelIdentity: string): Embedded {
  const parsed = vectorsSchema.safeParse(JSON.parse(answer.text));
  const vectors = parsed.data ?? [];
  const lengths = new Set(vectors.map(({ length }) => length));
  if (parsed.success && vectors.length === count && lengths.size <= 1) return { vectors, modelIdentity };
  throw new ModelFailure(
    ModelFailureKind.Malformed,
    `The model gave ${vectors.length} vectors of ${[...lengths].join(', ') || 'no'} numbers for ${count} texts.`,
    { usage: answer.usage },
  );
}
