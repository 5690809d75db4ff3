import { z } from 'zod';
import { UserError } from '../../errors';
import { confirmFilter } from './confirm';
import { eraseFilter, type AnyFilter, type FilterSettings, type PreparedFilter } from './filter';
import { regimeFilter } from './regime';

/** Every filter there is, by id. */
export const FILTERS: Readonly<Record<string, AnyFilter>> = Object.fromEntries(
  [eraseFilter(regimeFilter), eraseFilter(confirmFilter)].map((filter) => [filter.id, filter]),
);

/** A filter as a person writes it: its id, or its id with parameters: `regime`, `{regime: {window: 300}}`. */
export const filterEntrySchema = z.union(
  [
    z.string(),
    z.record(z.string(), z.record(z.string(), z.unknown()).nullable()).refine((entry) => Object.keys(entry).length === 1),
  ],
  'must be a filter like "regime", or one with parameters like {regime: {window: 300}}',
);
export type FilterEntry = z.infer<typeof filterEntrySchema>;

/** @throws UserError for a filter that there is not, and for bad parameters */
export const prepareFilters = (filters: readonly FilterSettings[]): readonly PreparedFilter[] =>
  filters.map(({ id, parameters }) => {
    const filter = Object.hasOwn(FILTERS, id) ? FILTERS[id] : undefined;
    if (filter === undefined)
      throw new UserError(
        `There is no filter "${id}".`,
        `Known filters: ${Object.keys(FILTERS).join(', ')}.`,
      );
    return filter.parse(parameters);
  });

/** @throws as {@link prepareFilters} */
export const filtersFrom = (entries: readonly FilterEntry[]): readonly PreparedFilter[] =>
  prepareFilters(
    entries.map((entry) => {
      const [id = '', parameters] = typeof entry === 'string' ? [entry] : (Object.entries(entry)[0] ?? []);
      return { id, parameters: parameters ?? {} };
    }),
  );
