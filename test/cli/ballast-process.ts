import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const MAIN = join(__dirname, '../../dist/cli/main.js');

/** Compiles what has changed: the command line runs from dist/. */
export function buildBallast(): void {
  const { status, stderr } = spawnSync(process.execPath, [join(__dirname, '../../scripts/build.mjs')], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`The build failed: ${stderr}`);
}

/** The compiled command line as a process of its own, the way a person or a script meets it. */
export function runBallast(cwd: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    cwd,
    env: { PATH: process.env.PATH, HOME: cwd, ...env },
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}
