import { parse } from 'yaml';
import { UserError } from '../domain/errors';
import { filterEntrySchema, type FilterEntry } from '../domain/strategies/filters/registry';
import { messageOf } from './failure';

/** How a command takes filters. */
export const FILTER_OPTION = {
  type: 'string',
  array: true,
  describe:
    'What entries have to pass, e.g. --filter regime --filter "confirm: {timeframes: [4h]}"; repeatable',
} as const;

/** Filters given as YAML, as they stand in a configuration. @throws UserError for one that is none */
export function parseFilters(texts: readonly string[]): readonly FilterEntry[] {
  return texts.map((text) => {
    const found = filterEntrySchema.safeParse(parseValue('filter', text, text));
    if (found.success) return found.data;
    throw new UserError(
      `--filter ${text} is not a filter.`,
      'For example: --filter regime, or with parameters: --filter "regime: {window: 300}"',
    );
  });
}

/** Parameters given as `name=value`, the values as YAML reads them. @throws UserError for one that is not */
export function parseParameters(pairs: readonly string[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      if (at < 1)
        throw new UserError(
          `--param ${pair} is not of the form name=value.`,
          'For example: --param period=21',
        );
      return [pair.slice(0, at), parseValue('param', pair, pair.slice(at + 1))];
    }),
  );
}

/** @throws UserError naming the option for what is not YAML */
function parseValue(option: string, given: string, text: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    const [problem = ''] = messageOf(error).split('\n');
    throw new UserError(
      `--${option} ${given} cannot be read: ${problem.replace(/:$/, '')}.`,
      'Values are written as in YAML: 21, null, text, [1, 2], {a: 1}.',
    );
  }
}

/** Values given one by one or separated by commas. */
export const splitList = (values: readonly string[]): readonly string[] =>
  values.flatMap((value) => value.split(',')).filter((value) => value !== '');
