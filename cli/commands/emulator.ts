import { resolve } from 'node:path';
import { processEnvironment } from '../../config/environment';
import { projectRoot } from '../../config/project-root';
import { UserError } from '../../domain/errors';
import { resolveDataDir } from '../../emulator/market/data-dir';
import { openMarketSource } from '../../emulator/market/open-market';
import type { Speed } from '../../emulator/clock';
import type { MarketSource } from '../../emulator/market/source';
import { defineCommand } from '../command';
import { MARKET_SOURCE } from '../market-source-options';
import { openLive } from '../open-live';
import { createOutput } from '../output';
import { runEmulator } from '../run-emulator';

interface EmulatorCommandOptions {
  readonly port: number;
  readonly data?: string;
  readonly simulate?: boolean;
  readonly speed?: string;
  readonly journal: string;
  readonly seed: number;
  readonly news: boolean;
  readonly live?: 'binance';
  readonly pairs: string;
  readonly 'live-rest'?: string;
  readonly 'live-ws'?: string;
  readonly 'live-clock': 'wall' | 'emulator';
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
      .options(MARKET_SOURCE)
      .option('speed', {
        type: 'string',
        requiresArg: true,
        describe: 'Market time per wall time, or "max" (default 60; --live has the venue’s)',
      })
      .option('journal', {
        type: 'string',
        default: '.ballast/emulator-alone',
        requiresArg: true,
        describe: 'Folder of its record',
      })
      .option('seed', { type: 'number', default: 1, requiresArg: true, describe: 'Of the simulated market' })
      .option('news', {
        type: 'boolean',
        default: true,
        describe: 'Made-up news move the simulated market; --no-news: they do not',
      })
      .option('live', {
        choices: ['binance'] as const,
        describe: 'Mirror live public data of this venue; fills are simulated',
      })
      .option('pairs', {
        type: 'string',
        default: 'BTC/USDT,ETH/USDT',
        requiresArg: true,
        describe: 'What --live mirrors',
      })
      .option('live-rest', {
        type: 'string',
        requiresArg: true,
        describe: 'Base URL for --live instead of the venue’s own',
      })
      .option('live-ws', { type: 'string', requiresArg: true, describe: 'The same for its websocket' })
      .option('live-clock', {
        choices: ['wall', 'emulator'] as const,
        default: 'wall' as const,
        describe: '"emulator" when another emulator plays the venue',
      })
      .conflicts('live', ['data', 'simulate'])
      .implies('live-rest', 'live-ws')
      .implies('live-ws', 'live-rest'),
  run: async (options) => {
    const { cwd } = processEnvironment();
    const speed = speedOf(options);
    if (!Number.isInteger(options.port) || options.port < 0 || options.port > 65_535) {
      throw new UserError(
        `--port ${options.port} is not a port: give one from 1 to 65535, or 0 for any free one.`,
      );
    }
    const output = createOutput(options.json, (text) => process.stdout.write(text));
    const journalDir = resolve(cwd, options.journal);
    const source = await openSource(options, journalDir);
    await runEmulator({ port: options.port, source, speed, journalDir }, (emulator) => {
      const { url, wsUrl, apiKey, secret, sessionId } = emulator;
      output.result({ url, wsUrl, apiKey, secret, sessionId, market: source.description, journalDir }, () => {
        const pace = options.live === undefined ? `, at ${speed}×` : '';
        output.say(`The exchange is open: ${source.description}${pace}.`);
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

/** @throws UserError */
function speedOf({ speed, live }: EmulatorCommandOptions): Speed {
  const wanted = speed ?? (live === undefined ? '60' : '1');
  if (wanted === 'max' && live === undefined) return wanted;
  const factor = Number(wanted);
  if (!(factor > 0 && Number.isFinite(factor)))
    throw new UserError(`--speed ${wanted} is neither a positive number nor "max".`);
  if (live !== undefined && factor !== 1)
    throw new UserError(
      `--speed ${wanted}: a mirrored market keeps the time of ${live}.`,
      'Leave --speed out.',
    );
  return factor;
}

function openSource(options: EmulatorCommandOptions, journalDir: string): Promise<MarketSource> {
  const { live } = options;
  if (live !== undefined) {
    return openLive({
      venue: live,
      pairs: options.pairs.split(','),
      restUrl: options['live-rest'],
      wsUrl: options['live-ws'],
      clock: options['live-clock'],
      journalDir,
      log: (level, message, fields) => {
        process.stderr.write(`${level}: ${message} ${JSON.stringify(fields ?? {})}\n`);
      },
    });
  }
  const choice = resolveDataDir({
    flag: options.data,
    env: processEnvironment().env.BALLAST_DATA,
    projectRoot: projectRoot(),
  });
  return openMarketSource({
    dataDir: options.simulate === true ? undefined : choice.dataDir,
    seed: options.seed,
    news: options.news,
  });
}
