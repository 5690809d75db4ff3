import { z } from 'zod';
import { ModelFailure, ModelFailureKind } from './failure';
import type { AnswerForm, ModelAnswer } from './port';

/** A JSON schema as plain data. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** @throws Error when the schema has parts that JSON cannot say, such as transforms: a fault of the code */
export function jsonSchemaOf(schema: z.ZodType): JsonSchema {
  const known = converted.get(schema);
  if (known !== undefined) return known;
  const entries = Object.entries(z.toJSONSchema(schema, { io: 'input' }));
  const result = Object.fromEntries(entries.filter(([keyword]) => keyword !== '$schema'));
  converted.set(schema, result);
  return result;
}

/** Every call needs it, for its hash alone. */
const converted = new WeakMap<z.ZodType, JsonSchema>();

/** Keywords of JSON schema that strict modes of vendors do not take; zod checks them anyway. */
const UNSUPPORTED = new Set([
  ...['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf', 'default', 'pattern'],
  ...['minLength', 'maxLength', 'minItems', 'maxItems', 'uniqueItems', 'format', 'propertyNames'],
]);

/** The part of a schema that vendors' strict modes accept: every property required, no other allowed, no bounds. */
export const strictSchemaOf = (schema: z.ZodType): JsonSchema => strict(jsonSchemaOf(schema)) as JsonSchema;

function strict(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(strict);
  if (typeof node !== 'object' || node === null) return node;
  const { properties, ...rest } = node as { properties?: Record<string, unknown> };
  const kept = Object.fromEntries(
    Object.entries(rest)
      .filter(([keyword]) => !UNSUPPORTED.has(keyword))
      .map(([keyword, value]) => [
        keyword,
        keyword === 'enum' || keyword === 'const' ? value : strict(value),
      ]),
  );
  if (properties === undefined) return kept;
  return {
    ...kept,
    // The names of properties are not keywords.
    properties: Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, strict(value)])),
    required: Object.keys(properties),
    additionalProperties: false,
  };
}

/** Longest answer that is looked at; what is longer is not an answer to any question of ours. */
const LONGEST_ANSWER = 200_000;

/**
 * Reads an answer by its form. A fence of Markdown around the JSON is forgiven, nothing else.
 * @throws ModelFailure `malformed` with what is wrong in words that the model can act on
 */
export function parseAnswer<T>(form: AnswerForm & { readonly schema: z.ZodType<T> }, answer: ModelAnswer): T {
  const malformed = (problem: string): ModelFailure =>
    new ModelFailure(ModelFailureKind.Malformed, `The answer is not a valid "${form.name}": ${problem}`, {
      raw: answer.text,
      usage: answer.usage,
    });
  if (answer.text.length > LONGEST_ANSWER) throw malformed(`it has more than ${LONGEST_ANSWER} characters.`);
  let value: unknown;
  try {
    value = JSON.parse(withoutFence(answer.text));
  } catch (error) {
    throw malformed(`it is not JSON (${(error as Error).message}).`);
  }
  const parsed = form.schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(
    ({ path, message }) => `${path.length === 0 ? 'the whole' : path.map(String).join('.')}: ${message}`,
  );
  throw malformed(problems.slice(0, 10).join('; '));
}

function withoutFence(text: string): string {
  const fenced = /^\s*```(?:json)?\s*\n([\s\S]*?)\n?```\s*$/.exec(text);
  return fenced?.[1] ?? text;
}
