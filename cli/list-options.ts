import type { Argv } from 'yargs';
import type { ListFilter } from '../adapters/store/selection';
import type { Context } from './context';

/** What every command that prints a list of the journal takes. */
export interface ListOptions {
  readonly strategy?: string;
  readonly symbol?: string;
  readonly session?: string;
  readonly limit: number;
}

/** Of the list alone, not of the commands below it. */
const text = { type: 'string', requiresArg: true, global: false } as const;

export const listBuilder = (yargs: Argv): Argv<ListOptions> =>
  yargs
    .option('strategy', { ...text, describe: 'Only of this strategy' })
    .option('symbol', { ...text, describe: 'Only of this pair' })
    .option('session', { ...text, describe: 'Of another session, or "all"' })
    .option('limit', {
      type: 'number',
      requiresArg: true,
      global: false,
      default: 20,
      describe: 'At most so many, newest first',
    });

export const filterOf = ({ account }: Context, options: ListOptions): ListFilter => ({
  account: account.account,
  strategy: options.strategy,
  symbol: options.symbol,
  session: options.session === 'all' ? null : options.session,
  limit: options.limit,
});
