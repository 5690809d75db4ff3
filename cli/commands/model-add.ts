import { stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { stringify } from 'yaml';
import { download } from '../../adapters/llm/local/download';
import { requireGguf, sha256OfFile } from '../../adapters/llm/local/gguf-file';
import { createLocalModel } from '../../adapters/llm/local/local-model';
import { processEnvironment } from '../../config/environment';
import { UserError } from '../../domain/errors';
import { defineCommand } from '../command';
import { locateConfig } from '../locate-config';
import { createOutput } from '../output';

interface AddOptions {
  readonly source: string;
  readonly sha256: string | undefined;
  readonly 'max-gb': number;
  readonly name: string | undefined;
}

const GIGABYTE = 1e9;

export const modelAddCommand = defineCommand<AddOptions>({
  command: 'add <source>',
  describe: 'Verify a GGUF file, or download one, load it once and say how to use it',
  builder: (yargs) =>
    yargs
      .positional('source', { type: 'string', demandOption: true, describe: 'A file, or a URL (https)' })
      .option('sha256', { type: 'string', describe: 'The sum that the file must have' })
      .option('max-gb', { type: 'number', default: 20, describe: 'Largest download, in gigabytes' })
      .option('name', { type: 'string', describe: 'What to call it; the name of the file unless given' }),
  run: async (options) => {
    const { config } = locateConfig(options);
    const output = createOutput(options.json, (text) => process.stdout.write(text));
    const { path, sha256 } = await obtain(options, config.stateDir);
    const model = await createLocalModel({
      ...{ path, sequences: 1, contextTokens: 512, maxThreads: 1, gpu: false },
    });
    await model.close();
    const name = options.name ?? nameOf(path);
    const { size } = await stat(path);
    output.result({ name, path, bytes: size, sha256 }, () => {
      output.say(`${path}\n${size} bytes, SHA-256 ${sha256}; loaded once, and it works.\n`);
      output.say('To use it, write into ballast.yaml:\n');
      const models = { available: [{ name, provider: 'local', model: path }], roles: { scorer: [name] } };
      output.say(stringify({ models }));
      output.say(`Then try it with: ballast model check ${name}`);
    });
  },
});

/** The file on this machine, downloaded if need be, verified. */
async function obtain(
  { source, sha256: wanted, 'max-gb': maxGb }: AddOptions,
  stateDir: string,
): Promise<{ path: string; sha256: string }> {
  if (wanted !== undefined && !/^[0-9a-f]{64}$/i.test(wanted))
    throw new UserError(`--sha256 is "${wanted}".`, 'A SHA-256 sum has 64 hexadecimal digits.');
  if (!/^https?:\/\//.test(source)) {
    const path = resolve(processEnvironment().cwd, source);
    await requireGguf(path);
    const sha256 = await sha256OfFile(path);
    if (wanted === undefined || wanted.toLowerCase() === sha256) return { path, sha256 };
    throw new UserError(
      `${path} has the SHA-256 sum ${sha256}, not ${wanted}.`,
      'Get it anew from its publisher.',
    );
  }
  const file = basename(new URL(source).pathname).replaceAll(/[^A-Za-z0-9._-]/g, '_');
  if (!file.endsWith('.gguf'))
    throw new UserError(
      `${source} does not name a file that ends with .gguf.`,
      'Give the URL of the file itself.',
    );
  const path = join(stateDir, 'models', file);
  const sum = wanted === undefined ? {} : { sha256: wanted };
  const { sha256 } = await download({ url: source, path, maxBytes: maxGb * GIGABYTE, ...sum });
  await requireGguf(path);
  return { path, sha256 };
}

/** A name that the configuration takes. */
const nameOf = (path: string): string =>
  basename(path, '.gguf')
    .replaceAll(/[^A-Za-z0-9._-]/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 40) || 'model';
