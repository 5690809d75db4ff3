import { join, resolve } from 'node:path';
import { processEnvironment } from '../../config/environment';
import { projectRoot } from '../../config/project-root';
import { UserError } from '../../domain/errors';
import { resolveDataDir } from '../../emulator/market/data-dir';
import { openMarketSource } from '../../emulator/market/open-market';
import { defineCommand } from '../command';
import { createOutput } from '../output';
import { runEmulator } from '../run-emulator';

interface EmulatorCommandOptions {
  readonly port: number;
  readonly data?: string;
  readonly simulate: boolean;
  readonly speed: string;
  readonly journal: string;
  readonly seed: number;
}

const DEFAULT_PORT = 8290;

export const emulatorCommand = defineCommand<EmulatorCommandOptions>({
  command: 'emulator',
  describe: 'Run the exchange emulator alone: any ccxt bot can trade against it',
  builder: (yargs) =>
    yargs
      .option('port', {
        type: 'number',
        default: DEFAULT_PORT,
        requiresArg: true,
        describe: 'TCP port; 0 picks a free one',
      })
      .option('data', {
        type: 'string',
        requiresArg: true,
        describe: 'Recorded data to replay; else BALLAST_DATA',
      })
      .option('simulate', {
        type: 'boolean',
        default: false,
        describe: 'The simulated market, whatever data is there',
      })
      .option('speed', {
        type: 'string',
        default: '60',
        requiresArg: true,
        describe: 'Market time per wall time, or "max"',
      })
      .option('journal', {
        type: 'string',
        default: '.ballast/emulator-alone',
        requiresArg: true,
        describe: 'Folder of its record',
      })
      .option('seed', { type: 'number', default: 1, requiresArg: true, describe: 'Of the simulated market' }),
  run: async (options) => {
    const { env, cwd } = processEnvironment();
    const speed = options.speed === 'max' ? 'max' : Number(options.speed);
    if (speed !== 'max' && !(speed > 0 && Number.isFinite(speed))) {
      throw new UserError(`--speed ${options.speed} is neither a positive number nor "max".`);
    }
    if (!Number.isInteger(options.port) || options.port < 0 || options.port > 65_535) {
      throw new UserError(
        `--port ${options.port} is not a port: give one from 1 to 65535, or 0 for any free one.`,
      );
    }
    const choice = resolveDataDir({ flag: options.data, env: env.BALLAST_DATA, projectRoot: projectRoot() });
    const source = await openMarketSource({
      dataDir: options.simulate ? undefined : choice.dataDir,
      seed: options.seed,
    });
    const output = createOutput(options.json, (text) => process.stdout.write(text));
    const journalDir = resolve(cwd, join(options.journal));
    await runEmulator({ port: options.port, source, speed, journalDir }, (emulator) => {
      const { url, wsUrl, apiKey, secret, sessionId } = emulator;
      output.result({ url, wsUrl, apiKey, secret, sessionId, market: source.description, journalDir }, () => {
        output.say(`The exchange is open: ${source.description}, at ${options.speed}×.`);
        output.say(`  REST       ${url}`);
        output.say(`  websocket  ${wsUrl}`);
        output.say(`  API key    ${apiKey}`);
        output.say(`  secret     ${secret}`);
        output.say(`  record     ${journalDir} (session ${sessionId})`);
        output.say(
          'Ctrl-C closes it; the same command continues the session. docs/emulator.md shows how bots connect.',
        );
      });
    });
  },
});
