import { parse } from 'yaml';
import { isSettings, type Layer, type RawSettings } from './layers';
import { SECRETS } from './secret-paths';
import { isTextAt, keysAt } from './schema-walk';

/** Environment variables by name; config/environment.ts is the only one to read the process's own. */
export type Environment = Readonly<Record<string, string | undefined>>;

const PREFIX = 'BALLAST__';

/** Short names for what is set most often. */
const NAMED: Readonly<Record<string, string>> = {
  BALLAST_STATE_DIR: 'stateDir',
  BALLAST_DATA: 'market.dataDir',
  BALLAST_TEMPORAL_ADDRESS: 'temporal.address',
  BALLAST_TEMPORAL_NAMESPACE: 'temporal.namespace',
  BALLAST_LOG_LEVEL: 'log.level',
  ...Object.fromEntries(SECRETS.map(({ path, variable }) => [variable, path])),
};

/**
 * One layer per variable. `BALLAST__risk__maxOpenPositions=3` sets `risk.maxOpenPositions`; upper and lower case are
 * the same, and values are read as YAML (`[a, b]` is a list) except where a text is wanted. Empty variables count as
 * not set.
 */
export function environmentLayers(env: Environment): Layer[] {
  return Object.entries(env).flatMap(([variable, value]): Layer[] => {
    if (value === undefined || value === '') return [];
    const path = pathOf(variable);
    if (path === undefined) return [];
    const settings = nest(path, isTextAt(path) ? value : parseValue(value));
    return isSettings(settings) ? [{ origin: variable, settings }] : [];
  });
}

function pathOf(variable: string): readonly string[] | undefined {
  const named = NAMED[variable];
  if (named !== undefined) return named.split('.');
  if (!variable.startsWith(PREFIX)) return undefined;
  const path: string[] = [];
  for (const part of variable.slice(PREFIX.length).split('__')) {
    const known = keysAt(path)?.find((key) => key.toLowerCase() === part.toLowerCase());
    path.push(known ?? part);
  }
  return path;
}

function parseValue(text: string): unknown {
  try {
    return parse(text) as unknown;
  } catch {
    return text;
  }
}

const nest = (path: readonly string[], value: unknown): unknown =>
  path.reduceRight<unknown>((inner, key): RawSettings => ({ [key]: inner }), value);
