import { parse } from 'yaml';
import { UserError } from '../domain/errors';

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
      return [pair.slice(0, at), parse(pair.slice(at + 1)) as unknown];
    }),
  );
}

/** Values given one by one or separated by commas. */
export const splitList = (values: readonly string[]): readonly string[] =>
  values.flatMap((value) => value.split(',')).filter((value) => value !== '');
