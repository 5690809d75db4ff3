import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleWorkflowCode, DefaultLogger, type WorkflowBundle } from '@temporalio/worker';

const root = join(__dirname, '..', '..');
const cache = join(root, 'node_modules/.cache/ballast/test-bundles');

/**
 * The workflow code as a worker runs it. Bundled once for as long as the sources stay the same, and shared by all suites.
 */
export async function workflowBundle(entry = 'workflows/index.ts'): Promise<WorkflowBundle> {
  const codePath = join(cache, `${fingerprint(entry)}.js`);
  if (!existsSync(codePath)) {
    const { code } = await bundleWorkflowCode({
      workflowsPath: join(root, entry),
      logger: new DefaultLogger('WARN'),
    });
    mkdirSync(cache, { recursive: true });
    const mine = `${codePath}.${process.pid}`;
    writeFileSync(mine, code);
    renameSync(mine, codePath); // two suites that bundle at once write the same
  }
  return { code: readFileSync(codePath, 'utf8') };
}

function fingerprint(entry: string): string {
  const hash = createHash('sha256')
    .update(entry)
    .update(readFileSync(join(root, entry)))
    .update(readFileSync(join(root, 'package-lock.json')));
  const files = ['workflows', 'domain', 'test/replay/fixtures'].flatMap((folder) =>
    existsSync(join(root, folder)) ? sourcesIn(join(root, folder)) : [],
  );
  for (const file of files) hash.update(file).update(readFileSync(file));
  return hash.digest('hex').slice(0, 24);
}

const sourcesIn = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .sort()
    .map((name) => join(folder, name));
