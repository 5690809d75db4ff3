import { createHash } from 'node:crypto';
import { jsonSchemaOf } from './form';
import type { ModelRequest } from './port';

/** JSON with the keys of every object sorted, so that equal values have equal texts. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/**
 * The content hash of a request to one model: of everything that decides the answer (messages, form, tools, bounds, temperature,
 * seed and what exactly answers), and of nothing else. 64 hexadecimal digits.
 */
export function requestHash(modelIdentity: string, request: ModelRequest): string {
  const { messages, form, tools = [], maxTokens, temperature, seed, embeds } = request;
  return sha256(
    canonicalJson({
      model: modelIdentity,
      messages,
      form: form === undefined ? null : { name: form.name, schema: jsonSchemaOf(form.schema) },
      tools: tools.map(({ name, description, parameters }) => ({
        ...{ name, description, parameters: jsonSchemaOf(parameters) },
      })),
      maxTokens,
      temperature,
      seed,
      ...(embeds === true && { embeds }),
    }),
  );
}

/** The hash of a prompt's text, which tells whether a version was edited. */
export const textHash = (text: string): string => sha256(text);
