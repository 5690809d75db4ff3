import { Timeframe } from '../../domain/bar';
import { tradedSymbols, type BallastConfig } from '../../config/config';
import { strategySchema, type StrategyConfig } from '../../config/schema';
import { UserError } from '../../domain/errors';
import { Lane } from '../../domain/lane';
import { openStrategies } from '../../adapters/strategies/load';
import type { StrategyCatalogue } from '../../domain/strategies/catalogue';
import { defineCommand } from '../command';
import { withContext } from '../context';
import { RefusedError } from '../failure';
import { FILTER_OPTION, parseFilters, parseParameters, splitList } from '../parameters';
import { startStrategy, strategySettings } from '../strategy-client';

interface StartOptions {
  readonly strategy?: string;
  readonly name?: string;
  readonly symbols?: readonly string[];
  readonly timeframe?: Timeframe;
  readonly lane?: Lane;
  readonly param?: readonly string[];
  readonly filter?: readonly string[];
}

export const startCommand = defineCommand<StartOptions>({
  command: 'start <strategy>',
  describe: 'Start a strategy: a configured one by name, or a coded one by id',
  builder: (yargs) =>
    yargs
      .positional('strategy', { type: 'string', describe: 'See: ballast strategies --available' })
      .option('name', {
        type: 'string',
        describe: 'What to call it; unique in the account',
        requiresArg: true,
      })
      .option('symbols', {
        type: 'string',
        array: true,
        coerce: splitList,
        describe: 'Pairs, e.g. BTC/USDT,ETH/USDT',
      })
      .option('timeframe', { choices: Object.values(Timeframe), describe: 'Bars that it decides on' })
      .option('lane', {
        choices: Object.values(Lane),
        describe: 'On which path it decides; durable by default',
      })
      .option('param', {
        type: 'string',
        array: true,
        describe: 'A parameter, e.g. --param period=21; repeatable',
      })
      .option('filter', FILTER_OPTION)
      .example('$0 start rsi --name fast --timeframe 1m --param period=7', 'a coded strategy'),
  run: (options) =>
    withContext(options, async ({ config, account, by, output, store, temporal }) => {
      const catalogue = openStrategies(config);
      const settings = strategySettings(config, chooseEntry(config, options, catalogue), catalogue);
      const client = await temporal();
      const journal = await store();
      await journal.audit({
        account: account.account,
        command: 'start',
        arguments: { ...settings },
        reason: null,
        by,
      });
      const runId = await startStrategy(client, settings);
      if (runId === undefined) {
        throw new RefusedError(
          `A strategy named "${settings.name}" is running already.`,
          'Give this one another --name.',
        );
      }
      const { name, strategyId, symbols, timeframe } = settings;
      output.result({ ...settings, runId }, () => {
        const path = settings.lane === undefined ? '' : ', on the fast lane';
        output.say(`${name}: started (${strategyId} on ${symbols.join(', ')}, ${timeframe} bars${path})`);
        output.say('Watch it with: ballast decisions');
      });
    }),
});

/** The configured strategy of that name, or a new one of that id, with what the command line says otherwise. */
export function chooseEntry(
  config: BallastConfig,
  options: StartOptions,
  catalogue: StrategyCatalogue,
): StrategyConfig {
  const wanted = options.strategy ?? '';
  const configured = config.strategies.find(({ name }) => name === wanted);
  const timeframe = options.timeframe ?? configured?.timeframe ?? Timeframe.M1;
  const known = tradedSymbols(config);
  const symbols = [...(options.symbols ?? configured?.symbols ?? known)];
  const unknown = symbols.filter((symbol) => !known.includes(symbol));
  if (unknown.length > 0) {
    throw new RefusedError(
      `${unknown.join(', ')} is not among the pairs that this account watches (${known.join(', ')}).`,
      'Add a strategy with it to the configuration and start `ballast up` again.',
    );
  }
  const strategy = configured?.strategy ?? catalogue.find(wanted).id;
  const entry = strategySchema.safeParse({
    ...configured,
    name: options.name ?? configured?.name ?? `${strategy}-${timeframe}`,
    strategy,
    symbols,
    timeframe,
    ...(options.lane !== undefined && { lane: options.lane }),
    ...(options.filter !== undefined && { filters: parseFilters(options.filter) }),
    parameters: { ...configured?.parameters, ...parseParameters(options.param ?? []) },
  });
  if (entry.success) return entry.data;
  throw new UserError(
    entry.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`).join('\n'),
  );
}
