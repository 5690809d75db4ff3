import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { startWatchdog } from './supervisor/watchdog';
import { messageOf } from './system-error';

const readyTimeoutMs = 60_000;
const keptOutput = 2_000;

/** How to run a server: for the supervisor, which adds a name, or for `startLaunch`. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  /** The whole environment of the process: nothing is inherited. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** The user to run as; only root can change it. */
  readonly user?: { readonly uid: number; readonly gid: number };
  /** Awaited before each start. A rejection counts as a failed start. */
  prepare?(): Promise<void>;
  /** Resolves when the process does its work. The signal aborts it when the process has ended, or took too long. */
  ready(signal: AbortSignal): Promise<void>;
  /** What asks the process to stop in order; SIGTERM unless given. */
  readonly stopSignal?: NodeJS.Signals;
  /** Milliseconds between `stopSignal` and SIGKILL; 10,000 unless given. */
  readonly stopTimeoutMs?: number;
  /** What ends the process when the one that started it was killed; SIGKILL unless given. */
  readonly orphanSignal?: NodeJS.Signals;
}

export const launchDefaults = {
  stopSignal: 'SIGTERM',
  stopTimeoutMs: 10_000,
  orphanSignal: 'SIGKILL',
} as const;

/** A server that runs until it is stopped, or dies: nothing restarts it. */
export interface RunningLaunch {
  readonly pid: number;
  /** Resolves when the process has ended, for whatever reason. */
  readonly exited: Promise<void>;
  /** Asks it to stop and resolves when it has ended. */
  stop(): Promise<void>;
}

/**
 * Starts a server as a child of this process and waits until it is ready. It ends with this process, even on SIGKILL.
 * @param name for the error
 * @param log receives what the server prints
 * @throws Error with the server's last words when it does not come up
 */
export async function startLaunch(
  launch: Launch,
  name: string,
  log: (text: string) => void,
): Promise<RunningLaunch> {
  await launch.prepare?.();
  const child = spawn(launch.command, launch.args, {
    cwd: launch.cwd,
    env: { ...launch.env },
    ...launch.user,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const collect = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-keptOutput);
    log(chunk.toString());
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  await once(child, 'spawn');
  const pid = child.pid ?? Number.NaN;
  const watchdog = startWatchdog();
  watchdog.watch([{ pid, orphanSignal: launch.orphanSignal ?? launchDefaults.orphanSignal }]);
  const ended = new AbortController();
  const exited = once(child, 'exit').then(() => {
    watchdog.dismiss();
    ended.abort();
  });
  const stop = async (): Promise<void> => {
    child.kill(launch.stopSignal ?? launchDefaults.stopSignal);
    const patience = setTimeout(
      () => child.kill('SIGKILL'),
      launch.stopTimeoutMs ?? launchDefaults.stopTimeoutMs,
    );
    await exited;
    clearTimeout(patience);
  };
  try {
    await launch.ready(AbortSignal.any([ended.signal, AbortSignal.timeout(readyTimeoutMs)]));
  } catch (error) {
    const happened = ended.signal.aborted
      ? 'ended before it was ready'
      : `did not become ready (${messageOf(error)})`;
    await stop();
    throw new Error(`${name} ${happened}: ${output.trim()}`, { cause: error });
  }
  return { pid, exited, stop };
}
