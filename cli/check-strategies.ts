import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../config/project-root';

/** One thing that was tried, and what it said when it failed. */
export interface CheckResult {
  readonly what: string;
  readonly ok: boolean;
  readonly text: string;
}

const compiled = join(__dirname, '..');

/** The types of a folder of strategies, by its own tsconfig.json. */
export function checkTypes(folder: string): Promise<CheckResult> {
  const what = 'types';
  if (!existsSync(join(folder, 'tsconfig.json')))
    return Promise.resolve({
      ...{ what, ok: false },
      text: `There is no tsconfig.json in ${folder}: \`ballast new strategy NAME\` writes one.`,
    });
  const compiler = join(projectRoot(), 'node_modules', 'typescript', 'bin', 'tsc');
  return runNode(what, folder, [compiler, '--noEmit', '--pretty', 'false', '-p', folder]);
}

/** The tests in a folder of strategies, by Node's own test runner. */
export function runTests(folder: string): Promise<CheckResult> {
  const what = 'tests';
  const files = readdirSync(folder).filter((name) => /\.test\.m?[jt]s$/.test(name));
  if (files.length === 0) return Promise.resolve({ what, ok: true, text: 'there are none' });
  const hooks = join(compiled, 'adapters', 'strategies', 'register.js');
  return runNode(what, folder, ['--require', hooks, '--test', '--test-reporter=spec', ...files]);
}

function runNode(what: string, cwd: string, args: readonly string[]): Promise<CheckResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ what, ok: code === 0, text: text.trim() });
    });
  });
}
