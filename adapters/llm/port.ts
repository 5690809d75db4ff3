import type { z } from 'zod';
import type { TokenUsage } from './failure';

/** One turn of a conversation, as plain data. */
export type ModelMessage =
  | { readonly role: 'system' | 'user'; readonly content: string }
  | { readonly role: 'assistant'; readonly content: string; readonly toolCalls?: readonly ToolCall[] }
  | {
      readonly role: 'tool';
      /** Of the call that this is the result of. */
      readonly toolCallId: string;
      readonly toolName: string;
      readonly content: string;
    };

/** A tool that the model may ask for. Nothing here runs it. */
export interface ModelTool {
  readonly name: string;
  readonly description: string;
  readonly parameters: z.ZodType;
}

/** What the model asks for. The arguments are as it wrote them: whoever runs the tool parses them with its schema. */
export interface ToolCall {
  readonly id: string;
  readonly name: string;
  /** JSON text; not trusted. */
  readonly arguments: string;
}

/** The form that an answer has to have. */
export interface AnswerForm {
  /** Letters, digits, `_` and `-`; vendors want one. */
  readonly name: string;
  readonly schema: z.ZodType;
}

/** One request to a model. Everything in it decides the answer, and is part of its content hash. */
export interface ModelRequest {
  readonly messages: readonly ModelMessage[];
  /** Absent, the answer is free text. */
  readonly form?: AnswerForm;
  readonly tools?: readonly ModelTool[];
  /** Most tokens of the answer. */
  readonly maxTokens: number;
  /** From 0, which is reproducible where the model is, to 2. */
  readonly temperature: number;
  readonly seed: number;
  /** Vectors of the messages are wanted instead of an answer to them; see `embedding.ts`. */
  readonly embeds?: true;
}

/** What a model said. */
export interface ModelAnswer {
  readonly text: string;
  readonly toolCalls: readonly ToolCall[];
  readonly usage: TokenUsage;
}

export interface Embeddings {
  /** One vector per text, in the same order. */
  readonly vectors: readonly (readonly number[])[];
  readonly inputTokens: number;
}

/** Tokens of a text; an estimate errs on the high side. */
export interface TokenCount {
  readonly tokens: number;
  readonly exact: boolean;
}

export interface CallOptions {
  /** Ends the call: it then fails as `cancelled`, whatever the reason. */
  readonly signal: AbortSignal;
}

/** What may be asked of a model besides answers. */
export interface ModelAbilities {
  readonly tools: boolean;
  readonly embeddings: boolean;
  /** The same request with the same seed gives the same answer. */
  readonly reproducible: boolean;
}

/**
 * A language model, wherever it runs. It makes one attempt per call: retries, deadlines, budgets and validation are the manager's.
 * Every failure is a ModelFailure.
 */
export interface LanguageModel {
  /** What exactly answers, part of the content hash: the vendor's name of the model, or the hash of a GGUF. */
  readonly identity: string;
  readonly abilities: ModelAbilities;
  /** @returns text that is meant to have the form asked for, and is not yet checked. @throws ModelFailure */
  complete(request: ModelRequest, options: CallOptions): Promise<ModelAnswer>;
  /** @throws ModelFailure, `rejected` when the model has no embeddings */
  embed(texts: readonly string[], options: CallOptions): Promise<Embeddings>;
  countTokens(text: string): Promise<TokenCount>;
  /** Frees what the model holds. Calls under way fail. */
  close(): Promise<void>;
}
