import { stringify } from 'yaml';
import type { Argv } from 'yargs';
import { openStrategies } from '../../adapters/strategies/load';
import { loadLayeredConfig, type LoadedConfig } from '../../config/load';
import { clip } from '../format';
import { defineCommand, noOptions } from '../command';
import { commandLoadOptions, type GlobalOptions } from '../locate-config';
import { createOutput, type Output } from '../output';

const checkCommand = defineCommand({
  command: 'check',
  describe: 'Check the configuration; exit code 2 names what is wrong',
  builder: noOptions,
  run: (options) => {
    const { config } = loadUnsaved(options);
    const output = outputFor(options);
    output.result({ ok: true, mode: config.mode }, () => {
      output.say(`The configuration is sound: mode ${config.mode}, ${config.strategies.length} strategies.`);
    });
    return Promise.resolve();
  },
});

const showCommand = defineCommand<{ readonly origins: boolean }>({
  command: 'show',
  describe: 'Show the whole configuration; secrets are masked',
  builder: (yargs) =>
    yargs.option('origins', {
      type: 'boolean',
      default: false,
      describe: 'Who set each value, instead of YAML',
    }),
  run: (options) => {
    const { config, layers } = loadUnsaved(options);
    const output = outputFor(options);
    // Through JSON, so that secrets mask themselves.
    const shown = JSON.parse(JSON.stringify(config)) as Record<string, unknown>;
    output.result(options.origins ? Object.fromEntries(layers.origins) : shown, () => {
      if (!options.origins) output.say(stringify(shown, { lineWidth: 0 }).trimEnd());
      else {
        const rows = leaves(shown).map(([path, value]) => [
          path,
          clip(value, 60),
          layers.origins.get(path) ?? 'built in',
        ]);
        output.table([{ head: 'setting' }, { head: 'value' }, { head: 'set by' }], rows, '');
      }
    });
    return Promise.resolve();
  },
});

export const configCommand = {
  command: 'config <action>',
  describe: 'Check or show the configuration',
  builder: (yargs: Argv) =>
    yargs.command([checkCommand, showCommand]).demandCommand(1, 'Which: check or show?'),
  handler: () => undefined,
};

/** What `ballast up` would start with; looking at it leaves no trace on the disk. */
const loadUnsaved = (options: GlobalOptions): LoadedConfig =>
  loadLayeredConfig({
    ...commandLoadOptions(options),
    strategies: openStrategies,
    deploymentId: () => '(generated at the first start)',
  });

const outputFor = ({ json }: GlobalOptions): Output =>
  createOutput(json, (text) => process.stdout.write(text));

/** Every single value with its dotted path; lists count as values. */
function leaves(value: unknown, path = ''): readonly (readonly [string, string])[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return [[path, JSON.stringify(value)]];
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, path === '' ? key : `${path}.${key}`));
}
