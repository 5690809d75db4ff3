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
  return revive(JSON.parse(line));
}

/** Turns money back into `bigint`, in place: several times quicker than a reviver, and a restart waits for it. */
function revive(value: unknown): unknown {
  if (typeof value === 'string') return MONEY.test(value) ? BigInt(value.slice(1)) : value;
  if (typeof value !== 'object' || value === null) return value;
  const fields = value as Record<string, unknown>;
  for (const key of Object.keys(fields)) {
    const field = fields[key];
    if (typeof field === 'string' ? field.startsWith('#') : typeof field === 'object')
      fields[key] = revive(field);
  }
  return fields;
}
