import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const held = new Set<string>();

/**
 * Takes the folder for this process: a journal has one writer. A lock left by a process that is gone is taken over.
 * @returns a function that releases it.
 * @throws when a living process holds it.
 */
export function lockFolder(dir: string): () => void {
  const path = join(dir, 'lock');
  const owner = readOwner(path);
  if (owner !== undefined && (isAlive(owner) || held.has(path))) {
    throw new Error(
      `the emulator journal in ${dir} is in use by process ${owner.pid}; stop that emulator or choose another --journal folder`,
    );
  }
  if (owner !== undefined) rmSync(path, { force: true });
  try {
    writeFileSync(path, JSON.stringify({ pid: process.pid, startedAt: startOf(process.pid) }), {
      flag: 'wx',
    });
  } catch (cause) {
    throw new Error(
      `another emulator has just taken the journal in ${dir}; choose another --journal folder`,
      { cause },
    );
  }
  held.add(path);
  return () => {
    held.delete(path);
    rmSync(path, { force: true });
  };
}

interface Owner {
  readonly pid: number;
  /** The kernel's start time of that process, so that a reused pid is not mistaken for it; empty where unknown. */
  readonly startedAt: string;
}

function readOwner(path: string): Owner | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
  try {
    const { pid, startedAt } = JSON.parse(text) as Partial<Owner>;
    return { pid: Number(pid), startedAt: String(startedAt) };
  } catch {
    return { pid: 0, startedAt: '' };
  }
}

function isAlive({ pid, startedAt }: Owner): boolean {
  if (!(pid > 0) || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return startedAt === '' || startedAt === startOf(pid);
}

function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
