import { z } from 'zod';
import { UserError } from '../../domain/errors';
import type { Choice, Parameter, Space } from './space';

/** A parameter of a strategy, as its schema declares it. */
export interface DeclaredParameter {
  /** What its schema takes; ends that it does not name are infinite. Undefined for what is no number and no choice. */
  readonly takes: Range | { readonly choices: readonly Choice[] } | undefined;
  readonly isNullable: boolean;
  /** What is searched when nobody says otherwise; undefined when it is left as it is. */
  readonly searched: Parameter | undefined;
}

export interface Range {
  readonly isInt: boolean;
  readonly low: number;
  readonly high: number;
}

const choice = z.union([z.string(), z.number(), z.boolean(), z.null()]);

/** What of JSON Schema is looked at. */
const propertySchema = z.object({
  type: z.string().optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  exclusiveMinimum: z.number().optional(),
  exclusiveMaximum: z.number().optional(),
  enum: z.array(choice).optional(),
  const: choice.optional(),
  default: z.unknown().optional(),
  /** `.meta({ search: … })` of a strategy's author. */
  search: z
    .union([
      z.literal(false),
      z.strictObject({
        low: z.number().optional(),
        high: z.number().optional(),
        step: z.int().min(1).optional(),
        log: z.boolean().optional(),
      }),
    ])
    .optional(),
});
type Property = z.infer<typeof propertySchema>;

const objectSchema = z.object({ properties: z.record(z.string(), z.unknown()) });
const unionSchema = z.object({ anyOf: z.array(propertySchema) });

/**
 * The parameters of a strategy, by name, from its zod schema. Searched is what has two ends or choices and is not null unless
 * set; an author narrows that by `.meta({ search: { low, high, step, log } })`, or rules it out by `.meta({ search: false })`.
 * @throws UserError when it is no schema of an object that JSON could hold
 */
export function declaredParameters(schema: z.ZodType): ReadonlyMap<string, DeclaredParameter> {
  return new Map(
    Object.entries(propertiesOf(schema)).map(([name, property]) => [name, declared(name, property)]),
  );
}

function propertiesOf(schema: z.ZodType): Readonly<Record<string, unknown>> {
  try {
    return objectSchema.parse(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })).properties;
  } catch (error) {
    throw new UserError(
      `The schema of the strategy's parameters cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      'Make it of the zod that Ballast has: z.strictObject({ … }).',
    );
  }
}

function declared(name: string, json: unknown): DeclaredParameter {
  const result = propertySchema.safeParse(json);
  if (!result.success)
    throw new UserError(
      `The schema of the parameter "${name}" has a "search" that cannot be used: ${result.error.issues[0]?.message ?? ''}.`,
      'Write .meta({ search: false }) or .meta({ search: { low: 5, high: 50 } }).',
    );
  const outer = result.data;
  const union = unionSchema.safeParse(json);
  const parts = union.success ? union.data.anyOf : [outer];
  const isNullable = parts.some(({ type }) => type === 'null');
  const takes = takesOf(parts.filter(({ type }) => type !== 'null'));
  const search = outer.search ?? parts.find((part) => part.search !== undefined)?.search;
  const isOff = search === false || (isNullable && (outer.default ?? null) === null && search === undefined);
  return { takes, isNullable, searched: isOff ? undefined : searchedOf(name, takes, search) };
}

function takesOf(parts: readonly Property[]): DeclaredParameter['takes'] {
  const [only] = parts;
  if (only === undefined) return undefined;
  const choices = parts.flatMap((part) => part.enum ?? (part.const === undefined ? [] : [part.const]));
  if (choices.length > 0) return { choices };
  if (parts.length > 1) return undefined;
  if (only.type === 'boolean') return { choices: [false, true] };
  if (only.type !== 'number' && only.type !== 'integer') return undefined;
  const isInt = only.type === 'integer';
  return { isInt, low: lowest(only, isInt), high: highest(only, isInt) };
}

/** A whole number without ends is written with the largest there are. */
const end = (value: number): number =>
  Math.abs(value) === Number.MAX_SAFE_INTEGER ? Math.sign(value) * Infinity : value;

function lowest({ minimum, exclusiveMinimum }: Property, isInt: boolean): number {
  if (exclusiveMinimum === undefined) return minimum === undefined ? -Infinity : end(minimum);
  return isInt ? Math.floor(exclusiveMinimum) + 1 : above(exclusiveMinimum);
}

function highest({ maximum, exclusiveMaximum }: Property, isInt: boolean): number {
  if (exclusiveMaximum === undefined) return maximum === undefined ? Infinity : end(maximum);
  return isInt ? Math.ceil(exclusiveMaximum) - 1 : -above(-exclusiveMaximum);
}

/** A number just above this one: an end that is not itself allowed. */
const above = (value: number): number => value + Math.max(Math.abs(value), 1) * 1e-9;

function searchedOf(
  name: string,
  takes: DeclaredParameter['takes'],
  search: Exclude<Property['search'], false>,
): Parameter | undefined {
  if (takes === undefined) return undefined;
  if ('choices' in takes)
    return takes.choices.length > 1 ? { kind: 'categorical', choices: takes.choices } : undefined;
  const { low = takes.low, high = takes.high, step, log } = search ?? {};
  if (!Number.isFinite(low) || !Number.isFinite(high)) return undefined;
  return numeric(name, takes, { low, high, step, log });
}

/**
 * A range of a numeric parameter.
 * @throws UserError when the schema does not take all of it, or it is written wrongly
 */
export function numeric(
  name: string,
  takes: Range,
  range: {
    readonly low: number;
    readonly high: number;
    readonly step?: number | undefined;
    readonly log?: boolean | undefined;
  },
): Parameter {
  const { low, high, step, log = false } = range;
  const problem = problemOf(takes, range);
  if (problem !== undefined) throw new UserError(`The range of "${name}" is ${low}..${high}: ${problem}.`);
  if (takes.isInt) return { kind: 'int', low, high, ...(step !== undefined && { step }) };
  return { kind: log ? 'logFloat' : 'float', low, high };
}

function problemOf(
  takes: Range,
  {
    low,
    high,
    step,
    log,
  }: {
    readonly low: number;
    readonly high: number;
    readonly step?: number | undefined;
    readonly log?: boolean | undefined;
  },
): string | undefined {
  if (!(low <= high)) return 'its low end is above its high end';
  if (low < takes.low || high > takes.high) return `the strategy takes ${takes.low} to ${takes.high}`;
  if (takes.isInt && !(Number.isInteger(low) && Number.isInteger(high))) return 'it takes whole numbers';
  if (takes.isInt && log === true) return 'a logarithmic range is for numbers that are not whole';
  if (!takes.isInt && step !== undefined)
    return 'a step is for whole numbers; list the values instead, like 0.5|1|1.5';
  if (log === true && low <= 0) return 'a logarithmic range begins above zero';
  return undefined;
}

/** What is searched when nobody says otherwise. @throws UserError when that is nothing */
export function defaultSpace(declaredByName: ReadonlyMap<string, DeclaredParameter>): Space {
  const entries = [...declaredByName].flatMap(([name, { searched }]) =>
    searched === undefined ? [] : [[name, searched] as const],
  );
  if (entries.length > 0) return Object.fromEntries(entries);
  throw new UserError(
    'No parameter of this strategy has a range of its own to search.',
    'Say what to vary: --space fast=5..20,slow=20..60',
  );
}
