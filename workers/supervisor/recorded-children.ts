import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { isRunning } from '../process-identity';
import { hasErrorCode } from '../system-error';

const recordedChild = z.object({
  name: z.string(),
  pid: z.number().int(),
  startedAt: z.string(),
  orphanSignal: z.custom<NodeJS.Signals>((value) => typeof value === 'string' && value.startsWith('SIG')),
});
/** A running child as the next supervisor will know it, should this one be killed together with its watchdog. */
export type RecordedChild = z.infer<typeof recordedChild>;

const patienceMs = 10_000;
const pollMs = 50;

function fileIn(stateDir: string): string {
  return join(stateDir, 'children.json');
}

/** Replaces the record of running children. */
export function recordChildren(stateDir: string, children: readonly RecordedChild[]): void {
  const file = fileIn(stateDir);
  writeFileSync(`${file}.new`, JSON.stringify(children));
  renameSync(`${file}.new`, file);
}

/**
 * Ends what an earlier supervisor has left running. Only processes whose pid *and* start time are those on record are
 * touched: any other has merely got the number.
 * @returns the names of those that were ended
 */
export async function endLeftovers(stateDir: string): Promise<readonly string[]> {
  const alive = readRecorded(stateDir).filter(isRunning);
  for (const child of alive) signalGroup(child.pid, child.orphanSignal);
  const deadline = Date.now() + patienceMs;
  while (alive.some(isRunning)) {
    if (Date.now() > deadline) {
      for (const child of alive.filter(isRunning)) signalGroup(child.pid, 'SIGKILL');
    }
    await sleep(pollMs);
  }
  recordChildren(stateDir, []);
  return alive.map((child) => child.name);
}

/** Signals a process together with its own children; those that are gone already (macOS says EPERM) are as they should be. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if (!hasErrorCode(error, 'ESRCH', 'EPERM')) throw error;
  }
}

function readRecorded(stateDir: string): readonly RecordedChild[] {
  try {
    return z.array(recordedChild).parse(JSON.parse(readFileSync(fileIn(stateDir), 'utf8')));
  } catch {
    return [];
  }
}
