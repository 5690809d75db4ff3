import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative } from 'node:path';
import { UserError } from '../../domain/errors';
import type { ModelSource } from '../../domain/learning/model';
import {
  createCatalogue,
  isBuiltIn,
  type StrategyCatalogue,
  type StrategyFault,
} from '../../domain/strategies/catalogue';
import { createModelRegistry, modelFolder } from '../models/registry';
import { guarded, thrownText } from '../../domain/strategies/guard';
import { erase, type AnyStrategy } from '../../domain/strategies/prepare';
import { provideAuthorModules } from './modules';
import { exportedStrategy, Unusable } from './shape';
import { withinTime } from './time-limit';
import { versionOf } from './version';

/** What a file may take to load. */
const LOAD_MS = 5_000;
const SOURCE = /\.(?:ts|mts|js|mjs|cjs)$/;
/** Tests, declarations, and what strategies share. */
const NO_STRATEGY = /(?:\.test\.|\.spec\.|\.d\.m?ts$|^[._])/;

const loaded = new Map<string, Pick<StrategyCatalogue, 'faults'> & { readonly own: readonly AnyStrategy[] }>();

/**
 * The strategies there are: the built-in ones, and one for each file directly in `folder` (absolute; it need not exist). A file that
 * gives none becomes a fault and takes nothing from the others. A process loads a folder once: a file that is changed afterwards is
 * the old one until the process starts again.
 */
export function loadStrategies(folder: string, models?: ModelSource): StrategyCatalogue {
  const known = loaded.get(folder) ?? load(folder);
  loaded.set(folder, known);
  return createCatalogue(known.own, known.faults, models);
}

/** {@link loadStrategies} with the models of a state folder. */
export const openStrategies = (folders: {
  readonly strategiesDir: string;
  readonly stateDir: string;
}): StrategyCatalogue =>
  loadStrategies(folders.strategiesDir, createModelRegistry(modelFolder(folders.stateDir)));

function load(folder: string) {
  const own: AnyStrategy[] = [];
  const faults: StrategyFault[] = [];
  for (const name of filesIn(folder)) {
    const path = join(folder, name);
    const file = shownPath(path);
    const id = name.replace(SOURCE, '');
    try {
      const taken = own.find((other) => other.id === id)?.origin?.file;
      if (taken !== undefined) throw new Unusable(`its id "${id}" is taken by ${taken}`, RENAME);
      own.push(loadFile(path, file, id, folder));
    } catch (error) {
      faults.push({ file, id, ...told(error, file) });
    }
  }
  return { own, faults };
}

const RENAME = 'Give the file, and the id in it, another name.';

function filesIn(folder: string): readonly string[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    return entries
      .filter((entry) => !entry.isDirectory())
      .map(({ name }) => name)
      .filter((name) => SOURCE.test(name) && !NO_STRATEGY.test(name))
      .sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new UserError(
      `The folder of strategies ${folder} cannot be read: ${(error as Error).message}`,
      'Correct strategiesDir.',
    );
  }
}

/** As a person in this folder would write it, where that is shorter. */
function shownPath(path: string): string {
  const fromHere = relative(process.cwd(), path);
  return fromHere.startsWith('..') ? path : fromHere;
}

function loadFile(path: string, file: string, id: string, folder: string): AnyStrategy {
  if (isBuiltIn(id))
    throw new Unusable(`its id "${id}" is that of a built-in strategy`, RENAME);
  const strategy = exportedStrategy(evaluate(path, folder), id);
  const usable = guarded(erase(strategy), { file, version: versionOf(path) });
  withinTime(LOAD_MS, () => usable.parse({})); // its defaults have to hold, and its indicators to exist
  return usable;
}

function evaluate(path: string, folder: string): Readonly<Record<string, unknown>> {
  if (/\.m?ts$/.test(path) && process.features.typescript === false)
    throw new Unusable(
      `this Node (${process.version}) does not load TypeScript`,
      'Use Node 22.18 or later, or write it in JavaScript.',
    );
  const end = provideAuthorModules(folder);
  try {
    const module: unknown = withinTime(LOAD_MS, () => createRequire(path)(path) as unknown);
    return { ...(module as object | null) };
  } finally {
    end();
  }
}

/** What a person is told about a file that gives no strategy. */
function told(error: unknown, file: string): Pick<StrategyFault, 'problem' | 'todo'> {
  if (error instanceof Unusable) return { problem: error.message, todo: error.todo };
  if (error instanceof UserError) return { problem: error.message, todo: error.hint ?? `Correct ${file}.` };
  const { code, message } = error as NodeJS.ErrnoException;
  const known = code === undefined ? undefined : KNOWN[code];
  if (known !== undefined) return known;
  const missing = /does not provide an export named '(\w+)'/.exec(message)?.[1];
  if (missing !== undefined)
    return {
      problem: `it imports ${missing}, and there is no such value`,
      todo: `If ${missing} is a type, write: import type { ${missing} } from …`,
    };
  return { problem: thrownText(file, error), todo: `Correct ${file}.` };
}

const KNOWN: Readonly<Record<string, Pick<StrategyFault, 'problem' | 'todo'>>> = {
  ERR_REQUIRE_ASYNC_MODULE: {
    problem: 'it waits for something (await) outside of every function',
    todo: 'A strategy computes from bars alone: take the await out.',
  },
  ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX: {
    problem: 'it uses TypeScript that is more than types (an enum, a namespace, a parameter property)',
    todo: 'Write it as JavaScript with types: a constant object in place of an enum.',
  },
};
