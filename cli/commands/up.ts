import { agentText, panelText } from '../../config/deliberation';
import { loadLayeredConfig, type LoadOptions } from '../../config/load';
import { newsPlan } from '../../config/news-plan';
import { Mode } from '../../config/schema';
import { UserError } from '../../domain/errors';
import { isUnexplained } from '../../domain/findings';
import { runUp } from '../../workers/up';
import { defineCommand } from '../command';
import { UnavailableError } from '../failure';
import { commandLoadOptions, type GlobalOptions } from '../locate-config';
import { MARKET_SOURCE } from '../market-source-options';
import { runView } from '../view/run-view';

interface UpCommandOptions {
  readonly data?: string;
  readonly simulate?: boolean;
  readonly seed?: number;
  readonly speed?: number;
  readonly strategies?: string;
  readonly 'new-session': boolean;
  readonly view: boolean;
  readonly plain: boolean;
}

export const upCommand = defineCommand<UpCommandOptions>({
  command: 'up',
  describe: 'Bring everything up and trade, with a live view; Ctrl-C stops it in order',
  builder: (yargs) =>
    yargs
      .options(MARKET_SOURCE)
      .option('seed', { type: 'number', requiresArg: true, describe: 'Seed of the simulated market' })
      .option('speed', {
        type: 'number',
        requiresArg: true,
        describe: 'Market time per wall time (default 60)',
      })
      .option('strategies', {
        type: 'string',
        requiresArg: true,
        describe: 'Only these configured ones, e.g. rsi-1m,trend-5m',
      })
      .option('new-session', {
        type: 'boolean',
        default: false,
        describe: 'Set the last session aside and start over',
      })
      .option('view', {
        type: 'boolean',
        default: true,
        describe: 'With --no-view: only start and stop are told',
      })
      .option('plain', {
        type: 'boolean',
        default: false,
        describe: 'A line now and then instead of the full screen',
      })
      .conflicts('data', 'simulate')
      .example('$0 up --speed 300', 'five market minutes a second')
      .example('$0 up --profile paper', 'live prices of the exchange, simulated fills; needs no keys')
      .example('$0 up --profile testnet', "the exchange's test network (needs its keys)"),
  run: async (options) => {
    const load = { ...commandLoadOptions(options), flags: flagsOf(options) };
    const tell = (line: string): void => {
      process.stderr.write(`${line}\n`);
    };
    const system = await runUp({
      load: withStrategies(load, options.strategies),
      newSession: options['new-session'],
      progress: tell,
    });
    const { started, continued, reconciliation } = system.begun;
    for (const finding of reconciliation.findings)
      tell(`${isUnexplained(finding) ? 'Not explained' : 'Noticed'}: ${finding.message}`);
    for (const { message } of reconciliation.done) tell(`Reconciled: ${message}`);
    if (continued.length > 0) tell(`Continuing session ${reconciliation.session}: ${continued.join(', ')}`);
    if (started.length > 0) tell(`Started ${started.join(', ')}`);
    tell(`Panel: ${panelText(system.config)}`);
    tell(`Agent: ${agentText(system.config)}`);
    tell(`News: ${newsPlan(system.config).label}`);
    if (options.view)
      await runView({ ...system, ...system.record }, { plain: options.plain || !process.stdout.isTTY });
    else tell('Trading. Look with `ballast status`; Ctrl-C stops.');
    const { failure } = await system.ended;
    if (failure !== undefined)
      throw new UnavailableError(failure, 'Its log is in the state folder, under logs.');
    tell('Stopped. The next `ballast up` carries on from here.');
  },
});

function flagsOf({ data, simulate, seed, speed }: GlobalOptions & UpCommandOptions) {
  const mode = data !== undefined ? Mode.Replay : simulate === true ? Mode.Simulated : undefined;
  return { mode, market: { dataDir: data, seed, speed } };
}

/** Narrows the configured strategies to those named on the command line. */
function withStrategies(load: LoadOptions, names: string | undefined): LoadOptions {
  if (names === undefined) return load;
  const { config } = loadLayeredConfig({ ...load, deploymentId: () => 'unused' });
  const wanted = names.split(',');
  const known = config.strategies.map(({ name }) => name);
  const unknown = wanted.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new UserError(
      `No strategy named ${unknown.join(', ')} is configured.`,
      `Configured: ${known.join(', ')}.`,
    );
  }
  const strategies = config.strategies.filter(({ name }) => wanted.includes(name));
  // Those that do not run have no entries to pause, and none to deliberate on.
  const pausing = config.news.breaking.strategies.filter((name) => wanted.includes(name));
  const deliberated = config.deliberation.strategies?.filter((name) => wanted.includes(name)) ?? null;
  return {
    ...load,
    flags: {
      ...load.flags,
      strategies,
      news: { breaking: { strategies: pausing } },
      deliberation: { strategies: deliberated },
    },
  };
}
