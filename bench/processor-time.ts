/**
 * How long the processor has worked for this process, its garbage collector and compilers included: what others do on the machine
 * meanwhile stretches the time on the wall, of the longer of two runs more often than of the shorter.
 * @returns milliseconds
 */
export function processorMs(run: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  kept = run();
  const { user, system } = process.cpuUsage(before);
  return kept === undefined
    ? Promise.reject(new Error('A run came to nothing.'))
    : Promise.resolve((user + system) / 1_000);
}

/** Results are kept until the clock has been read, or the work could be left out. */
let kept: unknown;
