import { createRequire } from 'node:module';
import { join } from 'node:path';
import { build } from './build.mjs';
import { root } from './project.mjs';
import { provideServers } from './servers.mjs';

const require = createRequire(import.meta.url);

/**
 * Runs a program of bench/ in this process, from its TypeScript: it shares the harness of the crash tests, which is not
 * compiled. What it measures runs from dist/, as always.
 * @param {string} module its file in bench/, without the extension
 * @param {string} program the function that takes the arguments and resolves to the exit code
 * @param {{servers?: string[]}} options servers that it needs
 */
export async function runBenchRoom(module, program, { servers = ['temporalCli'] } = {}) {
  await provideServers(servers);
  await build();
  require('./typescript-loader.cjs');
  process.exit(await require(join(root, 'bench', `${module}.ts`))[program](process.argv.slice(2)));
}
