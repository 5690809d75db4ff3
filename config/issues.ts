import type { z } from 'zod';
import { UserError } from '../domain/errors';
import { settingAt, type MergedLayers } from './layers';
import { isSecretPath } from './secret-paths';
import { keysAt } from './schema-walk';
import { nearest } from './suggestion';

/** One fault of a configuration. */
export interface ConfigIssue {
  /** Dotted, e.g. `strategies.0.timeframe`. */
  readonly path: string;
  /** As JSON, `not set` when it is missing, `[secret]` for keys. */
  readonly value: string;
  /** File, profile or variable that said so, or null when nobody did. */
  readonly origin: string | null;
  /** What is wrong, and what is allowed. */
  readonly problem: string;
}

/** A configuration that cannot be used. Nothing has been started. */
export class ConfigError extends UserError {
  constructor(readonly issues: readonly ConfigIssue[]) {
    super(
      ['The configuration has errors:', ...issues.map(describe)].join('\n'),
      'Correct them; nothing has been started.',
    );
  }
}

function describe({ path, value, origin, problem }: ConfigIssue): string {
  const source = origin === null ? '' : ` (from ${origin})`;
  return `  ${path === '' ? 'the whole file' : path} is ${value}${source}: ${problem}`;
}

/** An issue about the setting at `path`, with its value and origin looked up. */
export function issueAt(layers: MergedLayers, path: readonly PropertyKey[], problem: string): ConfigIssue {
  const dotted = path.map(String).join('.');
  const value = settingAt(layers.settings, path);
  return {
    path: dotted,
    value: show(dotted, value),
    origin: value === undefined ? null : originOf(layers, dotted),
    problem,
  };
}

/** zod's issues in our words. */
export const issuesFrom = (layers: MergedLayers, error: z.ZodError): readonly ConfigIssue[] =>
  error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => issueAt(layers, [...issue.path, key], unknownKey(issue.path, key)))
      : [issueAt(layers, issue.path, problemOf(issue))],
  );

function unknownKey(path: readonly PropertyKey[], key: string): string {
  const known = keysAt(path) ?? [];
  const suggestion = nearest(key, known);
  if (suggestion !== undefined) return `there is no such setting; did you mean "${suggestion}"?`;
  return `there is no such setting; known here: ${known.join(', ')}`;
}

function problemOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type') return `must be ${NAMES[issue.expected] ?? issue.expected}`;
  if (issue.code === 'invalid_value' && issue.message.startsWith('Invalid')) {
    return `must be one of ${issue.values.map(String).join(', ')}`;
  }
  if (issue.code === 'too_small' && issue.message.startsWith('Too')) {
    return `must be ${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}${unitOf(issue.origin)}`;
  }
  if (issue.code === 'too_big' && issue.message.startsWith('Too')) {
    return `must be ${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}${unitOf(issue.origin)}`;
  }
  return issue.message;
}

const NAMES: Readonly<Record<string, string>> = {
  object: 'settings by name, like "key: value"',
  record: 'settings by name, like "key: value"',
  array: 'a list',
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
};

const unitOf = (origin: string): string =>
  origin === 'string' ? ' characters' : origin === 'array' ? ' items' : '';

function show(path: string, value: unknown): string {
  if (value === undefined) return 'not set';
  return isSecretPath(path) ? '[secret]' : JSON.stringify(value);
}

function originOf({ origins }: MergedLayers, path: string): string | null {
  for (let at = path; at !== ''; at = at.slice(0, Math.max(0, at.lastIndexOf('.')))) {
    const origin = origins.get(at);
    if (origin !== undefined) return origin;
  }
  return null;
}
