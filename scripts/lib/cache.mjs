import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from './project.mjs';
import { withLock } from './lock.mjs';

/**
 * A versioned folder of the user's cache. It is there completely or not at all: `install` fills a temporary folder,
 * which takes its name only at the end.
 * @param {string} name such as `temporal-cli-1.5.1`
 * @param {(folder: string) => Promise<void>} install fills the folder or throws
 * @returns {Promise<string>} the folder
 */
export async function provideCached(name, install) {
  const cache = cacheFolder();
  const folder = join(cache, name);
  if (existsSync(folder)) return folder;
  return withLock(join(cache, 'locks', `${name}.lock`), async () => {
    if (existsSync(folder)) return folder;
    mkdirSync(cache, { recursive: true });
    const temporary = mkdtempSync(join(cache, `.${name}-`));
    try {
      await install(temporary);
      renameSync(temporary, folder);
    } finally {
      rmSync(temporary, { recursive: true, force: true });
    }
    return folder;
  });
}
