import { statSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root, SetupError } from './project.mjs';

/** More than any type of workflow has branches. */
const MOST = 1_000;

export const USAGE =
  'npm run histories -- [--staged | --from DIR | --address HOST:PORT [--namespace NAME]] [--only TYPE] [--fresh] [--limit N] [--out DIR]';

const text = { type: 'string' };
const yes = { type: 'boolean', default: false };
const OPTIONS = {
  address: text,
  namespace: text,
  staged: yes,
  from: text,
  only: text,
  fresh: yes,
  limit: text,
  out: text,
};
/** Each names another place that histories are taken from. */
const SOURCES = ['staged', 'from', 'address'];

const wrong = (what) => new SetupError(`${what}\nUsage: ${USAGE}`);

/**
 * What `npm run histories` is told on its command line.
 * @param {readonly string[]} args
 * @returns {{address?: string, namespace: string, staged: boolean, from?: string, only?: string, fresh: boolean, limit: number, out: string}}
 * @throws SetupError that names the argument, its value and what is allowed
 */
export function readOptions(args) {
  const values = parse(args);
  for (const [name, value] of Object.entries(values))
    if (value === '') throw wrong(`--${name} is empty; give it a value or leave it out.`);
  const sources = SOURCES.filter((name) => values[name] !== undefined && values[name] !== false);
  if (sources.length > 1)
    throw wrong(
      `${sources.map((name) => `--${name}`).join(' and ')} say two different things; choose one of them.`,
    );
  if (values.namespace !== undefined && (values.staged || values.from !== undefined))
    throw wrong(`--namespace is that of a server; without one it says nothing.`);
  if (values.from !== undefined && kindOf(values.from) !== 'folder')
    throw wrong(`--from is "${values.from}", which is no folder; name one that holds histories.`);
  const out = values.out ?? join(root, 'test', 'histories');
  if (kindOf(out) === 'file') throw wrong(`--out is "${out}", which is a file; name a folder.`);
  return { ...values, namespace: values.namespace ?? 'default', limit: limitOf(values.limit ?? '20'), out };
}

function parse(args) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, strict: true }).values;
  } catch (error) {
    throw wrong(error.message);
  }
}

function limitOf(told) {
  const limit = told.trim() === '' ? Number.NaN : Number(told);
  if (Number.isSafeInteger(limit) && limit >= 1 && limit <= MOST) return limit;
  throw wrong(`--limit is "${told}"; it must be a whole number from 1 to ${MOST}.`);
}

/** `folder`, `file`, or undefined when there is nothing. */
function kindOf(path) {
  const found = statSync(path, { throwIfNoEntry: false });
  return found && (found.isDirectory() ? 'folder' : 'file');
}
