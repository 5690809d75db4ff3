import { z } from 'zod';
import type { Strategy } from '../../domain/strategy';

/** Why a file gives no strategy, and what to do about it. */
export class Unusable extends Error {
  constructor(
    message: string,
    readonly todo: string,
  ) {
    super(message);
  }
}

/** Any strategy of anybody's: its parameters are whatever its schema says. */
type ForeignStrategy = Strategy<Readonly<Record<string, unknown>>, string>;

/** Of ids: small letters and digits, joined by single dashes. */
export const KEBAB_CASE = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;
const aFunction = z.custom((value) => typeof value === 'function', 'must be a function');

/** A zod schema of whatever copy of zod. */
const aSchema = z.custom(
  (value) => typeof (value as { safeParse?: unknown } | undefined)?.safeParse === 'function',
  'must be a zod schema, as z.strictObject({ … }) makes it',
);

const strategyShape = z.object({
  id: z.string().regex(KEBAB_CASE, 'must be kebab-case: small letters and digits, joined by single dashes'),
  summary: z.string('must be one sentence about it').min(1, 'must be one sentence about it'),
  parameters: aSchema,
  indicators: aFunction,
  onBar: aFunction,
  warmupBars: aFunction.optional(),
  maxHoldingBars: aFunction.optional(),
});

const looksLikeOne = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && ('onBar' in value || 'indicators' in value);

/** The strategy among what a file exports. @throws Unusable when there is not exactly one, or it is not whole */
export function exportedStrategy(
  exported: Readonly<Record<string, unknown>>,
  id: string,
): ForeignStrategy {
  const candidates = new Set(Object.values(exported).filter(looksLikeOne));
  const [candidate] = candidates;
  if (candidates.size !== 1) {
    const names = Object.keys(exported).filter((name) => name !== '__esModule' && name !== 'module.exports');
    const found = candidates.size === 0 ? 'no strategy' : `${candidates.size} strategies`;
    throw new Unusable(
      `it exports ${found}${names.length === 0 ? '' : ` (it exports ${names.join(', ')})`}`,
      'Export one: export const strategy = defineStrategy({ … }). A file that strategies share has a name that begins with "_".',
    );
  }
  const result = strategyShape.safeParse(candidate);
  if (!result.success) {
    const problems = result.error.issues.map(({ path, message }) => {
      const value: unknown = path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown>)[key], candidate);
      return `its ${path.join('.')} is ${shown(value)}: ${message}`;
    });
    throw new Unusable(problems.join('; '), 'The guide docs/writing-strategies.md says what each part is.');
  }
  if (result.data.id !== id)
    throw new Unusable(
      `its id is "${result.data.id}", and the file is called after another, "${id}"`,
      `Call the file after its id, so that no two can have the same.`,
    );
  const strategy = candidate as ForeignStrategy;
  checkDefaults(strategy);
  return strategy;
}

const shown = (value: unknown): string =>
  value === undefined ? 'not there' : typeof value === 'string' ? JSON.stringify(value) : typeof value;

/** It has to run as it is: by its defaults. */
function checkDefaults({ parameters }: ForeignStrategy): void {
  const { error, data } = parameters.safeParse({});
  if (error !== undefined) {
    const without = error.issues.map(({ path, message }) => `${path.join('.')} (${message})`).join(', ');
    throw new Unusable(
      `not every parameter has a default that its schema allows: ${without}`,
      'Give each one: z.int().min(2).default(14).',
    );
  }
  if (typeof data !== 'object')
    throw new Unusable(
      'its parameters are no object',
      'Write: parameters: z.strictObject({ period: z.int().default(14) }).',
    );
}
