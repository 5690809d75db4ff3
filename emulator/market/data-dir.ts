import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** Where the recorded data is, if anywhere, and one clause for people saying how that was decided. */
export interface DataDirChoice {
  readonly dataDir?: string;
  readonly why: string;
}

/**
 * Chooses the data folder: the `--data` flag, else `BALLAST_DATA` (given as `env`), else `shared/data` beside the
 * project when it is there, else none, which means the simulated market. A folder that was named is not checked here:
 * opening it says what is missing.
 */
export function resolveDataDir(from: {
  readonly flag: string | undefined;
  readonly env: string | undefined;
  readonly projectRoot: string;
}): DataDirChoice {
  if (from.flag) return { dataDir: resolve(from.flag), why: 'given by --data' };
  if (from.env) return { dataDir: resolve(from.env), why: 'given by BALLAST_DATA' };
  const beside = join(resolve(from.projectRoot), '..', 'shared', 'data');
  if (existsSync(beside)) return { dataDir: beside, why: 'found beside the project' };
  return { why: `no --data, no BALLAST_DATA and no ${beside}: the market is simulated` };
}
