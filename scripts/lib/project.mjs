import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's root folder. */
export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/**
 * The folder, one per user, which keeps everything a second clone would otherwise fetch again.
 * `BALLAST_CACHE` wins, then XDG_CACHE_HOME, then the platform's custom.
 */
export function cacheFolder(env = process.env, platform = process.platform, home = homedir()) {
  if (env.BALLAST_CACHE) return resolve(env.BALLAST_CACHE);
  if (env.XDG_CACHE_HOME) return join(env.XDG_CACHE_HOME, 'ballast');
  return platform === 'darwin' ? join(home, 'Library/Caches/ballast') : join(home, '.cache/ballast');
}

/** A failure which the user can act on: shown without a stack trace. */
export class SetupError extends Error {
  name = 'SetupError';
}

/** Runs a script's main function; whatever it throws ends the process with code 1 and a readable message. */
export async function runMain(main) {
  try {
    await main();
  } catch (error) {
    process.stderr.write(`${error instanceof SetupError ? error.message : error.stack}\n`);
    process.exit(1);
  }
}
