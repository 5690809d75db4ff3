import { findStrategy, STRATEGIES } from '../../domain/strategies/registry';
import { defineCommand } from '../command';
import { withContext, type Context } from '../context';
import { utcTime } from '../format';
import { columns, createOutput } from '../output';
import { runningStrategies, strategyHandle, strategyProgress } from '../strategy-client';

export const strategiesCommand = defineCommand<{ readonly available: boolean }>({
  command: 'strategies',
  describe: 'Running and configured strategies; --available for the coded ones',
  builder: (yargs) =>
    yargs.option('available', {
      type: 'boolean',
      default: false,
      describe: 'Coded strategies and their parameters',
    }),
  run: (options) => (options.available ? listAvailable(options.json) : withContext(options, listRunning)),
});

async function listRunning({ config, account, output, temporal }: Context): Promise<void> {
  const client = await temporal();
  const running = await runningStrategies(client, account.account);
  const names = [...new Set([...config.strategies.map(({ name }) => name), ...running])];
  const list = await Promise.all(
    names.map(async (name) => {
      const entry = config.strategies.find((candidate) => candidate.name === name);
      const handle = strategyHandle(client, account.account, name);
      const progress = running.includes(name) ? await strategyProgress(handle) : undefined;
      return { name, configured: entry ?? null, progress: progress ?? null };
    }),
  );
  output.result(list, () => {
    const rows = list.map(({ name, configured, progress }) => [
      name,
      configured?.strategy ?? '(started by hand)',
      configured === null ? '' : configured.symbols.join(' '),
      configured?.timeframe ?? '',
      progress === null ? 'not running' : progress.mode,
      progress === null ? '–' : String(progress.cycles),
      progress === null ? '–' : String(progress.skippedBars),
      progress?.lastBarCloseMs ? utcTime(progress.lastBarCloseMs, 'minutes') : '–',
      progress?.modeReason ?? '',
    ]);
    const heads = columns(
      'name',
      'strategy',
      'pairs',
      'bars',
      'state',
      '>cycles',
      '>skipped',
      'last bar (utc)',
      'reason',
    );
    output.table(heads, rows, 'No strategy is configured or running.');
  });
}

function listAvailable(json: boolean): Promise<void> {
  const output = createOutput(json, (text) => process.stdout.write(text));
  const list = Object.values(STRATEGIES).map(({ id, summary }) => ({
    id,
    summary,
    parameters: findStrategy(id).parse({}).parameters,
  }));
  output.result(list, () => {
    for (const { id, summary, parameters } of list) {
      output.say(`${id}: ${summary}`);
      output.say(
        `  ${Object.entries(parameters)
          .map(([name, value]) => `${name}=${String(value)}`)
          .join('  ')}\n`,
      );
    }
    output.say('Start one with: ballast start ID --name NAME --param period=21');
  });
  return Promise.resolve();
}
