import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

const ROOT = join(__dirname, '../../..');

/** A build of Ballast beside the one under test: the same program with other workflow code. */
export interface Build {
  readonly id: string;
  /** Its worker. */
  readonly main: string;
}

/** A change of one source file: the text that is replaced (it must be there), and what takes its place. */
export interface Change {
  readonly file: string;
  readonly find: string;
  readonly put: string;
}

/**
 * Makes a build whose workflows are changed, in a folder of its own.
 * @throws Error when a change does not find its text: the sources have moved on, and the test with them
 */
export async function makeBuild(folder: string, id: string, changes: readonly Change[]): Promise<Build> {
  const home = join(folder, id);
  mkdirSync(home, { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(home, 'node_modules'));
  for (const part of ['package.json', 'dist', 'workflows', 'domain'])
    cpSync(join(ROOT, part), join(home, part), { recursive: true });
  for (const { file, find, put } of changes) {
    const source = readFileSync(join(home, file), 'utf8');
    if (!source.includes(find)) throw new Error(`${file} does not contain: ${find}`);
    writeFileSync(join(home, file), source.replace(find, put));
  }
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(home, 'workflows', 'index.ts'),
    logger: new DefaultLogger('WARN'),
  });
  writeFileSync(join(home, 'dist', 'workflow-bundle.js'), `/* ballast build ${id} */${code}`);
  return { id, main: join(home, 'dist', 'workers', 'main.js') };
}
