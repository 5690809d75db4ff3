import { jsonSchemaOf } from './form';
import type { ModelRequest, TokenCount } from './port';

/** Bytes of UTF-8 per token, on the safe side: English has four, figures and JSON come to about three. */
const BYTES_PER_TOKEN = 2.5;
/** What vendors add around each message. */
const TOKENS_PER_MESSAGE = 8;

/** Tokens of a text for a model whose vocabulary is not here, erring on the high side. */
export const estimateTokens = (text: string): TokenCount => ({
  tokens: Math.ceil(Buffer.byteLength(text, 'utf8') / BYTES_PER_TOKEN),
  exact: false,
});

/** Tokens that a request puts in, on the high side: messages, the schema and the tools. */
export function estimateInputTokens({ messages, form, tools = [] }: ModelRequest): number {
  const texts = [
    ...messages.map((message) => JSON.stringify(message)),
    ...(form === undefined ? [] : [JSON.stringify(jsonSchemaOf(form.schema))]),
    ...tools.map(({ name, description, parameters }) =>
      JSON.stringify([name, description, jsonSchemaOf(parameters)]),
    ),
  ];
  return texts.reduce((sum, text) => sum + estimateTokens(text).tokens + TOKENS_PER_MESSAGE, 0);
}
