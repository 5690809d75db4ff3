/**
 * Journal lines are JSON. Money is `bigint`, written as a string that starts with `#`, a character no client id,
 * symbol or account name may contain.
 */
const MONEY = /^#-?\d+$/;

export function encode(value: unknown): string {
  return JSON.stringify(value, (_key, field: unknown) => (typeof field === 'bigint' ? `#${field}` : field));
}

/** The inverse of `encode`. The caller names the type: the journal reads only what it wrote itself. */
export function decode(line: string): unknown {
  return JSON.parse(line, (_key, field: unknown) =>
    typeof field === 'string' && MONEY.test(field) ? BigInt(field.slice(1)) : field,
  );
}
