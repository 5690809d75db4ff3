import { relative, resolve } from 'node:path';
import type { Argv } from 'yargs';
import { processEnvironment } from '../../config/environment';
import { defineCommand } from '../command';
import { writeStrategy } from '../new-strategy';
import { createOutput } from '../output';
import { strategiesFolder } from '../strategy-catalogue';

const newStrategyCommand = defineCommand<{ readonly name?: string; readonly dir?: string }>({
  command: 'strategy <name>',
  describe: 'Write a strategy of your own to begin with, and its test',
  builder: (yargs) =>
    yargs
      .positional('name', {
        type: 'string',
        describe: 'Its id and the name of its file, e.g. night-breakout',
      })
      .option('dir', {
        type: 'string',
        requiresArg: true,
        describe: 'The folder; else strategiesDir of the configuration (./strategies)',
      }),
  run: (options) => {
    const { cwd } = processEnvironment();
    const configured = strategiesFolder(options);
    const folder = options.dir === undefined ? configured : resolve(cwd, options.dir);
    const id = options.name ?? '';
    const written = writeStrategy(id, folder);
    const output = createOutput(options.json, (text) => process.stdout.write(text));
    output.result({ id, folder, ...written }, () => {
      for (const path of [written.strategy, written.test, ...written.shared])
        output.say(`wrote ${relative(cwd, path)}`);
      if (folder !== configured)
        output.say(
          `\nBallast looks for strategies in ${configured}. To use this folder, write into your ballast.yaml:\n  strategiesDir: ${folder}`,
        );
      output.say('\nCheck it:  ballast strategies --check');
      output.say(`Try it:    ballast backtest --strategy ${id} --simulate --symbol BTC/USDT --timeframe 15m`);
    });
    return Promise.resolve();
  },
});

export const newCommand = {
  command: 'new <what>',
  describe: 'Write a strategy of your own to begin with',
  builder: (yargs: Argv) => yargs.command([newStrategyCommand]).demandCommand(1, 'What? There is: strategy'),
  handler: () => undefined,
};
