import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';

const HASH_DIGITS = 12;
/** `import … from './x.ts'`, `export … from`, `import('./x.ts')`, `require('./x.cjs')`: of the user's own files only. */
const RELATIVE_IMPORT = /(?:from|import|require)\s*\(?\s*['"](\.{1,2}\/[^'"\n]+)['"]/g;

/**
 * A hash of a file and of all files of the user's that it imports by a relative path, directly or through others. What it reads
 * while it runs is not in it.
 */
export function versionOf(file: string): string {
  const hash = createHash('sha256');
  for (const path of [...filesOf(file)].sort())
    hash.update(relative(dirname(file), path)).update('\0').update(readFileSync(path)).update('\0');
  return hash.digest('hex').slice(0, HASH_DIGITS);
}

function filesOf(file: string, found = new Set<string>()): ReadonlySet<string> {
  found.add(file);
  for (const [, specifier = ''] of readFileSync(file, 'utf8').matchAll(RELATIVE_IMPORT)) {
    const path = resolve(dirname(file), specifier);
    if (!found.has(path) && existsSync(path) && statSync(path).isFile()) filesOf(path, found);
  }
  return found;
}
