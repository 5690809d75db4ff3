import type { z } from 'zod';
import type { Anonymiser } from './anonymiser';
import { Asker, type Asked, type AskOptions, type ManagerOptions, type Reply } from './asker';
import { EMBEDDING, embeddingRequest, readVectors, type Embedded } from './embedding';
import { ModelFailure, ModelFailureKind } from './failure';
import { parseAnswer } from './form';
import type { AnswerForm, ModelAnswer, ModelMessage, ModelRequest, ModelTool, ToolCall } from './port';

/** A question with an answer of a form. */
export interface Question<T> extends Asked {
  readonly values: Readonly<Record<string, string>>;
  readonly form: AnswerForm & { readonly schema: z.ZodType<T> };
  /** Hides names, dates and price levels from the model; what it answers is told with the real ones. */
  readonly anonymiser?: Anonymiser;
}

/** A turn of a conversation with tools, whose answer may ask for some. */
export interface Turn extends Asked {
  readonly messages: readonly ModelMessage[];
  readonly tools: readonly ModelTool[];
}

/** Texts whose vectors are wanted. */
export interface EmbeddingQuestion {
  readonly role: string;
  readonly texts: readonly string[];
}

/** Asks models on behalf of the rest: who, how long, how often and for how much. */
export interface ModelManager {
  /**
   * One question. Whatever a model does is a reply; errors are a replay that lacks an answer, a caller's mistake, and PostgreSQL being
   * away (without it there is no budget, so nobody is asked).
   * @throws UserError when a replay that may not go on without lacks the answer, or no model is configured for the role
   */
  ask<T>(question: Question<T>, options?: AskOptions): Promise<Reply<T>>;
  /** One turn of a conversation. Tools it asks for are ones that it was given, with arguments that fit them. @throws as `ask` */
  converse(turn: Turn, options?: AskOptions): Promise<Reply<ModelAnswer>>;
  /** The vectors of texts: deadline, chain, budget, record and replay as for an answer. @throws as `ask` */
  embed(question: EmbeddingQuestion, options?: AskOptions): Promise<Reply<Embedded>>;
  /** Waits for calls that nobody waits for any more to be accounted for, and frees the models. */
  close(): Promise<void>;
}

export function createModelManager(options: ManagerOptions): ModelManager {
  const asker = new Asker(options);
  return {
    async ask({ values, form, anonymiser, ...asked }, askOptions = {}) {
      const hidden =
        anonymiser === undefined
          ? values
          : Object.fromEntries(Object.entries(values).map(([name, text]) => [name, anonymiser.hide(text)]));
      const request = requestOf(asked, { messages: asked.prompt.render(hidden), form });
      const reply = await asker.ask(asked, request, (answer) => parseAnswer(form, answer), askOptions);
      return reply.answered && anonymiser !== undefined
        ? { ...reply, value: anonymiser.revealIn(reply.value) }
        : reply;
    },
    converse({ messages, tools, ...asked }, askOptions = {}) {
      const request = requestOf(asked, { messages, tools });
      return asker.ask(asked, request, (answer) => checkCalls(answer, tools), askOptions);
    },
    embed({ role, texts }, askOptions = {}) {
      const request = embeddingRequest(texts);
      const asked = { role, prompt: EMBEDDING, maxTokens: request.maxTokens };
      return asker.ask(asked, request, (...answer) => readVectors(texts.length, ...answer), askOptions);
    },
    close: () => asker.close(),
  };
}

const requestOf = (
  { maxTokens, temperature = 0, seed = 0 }: Asked,
  rest: Pick<ModelRequest, 'messages' | 'form' | 'tools'>,
): ModelRequest => ({ ...rest, maxTokens, temperature, seed });

/** @throws ModelFailure `malformed` for a tool that was not given, or arguments that do not fit it */
function checkCalls(answer: ModelAnswer, tools: readonly ModelTool[]): ModelAnswer {
  for (const call of answer.toolCalls) {
    const tool = tools.find(({ name }) => name === call.name);
    if (tool === undefined)
      throw badCall(
        answer,
        call,
        `there is no such tool; there are ${tools.map(({ name }) => name).join(', ')}.`,
      );
    parseAnswer({ name: call.name, schema: tool.parameters }, { ...answer, text: call.arguments });
  }
  return answer;
}

const badCall = ({ text, usage }: ModelAnswer, { name }: ToolCall, problem: string): ModelFailure =>
  new ModelFailure(
    ModelFailureKind.Malformed,
    `The call of "${name.slice(0, 60)}" is not valid: ${problem}`,
    { raw: text, usage },
  );
