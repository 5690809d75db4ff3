import type { GbnfJsonSchema } from 'node-llama-cpp' with { 'resolution-mode': 'import' };
import type { z } from 'zod';
import { jsonSchemaOf, type JsonSchema } from '../form';

/** A bounded number becomes a list of its values when there are no more of them than this. */
const MOST_VALUES = 256;

/**
 * The schema as node-llama-cpp's grammars take it: `anyOf` is `oneOf`, and since its numbers know no bounds, a bounded whole number or a
 * bounded multiple (`z.number().min(-1).max(1).multipleOf(0.1)`) becomes a list of its values. Every property is written, in the order of
 * the schema. What a grammar cannot say, zod checks afterwards.
 * @throws Error for a schema that no grammar can be made from: a fault of the code
 */
export const grammarSchemaOf = (schema: z.ZodType): GbnfJsonSchema => convert(jsonSchemaOf(schema));

function convert(node: JsonSchema): GbnfJsonSchema {
  const { type, description } = node;
  const described = typeof description === 'string' ? { description } : {};
  if ('const' in node) return { const: node.const as string, ...described };
  if (Array.isArray(node.enum)) return { enum: node.enum as string[], ...described };
  const choices = node.anyOf ?? node.oneOf;
  if (Array.isArray(choices))
    return { oneOf: choices.map((choice) => convert(choice as JsonSchema)), ...described };
  switch (type) {
    case 'object':
      return { ...objectOf(node), ...described };
    case 'array':
      return {
        type,
        ...pick(node, 'minItems', 'maxItems'),
        ...(node.items === undefined ? {} : { items: convert(node.items as JsonSchema) }),
        ...(Array.isArray(node.prefixItems)
          ? { prefixItems: node.prefixItems.map((item) => convert(item as JsonSchema)) }
          : {}),
        ...described,
      };
    case 'string':
      return { type, ...pick(node, 'minLength', 'maxLength'), ...described };
    case 'number':
    case 'integer':
      return { ...numberOf(type, node), ...described };
    case 'boolean':
    case 'null':
      return { type, ...described };
    default:
      throw new Error(`No grammar can be made from the schema ${JSON.stringify(node).slice(0, 200)}.`);
  }
}

function objectOf(node: JsonSchema): GbnfJsonSchema {
  const { properties, additionalProperties: others } = node;
  const entries = Object.entries((properties ?? {}) as Record<string, JsonSchema>);
  return {
    type: 'object',
    properties: Object.fromEntries(entries.map(([name, inner]) => [name, convert(inner)])),
    ...(typeof others === 'object' && others !== null && Object.keys(others).length > 0
      ? { additionalProperties: convert(others as JsonSchema) }
      : {}),
  };
}

function numberOf(type: 'number' | 'integer', node: JsonSchema): GbnfJsonSchema {
  const { minimum, maximum, multipleOf } = node;
  const step = typeof multipleOf === 'number' ? multipleOf : type === 'integer' ? 1 : undefined;
  if (typeof minimum !== 'number' || typeof maximum !== 'number' || step === undefined) return { type };
  const [first, last] = [Math.ceil(minimum / step - 1e-9), Math.floor(maximum / step + 1e-9)];
  if (last < first || last - first >= MOST_VALUES) return { type };
  const values = Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step);
  // 3 × 0.1 is 0.30000000000000004, and would be written so.
  return { enum: values.map((value) => Number(value.toPrecision(12))) };
}

const pick = <K extends string>(
  node: JsonSchema,
  ...keys: readonly K[]
): Readonly<Partial<Record<K, number>>> =>
  Object.fromEntries(
    keys.flatMap((key) => (typeof node[key] === 'number' ? [[key, node[key]]] : [])),
  ) as Partial<Record<K, number>>;
