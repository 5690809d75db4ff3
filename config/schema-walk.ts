import { z } from 'zod';
import { configSchema } from './schema';

/** The keys that the settings at `path` may have, or undefined where there are no named keys. */
export function keysAt(path: readonly PropertyKey[]): readonly string[] | undefined {
  const schema = schemaAt(path);
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : undefined;
}

/** True where the settings hold plain text, which must not be taken for a number. */
export function isTextAt(path: readonly PropertyKey[]): boolean {
  const schema = schemaAt(path);
  return schema instanceof z.ZodString || (schema instanceof z.ZodPipe && schema.in instanceof z.ZodString);
}

function schemaAt(path: readonly PropertyKey[]): z.core.$ZodType | undefined {
  let schema: z.core.$ZodType | undefined = configSchema;
  for (const key of path) {
    if (schema instanceof z.ZodObject)
      schema = (schema.shape as Record<string, z.core.$ZodType>)[String(key)];
    else if (schema instanceof z.ZodArray) schema = schema.element;
    else if (schema instanceof z.ZodRecord) schema = schema.valueType;
    else return undefined;
    schema = unwrap(schema);
  }
  return schema;
}

function unwrap(schema: z.core.$ZodType | undefined): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) return unwrap(schema.unwrap());
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) return unwrap(schema.unwrap());
  return schema;
}
