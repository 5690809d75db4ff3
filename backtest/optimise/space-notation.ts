import { z } from 'zod';
import { UserError } from '../../domain/errors';
import { numeric, type DeclaredParameter } from './declared-space';
import type { Choice, Parameter, Space } from './space';

const EXAMPLE =
  'Write it like fast=5..20, period=10..50:5 (a step), rate=0.001..0.1:log, mode=a|b, or only its name.';

const rangeSchema = z.strictObject({
  low: z.number(),
  high: z.number(),
  step: z.int().min(1).optional(),
  log: z.boolean().optional(),
});
const choicesSchema = z.array(z.union([z.string(), z.number(), z.boolean(), z.null()])).min(1);

/** A space as people write it on a line: `fast=5..20,slow=20..60`. @returns what {@link parseSpace} takes */
export function splitSpace(text: string): Readonly<Record<string, unknown>> {
  const parts = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  const entries = parts.map((part): [string, unknown] => {
    const at = part.indexOf('=');
    return at < 0 ? [part, null] : [part.slice(0, at).trim(), part.slice(at + 1).trim()];
  });
  const names = entries.map(([name]) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new UserError(`The space names "${twice}" twice.`);
  return Object.fromEntries(entries);
}

/**
 * A space as people write it, for a strategy. The value of a name is a text (`5..20`, `10..50:5`, `0.001..0.1:log`, `a|b|null`),
 * an object `{low, high, step, log}`, a list of choices, or null for the range that the strategy declares.
 * @throws UserError naming what is not there, not understood, or not taken by the strategy's schema
 */
export function parseSpace(
  written: Readonly<Record<string, unknown>>,
  declared: ReadonlyMap<string, DeclaredParameter>,
): Space {
  if (Object.keys(written).length === 0) throw new UserError('The space is empty.', EXAMPLE);
  return Object.fromEntries(
    Object.entries(written).map(([name, value]) => {
      const parameter = declared.get(name);
      if (parameter === undefined)
        throw new UserError(
          `The space names "${name}", which is no parameter of the strategy.`,
          `It has ${[...declared.keys()].join(', ')}.`,
        );
      return [name, parameterOf(name, value, parameter)];
    }),
  );
}

function parameterOf(name: string, value: unknown, declared: DeclaredParameter): Parameter {
  if (value === null || value === undefined) return ownRange(name, declared);
  if (typeof value === 'string') return fromText(name, value, declared);
  const choices = choicesSchema.safeParse(value);
  if (choices.success) return categorical(name, choices.data, declared);
  const range = rangeSchema.safeParse(value);
  if (range.success) return ranged(name, range.data, declared);
  throw new UserError(
    `The space of "${name}" is ${JSON.stringify(value)}, which is not understood.`,
    EXAMPLE,
  );
}

function ownRange(name: string, { searched }: DeclaredParameter): Parameter {
  if (searched !== undefined) return searched;
  throw new UserError(`"${name}" has no range of its own.`, `Give it one: ${name}=LOW..HIGH`);
}

const NUMBER = String.raw`[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?`;
const RANGE = new RegExp(String.raw`^(${NUMBER})\.\.(${NUMBER})(?::(\d+|log))?$`);

function fromText(name: string, text: string, declared: DeclaredParameter): Parameter {
  const range = RANGE.exec(text);
  if (range !== null) {
    const [, low, high, option] = range;
    const isLog = option === 'log';
    const step = option === undefined || isLog ? undefined : Number(option);
    return ranged(name, { low: Number(low), high: Number(high), step, log: isLog }, declared);
  }
  if (text === '' || text.includes('..'))
    throw new UserError(`The space of "${name}" is "${text}", which is no range.`, EXAMPLE);
  return categorical(name, text.split('|').map(scalar), declared);
}

function ranged(name: string, range: Parameters<typeof numeric>[2], { takes }: DeclaredParameter): Parameter {
  if (takes !== undefined && 'isInt' in takes) return numeric(name, takes, range);
  throw new UserError(`"${name}" is no number, so it has no range.`, `List its values: ${name}=a|b`);
}

/** A word as YAML would read it. */
function scalar(word: string): Choice {
  const text = word.trim();
  if (text === 'null' || text === 'none') return null;
  if (text === 'true' || text === 'false') return text === 'true';
  return new RegExp(`^${NUMBER}$`).test(text) ? Number(text) : text;
}

function categorical(name: string, choices: readonly Choice[], declared: DeclaredParameter): Parameter {
  const twice = choices.find((choice, index) => choices.indexOf(choice) !== index);
  if (twice !== undefined) throw new UserError(`The space of "${name}" has ${String(twice)} twice.`);
  const refused = choices.find((choice) => !isTaken(choice, declared));
  if (refused !== undefined)
    throw new UserError(`The strategy does not take ${name}=${String(refused)}.`, takenText(declared));
  return { kind: 'categorical', choices };
}

function isTaken(choice: Choice, { takes, isNullable }: DeclaredParameter): boolean {
  if (choice === null) return isNullable;
  if (takes === undefined) return true;
  if ('choices' in takes) return takes.choices.includes(choice);
  return (
    typeof choice === 'number' &&
    choice >= takes.low &&
    choice <= takes.high &&
    (!takes.isInt || Number.isInteger(choice))
  );
}

function takenText({ takes, isNullable }: DeclaredParameter): string | undefined {
  if (takes === undefined) return undefined;
  const what =
    'choices' in takes
      ? takes.choices.map(String).join(', ')
      : `${takes.isInt ? 'whole numbers' : 'numbers'} from ${takes.low} to ${takes.high}`;
  return `It takes ${what}${isNullable ? ', or null' : ''}.`;
}
