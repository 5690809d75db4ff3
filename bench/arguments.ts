import { parseArgs } from 'node:util';
import { messageOf } from '../workers/system-error';

/** The command line is wrong: nothing has been measured. */
export class ArgumentError extends Error {
  override readonly name = 'ArgumentError';
}

export interface BenchArguments {
  /** Names of the entries to run, in the order of the list of entries. */
  readonly only: readonly string[];
  /** Where the figures go as JSON; printed only, when undefined. */
  readonly jsonFile: string | undefined;
}

/**
 * `[--only a,b] [--json FILE]`.
 * @param names every entry there is
 * @throws ArgumentError naming the fault and what is allowed
 */
export function parseBenchArguments(args: readonly string[], names: readonly string[]): BenchArguments {
  const { only, json } = parse(args, { only: { type: 'string' }, json: { type: 'string' } });
  return { only: only === undefined ? names : selected(only, names), jsonFile: fileOf(json) };
}

function selected(only: string, names: readonly string[]): readonly string[] {
  const wanted = only.split(',').map((name) => name.trim());
  const unknown = wanted.filter((name) => !names.includes(name));
  if (unknown.length > 0) {
    const what = unknown.map((name) => `"${name}"`).join(', ');
    throw new ArgumentError(`--only names ${what}, which does not exist. Choose from ${names.join(', ')}.`);
  }
  return names.filter((name) => wanted.includes(name));
}

export interface PeerArguments extends BenchArguments {
  /** How many bars the task has. */
  readonly bars: number;
}

const YEAR_OF_MINUTES = 525_600;
/** Fewer make hardly a trade. */
const MIN_BARS = 2_000;

/**
 * `[--only a,b] [--bars N] [--json FILE]`. Without `--only` all that do not wait to be asked for.
 * @throws ArgumentError naming the fault and what is allowed
 */
export function parsePeerArguments(
  args: readonly string[],
  peers: readonly { readonly name: string; readonly onRequest?: true }[],
): PeerArguments {
  const options = { only: { type: 'string' }, bars: { type: 'string' }, json: { type: 'string' } } as const;
  const { only, bars, json } = parse(args, options);
  const byDefault = peers.filter(({ onRequest }) => onRequest !== true).map(({ name }) => name);
  const names = peers.map(({ name }) => name);
  return {
    only: only === undefined ? byDefault : selected(only, names),
    bars:
      bars === undefined
        ? YEAR_OF_MINUTES
        : Math.floor(numberIn('--bars', bars, MIN_BARS, 10 * YEAR_OF_MINUTES)),
    jsonFile: fileOf(json),
  };
}

export interface SoakArguments {
  readonly minutes: number;
  /** Market time per wall time. */
  readonly speed: number;
  readonly jsonFile: string | undefined;
}

const DEFAULT_SPEED = 60;
const MAX_SPEED = 1_000;
/** Less has no room for a warm-up and a slope. */
const MIN_MINUTES = 3;
const MAX_MINUTES = 7 * 24 * 60;

/** `--minutes M [--speed S] [--json FILE]`. @throws ArgumentError naming the fault and what is allowed */
export function parseSoakArguments(args: readonly string[]): SoakArguments {
  const { minutes, speed, json } = parse(args, {
    minutes: { type: 'string' },
    speed: { type: 'string' },
    json: { type: 'string' },
  });
  if (minutes === undefined) throw new ArgumentError('How long? Usage: npm run soak -- --minutes M');
  return {
    minutes: numberIn('--minutes', minutes, MIN_MINUTES, MAX_MINUTES),
    speed: speed === undefined ? DEFAULT_SPEED : numberIn('--speed', speed, 1, MAX_SPEED),
    jsonFile: fileOf(json),
  };
}

function numberIn(option: string, text: string, minimum: number, maximum: number): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (value >= minimum && value <= maximum) return value;
  throw new ArgumentError(`${option} is "${text}"; it must be a number from ${minimum} to ${maximum}.`);
}

function fileOf(json: string | undefined): string | undefined {
  if (json?.trim() === '') throw new ArgumentError('--json needs the name of a file.');
  return json;
}

type Options = Readonly<Record<string, { readonly type: 'string' }>>;

function parse<T extends Options>(
  args: readonly string[],
  options: T,
): Readonly<Partial<Record<keyof T, string>>> {
  try {
    const { values } = parseArgs({ args: [...args], options, allowPositionals: false });
    return values as Partial<Record<keyof T, string>>;
  } catch (error) {
    throw new ArgumentError(
      `${messageOf(error)}. Options: ${Object.keys(options)
        .map((name) => `--${name}`)
        .join(', ')}.`,
      { cause: error },
    );
  }
}
