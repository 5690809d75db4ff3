import type { z } from 'zod';
import { UserError } from './errors';

/**
 * What zod found wrong with parameters that a person wrote, as one error that names each bad parameter, its value and
 * what is allowed.
 * @param owner where the parameters stand, such as `strategies.rsi`
 * @param known the names of the parameters there are
 * @param hint what to do
 */
export function parameterError(
  owner: string,
  known: readonly string[],
  input: unknown,
  issues: readonly z.core.$ZodIssue[],
  hint: string,
): UserError {
  const lines = issues.flatMap((issue) => {
    const isUnknown = issue.code === 'unrecognized_keys';
    const paths = isUnknown ? issue.keys.map((key) => [...issue.path, key]) : [issue.path];
    const allowed = isUnknown ? `not a parameter; there are ${known.join(', ')}` : issue.message;
    return paths.map((path) => `${[owner, ...path].join('.')} is ${shown(valueAt(input, path))}: ${allowed}`);
  });
  return new UserError(lines.join('\n'), hint);
}

const shown = (value: unknown): string => (value === undefined ? 'not set' : JSON.stringify(value));

const valueAt = (input: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined,
    input,
  );
