import { startEmulator, type EmulatorOptions, type RunningEmulator } from '../emulator/main';

/**
 * Runs the exchange in this process until SIGINT or SIGTERM, and closes it in order: everything it has answered is on
 * the disk. Resolves when it is closed.
 * @throws whatever keeps it from starting, or from keeping its record.
 */
export async function runEmulator(
  options: Omit<EmulatorOptions, 'onFailure'>,
  onOpen: (emulator: RunningEmulator) => void,
): Promise<void> {
  const ended = Promise.withResolvers<undefined>();
  const emulator = await startEmulator({
    ...options,
    onFailure: (error) => {
      ended.reject(error instanceof Error ? error : new Error(String(error)));
    },
  });
  const stop = (): void => {
    ended.resolve(undefined);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
  onOpen(emulator);
  try {
    await ended.promise;
  } finally {
    await emulator.close();
  }
}
