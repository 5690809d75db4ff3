import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { identifyProcess, isRunning, type ProcessIdentity } from '../process-identity';
import { hasErrorCode } from '../system-error';

const identitySchema = z.object({ pid: z.number().int(), startedAt: z.string() });

/** Another supervisor runs on the same state folder. */
export class SupervisorRunningError extends Error {
  override readonly name = 'SupervisorRunningError';

  constructor(
    readonly pid: number,
    stateDir: string,
  ) {
    super(
      `Ballast is already running on ${stateDir} (process ${pid}). Use that one, or stop it with Ctrl-C in its terminal or \`kill ${pid}\`, then start again.`,
    );
  }
}

/**
 * Makes this process the only supervisor of a state folder. The lock of a dead supervisor is taken over.
 * @returns what gives the lock up
 * @throws SupervisorRunningError when a living one holds it
 */
export function acquireSupervisorLock(stateDir: string): () => void {
  mkdirSync(stateDir, { recursive: true });
  const path = join(stateDir, 'supervisor.lock');
  const self = identifyProcess(process.pid);
  if (self === undefined)
    throw new Error(`Cannot read the start time of process ${process.pid}, which the lock ${path} needs`);
  while (!tryLink(path, self)) {
    const owner = readOwner(path);
    if (owner !== undefined && isRunning(owner)) throw new SupervisorRunningError(owner.pid, stateDir);
    setAside(path, self.pid);
  }
  return () => {
    if (readOwner(path)?.pid === self.pid) rmSync(path, { force: true });
  };
}

/** A link appears together with its content, so that nobody reads a lock without an owner. */
function tryLink(path: string, self: ProcessIdentity): boolean {
  const candidate = `${path}.${self.pid}`;
  writeFileSync(candidate, JSON.stringify(self));
  try {
    linkSync(candidate, path);
    return true;
  } catch (error) {
    if (hasErrorCode(error, 'EEXIST')) return false;
    throw error;
  } finally {
    rmSync(candidate, { force: true });
  }
}

/** Two may find the same dead lock: what was moved is looked at again, and a living one goes back to its place. */
function setAside(path: string, selfPid: number): void {
  const aside = `${path}.stale.${selfPid}`;
  try {
    renameSync(path, aside);
    const moved = readOwner(aside);
    if (moved !== undefined && isRunning(moved)) linkSync(aside, path);
  } catch (error) {
    if (!hasErrorCode(error, 'ENOENT', 'EEXIST')) throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

function readOwner(path: string): ProcessIdentity | undefined {
  try {
    return identitySchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    return undefined;
  }
}
