import { z } from 'zod';
import { FILTERS } from '../../domain/strategies/filters/registry';
import type { StrategyCatalogue } from '../../domain/strategies/catalogue';
import type { AnyStrategy } from '../../domain/strategies/prepare';
import { UserError } from '../../domain/errors';
import { Lane } from '../../domain/lane';
import { checkTypes, runTests } from '../check-strategies';
import { defineCommand } from '../command';
import { withContext, type Context } from '../context';
import { utcTime } from '../format';
import type { GlobalOptions } from '../locate-config';
import { columns, createOutput } from '../output';
import { openCatalogue, strategiesFolder } from '../strategy-catalogue';
import {
  laneOf,
  lastDecidedMs,
  runningStrategies,
  strategyHandle,
  strategyProgress,
} from '../strategy-client';

export const strategiesCommand = defineCommand<{ readonly available: boolean; readonly check: boolean }>({
  command: 'strategies',
  describe: 'Running and configured strategies; --available for the coded ones',
  builder: (yargs) =>
    yargs
      .option('available', {
        type: 'boolean',
        default: false,
        describe: 'Coded strategies and their parameters, yours included',
      })
      .option('check', {
        type: 'boolean',
        default: false,
        describe: 'Load your strategies, check their types and run their tests',
      }),
  run: async (options) => {
    if (options.check) await checkOwn(options);
    else if (options.available) listAvailable(options.json, openCatalogue(options));
    else await withContext(options, listRunning);
  },
});

async function listRunning({ config, account, output, temporal, views }: Context): Promise<void> {
  const client = await temporal();
  const running = await runningStrategies(client, account.account);
  const names = [...new Set([...config.strategies.map(({ name }) => name), ...running])];
  const list = await Promise.all(
    names.map(async (name) => {
      const entry = config.strategies.find((candidate) => candidate.name === name);
      const handle = strategyHandle(client, account.account, name);
      const progress = running.includes(name) ? await strategyProgress(handle) : undefined;
      const lane = laneOf(entry, progress);
      // A lane tells the journal of its bars, and nobody else.
      const lastBarCloseMs =
        lane === Lane.Fast && progress !== undefined
          ? await lastDecidedMs(await views(), account.account, name)
          : (progress?.lastBarCloseMs ?? null);
      return { name, lane, configured: entry ?? null, progress: progress ?? null, lastBarCloseMs };
    }),
  );
  output.result(list, () => {
    const rows = list.map(({ name, lane, configured, progress, lastBarCloseMs }) => [
      name,
      configured?.strategy ?? '(started by hand)',
      configured === null ? '' : configured.symbols.join(' '),
      configured?.timeframe ?? '',
      lane,
      progress === null ? 'not running' : progress.mode,
      progress === null || lane === Lane.Fast ? '–' : String(progress.cycles),
      progress === null || lane === Lane.Fast ? '–' : String(progress.skippedBars),
      lastBarCloseMs === null ? '–' : utcTime(lastBarCloseMs, 'minutes'),
      progress?.modeReason ?? '',
    ]);
    const heads = columns(
      'name',
      'strategy',
      'pairs',
      'bars',
      'lane',
      'state',
      '>cycles',
      '>skipped',
      'last bar (utc)',
      'reason',
    );
    output.table(heads, rows, 'No strategy is configured or running.');
  });
}

function listAvailable(json: boolean, { strategies, faults }: StrategyCatalogue): void {
  const output = createOutput(json, (text) => process.stdout.write(text));
  const list = strategies.map((strategy) => ({
    id: strategy.id,
    summary: strategy.summary,
    parameters: defaultsOf(strategy),
    origin: strategy.origin ?? null,
  }));
  if (json) for (const fault of faults) process.stderr.write(`ballast: ${faultText(fault)}\n`);
  output.result(list, () => {
    for (const { id, summary, parameters, origin } of list) {
      output.say(`${id}: ${summary}${origin === null ? '' : ` (${origin.file}, version ${origin.version})`}`);
      output.say(`  ${parametersText(parameters)}\n`);
    }
    for (const fault of faults) output.say(faultText(fault));
    for (const filter of Object.values(FILTERS))
      output.say(
        `--filter ${filter.id}: ${filter.summary}\n  ${parametersText(filter.parse({}).settings.parameters)}\n`,
      );
    output.say('Start one with: ballast start ID --name NAME --param period=21');
  });
}

/** What its parameters are when nobody says; of one that cannot do without being told, that it must be. */
function defaultsOf(strategy: AnyStrategy): Readonly<Record<string, unknown>> {
  const { schema } = strategy;
  if (schema.safeParse({}).success) return strategy.parse({}).parameters;
  const { properties = {} } = z.toJSONSchema(schema, { io: 'input' });
  return Object.fromEntries(
    Object.entries(properties).map(([name, property]) => [
      name,
      typeof property === 'object' && 'default' in property ? property.default : '(must be given)',
    ]),
  );
}

const parametersText = (parameters: Readonly<Record<string, unknown>>): string =>
  Object.entries(parameters)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join('  ');

const faultText = ({ file, problem, todo }: StrategyCatalogue['faults'][number]): string =>
  `not loaded: ${file}: ${problem}\n  ${todo}`;

/** @throws UserError when something is not as it should be, after all of it has been told */
async function checkOwn(options: Pick<GlobalOptions, 'config' | 'profile' | 'json'>): Promise<void> {
  const output = createOutput(options.json, (text) => process.stdout.write(text));
  const folder = strategiesFolder(options);
  const { strategies, faults } = openCatalogue(options);
  const own = strategies.flatMap(({ id, origin }) => (origin === undefined ? [] : [{ id, ...origin }]));
  if (own.length + faults.length === 0)
    throw new UserError(
      `There are no strategies in ${folder}.`,
      'Write one to begin with: ballast new strategy NAME',
    );
  const checks = await Promise.all([checkTypes(folder), runTests(folder)]);
  output.result({ folder, strategies: own, faults, checks }, () => {
    for (const { id, file, version } of own) output.say(`loaded      ${id} (${file}, version ${version})`);
    for (const fault of faults) output.say(faultText(fault));
    for (const { what, ok, text } of checks) {
      output.say(`${what.padEnd(12)}${ok ? 'ok' : 'FAILED'}`);
      if (!ok) output.say(text.replaceAll(/^/gm, '  '));
    }
  });
  if (faults.length > 0 || checks.some(({ ok }) => !ok))
    throw new UserError('Not every strategy is as it should be.', 'What is wrong is told above.');
}
