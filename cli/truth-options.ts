import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Argv } from 'yargs';
import { z } from 'zod';
import { UserError } from '../domain/errors';
import { workingFolder } from './backtest-source';
import { messageOf } from './failure';

/** How far a result can be believed: what is asked on the command line. */
export interface TruthOptions {
  readonly truth: boolean;
  readonly bootstrap: number;
  readonly 'random-runs': number;
  readonly confidence: number;
  readonly trials?: number;
  readonly 'trials-from'?: string;
  readonly seed: number;
}

/** The same, checked. */
export interface TruthRequest {
  readonly runs: number;
  readonly randomRuns: number;
  readonly confidence: number;
  readonly seed: number;
  /** Null when nobody has told: those of the durable sweeps that have tried the settings, else the one. */
  readonly trials: number | null;
  readonly trialSharpeVariance: number | undefined;
}

export const truthOptions = <T>(yargs: Argv<T>) =>
  yargs
    .option('truth', {
      type: 'boolean',
      default: false,
      describe: 'Also say how far the result can be believed (docs/truth.md)',
    })
    .option('bootstrap', {
      type: 'number',
      default: 1_000,
      requiresArg: true,
      describe: 'With --truth: so many samples of days and trades',
    })
    .option('random-runs', {
      type: 'number',
      default: 200,
      requiresArg: true,
      describe: 'With --truth: so many backtests with entries by chance',
    })
    .option('confidence', {
      type: 'number',
      default: 0.95,
      requiresArg: true,
      describe: 'With --truth: of its intervals and its verdict',
    })
    .option('trials', {
      type: 'number',
      requiresArg: true,
      describe:
        'With --truth: how many settings were tried before this one was chosen (those of durable sweeps that have tried it, else 1)',
    })
    .option('trials-from', {
      type: 'string',
      requiresArg: true,
      describe: 'With --truth: the file that `ballast optimise --json FILE` wrote, which tells how many',
    })
    .conflicts('trials', 'trials-from');

/** @returns undefined when it was not asked @throws UserError naming the option that cannot be used */
export function truthRequest(options: TruthOptions): TruthRequest | undefined {
  if (!options.truth) return undefined;
  const { confidence, seed } = options;
  if (!(confidence > 0 && confidence < 1))
    throw new UserError(`--confidence ${confidence} is not between 0 and 1.`);
  const from = options['trials-from'];
  return {
    runs: atLeastOne('bootstrap', options.bootstrap),
    randomRuns: atLeastOne('random-runs', options['random-runs']),
    ...{ confidence, seed },
    ...(from === undefined
      ? {
          trials: options.trials === undefined ? null : atLeastOne('trials', options.trials),
          trialSharpeVariance: undefined,
        }
      : recordedTrials(from)),
  };
}

function atLeastOne(option: string, value: number): number {
  if (Number.isInteger(value) && value >= 1) return value;
  throw new UserError(`--${option} ${value} cannot be used.`, 'Give a whole number of at least 1.');
}

/** What is read of the record of an optimisation; its ratios are yearly. */
const recordSchema = z.object({
  trials: z.int().min(1),
  sharpe: z.object({ deviation: z.number().nullable() }).optional(),
});

const DAYS_PER_YEAR = 365;

function recordedTrials(file: string): Pick<TruthRequest, 'trials' | 'trialSharpeVariance'> {
  const path = resolve(workingFolder(), file);
  if (!existsSync(path)) throw new UserError(`--trials-from ${file}: there is no file ${path}.`);
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new UserError(`${path} cannot be read: ${messageOf(error)}`);
  }
  const record = recordSchema.safeParse(content);
  if (!record.success)
    throw new UserError(
      `${path} is not the record of an optimisation.`,
      'Name a file that `ballast optimise … --json FILE` has written.',
    );
  const { trials, sharpe } = record.data;
  const deviation = sharpe?.deviation ?? null;
  return { trials, trialSharpeVariance: deviation === null ? undefined : deviation ** 2 / DAYS_PER_YEAR };
}
