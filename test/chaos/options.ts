import { parseArgs } from 'node:util';

/** What a run is told on its command line. */
export interface ChaosOptions {
  readonly minutes: number;
  readonly seed: number;
  /** Where the figures go, or null for nowhere. */
  readonly json: string | null;
  /** Market time per wall time. */
  readonly speed: number;
  readonly workers: number;
  /** Keep the folder of a run that went well, too. */
  readonly keep: boolean;
  /** End with the code of a bad run when a goal of time is missed, too. */
  readonly strict: boolean;
}

export const USAGE =
  'npm run chaos -- --minutes M --seed S [--json FILE] [--speed X] [--workers N] [--keep] [--strict]';

/** An argument that makes no sense; the message names it, its value and what is allowed. */
export class BadArgument extends Error {
  override readonly name = 'BadArgument';
}

/** @throws BadArgument */
export function readOptions(args: readonly string[]): ChaosOptions {
  const values = parse(args);
  return {
    minutes: number('--minutes', values.minutes, { from: 0.5, to: 240 }),
    seed: number('--seed', values.seed, { from: 0, to: 0xffff_ffff, whole: true }),
    json: values.json ?? null,
    speed: number('--speed', values.speed ?? '30', { from: 1, to: 600 }),
    workers: number('--workers', values.workers ?? '1', { from: 1, to: 4, whole: true }),
    keep: values.keep ?? false,
    strict: values.strict ?? false,
  };
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const options = {
    minutes: text,
    seed: text,
    json: text,
    speed: text,
    workers: text,
    keep: { type: 'boolean' },
    strict: { type: 'boolean' },
  } as const;
  try {
    return parseArgs({ args: [...args], options, strict: true }).values;
  } catch (error) {
    throw new BadArgument(`${error instanceof Error ? error.message : String(error)}\nUsage: ${USAGE}`);
  }
}

interface Range {
  readonly from: number;
  readonly to: number;
  readonly whole?: boolean;
}

function number(name: string, text: string | undefined, { from, to, whole = false }: Range): number {
  const value = text === undefined || text.trim() === '' ? Number.NaN : Number(text);
  if (value >= from && value <= to && (!whole || Number.isSafeInteger(value))) return value;
  const found = text === undefined ? 'is missing' : `is ${JSON.stringify(text)}`;
  throw new BadArgument(
    `${name} ${found}; it must be a ${whole ? 'whole ' : ''}number from ${from} to ${to}.\nUsage: ${USAGE}`,
  );
}
