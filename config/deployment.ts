import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The id of this deployment, made once and kept in the state folder: orders carry it, so that after any restart we
 * still know which are ours.
 */
export function ensureDeploymentId(stateDir: string): string {
  const file = join(stateDir, 'deployment-id');
  mkdirSync(stateDir, { recursive: true });
  try {
    writeFileSync(file, `ballast-${randomBytes(4).toString('hex')}\n`, { flag: 'wx' });
  } catch {
    // It is there already; if it is not, the read says why.
  }
  return readFileSync(file, 'utf8').trim();
}
