import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * The cores that this process may be confined to; null where that cannot be done: it takes `taskset` (util-linux), which Linux
 * alone has.
 */
export function confinableCores(): readonly number[] | null {
  if (process.platform !== 'linux') return null;
  const allowed = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  if (allowed === undefined) return null;
  const cores = parseCoreList(allowed);
  return confine(cores) === undefined ? cores : null;
}

/** A list of cores as Linux writes it: `0-3,8`. */
export const parseCoreList = (text: string): readonly number[] =>
  text.split(',').flatMap((part) => {
    const [first = '', last = first] = part.split('-');
    return Array.from({ length: Number(last) - Number(first) + 1 }, (_, index) => Number(first) + index);
  });

/**
 * Runs with this whole process on these cores alone, its collector, its compilers and the threads that it begins included; they
 * stay where they are when null is given.
 * @param home where it goes back to
 * @throws Error when `taskset` refuses
 */
export async function confinedTo<T>(
  cores: readonly number[] | null,
  home: readonly number[] | null,
  run: () => Promise<T>,
): Promise<T> {
  if (cores === null || home === null) return run();
  insist(cores);
  try {
    return await run();
  } finally {
    insist(home);
  }
}

function insist(cores: readonly number[]): void {
  const refusal = confine(cores);
  if (refusal !== undefined) throw new Error(`The process cannot be confined to ${cores.join()}: ${refusal}`);
}

/** Threads that there are; those that they begin are where they are. @returns why not, when it could not be done */
function confine(cores: readonly number[]): string | undefined {
  const list = ['--all-tasks', '--cpu-list', '--pid', cores.join(), String(process.pid)];
  const { status, stderr, error } = spawnSync('taskset', list, { encoding: 'utf8' });
  return status === 0 ? undefined : (error?.message ?? stderr);
}
