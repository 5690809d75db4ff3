import { startEmulator, type EmulatorOptions, type RunningEmulator } from './main';

/**
 * Runs an exchange as the whole of this process: prints one JSON line with its URLs and first key, then JSON log lines;
 * SIGTERM and SIGINT stop it in order. Resolves with the exit code once it has stopped: 0, or 1 after an error, which
 * has then been printed.
 */
export async function runEmulatorProcess(
  options: Omit<EmulatorOptions, 'log' | 'onFailure'>,
): Promise<number> {
  const log: NonNullable<EmulatorOptions['log']> = (level, message, fields) => {
    const line = JSON.stringify({ time: new Date().toISOString(), level, message, ...fields });
    (level === 'error' ? process.stderr : process.stdout).write(`${line}\n`);
  };
  const stop = stopSignal();
  let emulator: RunningEmulator;
  try {
    emulator = await startEmulator({ ...options, log, onFailure: stop.fail });
  } catch (error) {
    log('error', error instanceof Error ? error.message : String(error));
    return 1;
  }
  const { url, wsUrl, apiKey, secret, sessionId } = emulator;
  process.stdout.write(
    `${JSON.stringify({ ready: true, url, wsUrl, apiKey, secret, sessionId, pid: process.pid })}\n`,
  );
  const code = await stop.requested;
  // After a failed disk there is nothing left to put in order: the record ends where the disk did.
  if (code === 0) await emulator.close();
  return code;
}

interface StopSignal {
  readonly requested: Promise<0 | 1>;
  readonly fail: () => void;
}

function stopSignal(): StopSignal {
  let settle: (code: 0 | 1) => void = () => undefined;
  const requested = new Promise<0 | 1>((resolve) => (settle = resolve));
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      settle(0);
    });
  }
  return {
    requested,
    fail: () => {
      settle(1);
    },
  };
}
