import { spawn } from 'node:child_process';
import { constants as osConstants } from 'node:os';
import { join } from 'node:path';
import { build } from './build.mjs';
import { root } from './project.mjs';
import { provideServers } from './servers.mjs';

/**
 * Runs jest with everything that tests may need: both Temporal servers, a fresh dist/ for those that start whole
 * processes, and support for `import()` of packages that exist only as ES modules.
 * @param {string[]} args
 * @returns {Promise<number>} jest's exit code
 */
export async function runJest(args) {
  await provideServers(['temporalCli', 'temporalTestServer']);
  await build();
  const nodeOptions = `${process.env.NODE_OPTIONS ?? ''} --experimental-vm-modules --disable-warning=ExperimentalWarning`;
  // A suite that failed may leave servers running; they end with jest, which must therefore not wait for them.
  const program = [join(root, 'node_modules/jest/bin/jest.js'), '--forceExit', ...args];
  const child = spawn(process.execPath, program, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, NODE_OPTIONS: nodeOptions.trim() },
  });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(code ?? 128 + osConstants.signals[signal]));
  });
}
