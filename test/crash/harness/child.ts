import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { startWatchdog } from '../../../workers/supervisor/watchdog';

/** A Node process of the system under test, known by its pid. It inherits no environment, and ends with the tests. */
export class Child {
  private constructor(
    private readonly process: ChildProcess,
    /** Resolves when the process has ended, for whatever reason. */
    readonly exited: Promise<unknown>,
    private readonly log: WriteStream,
  ) {}

  /** @param logPath everything the process prints is appended there */
  static async start(
    args: readonly string[],
    env: Readonly<Record<string, string>>,
    logPath: string,
  ): Promise<Child> {
    const child = spawn(process.execPath, ['--enable-source-maps', ...args], {
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const log = createWriteStream(logPath, { flags: 'a' });
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    const watchdog = startWatchdog();
    const exited = once(child, 'exit').then(() => {
      watchdog.dismiss();
    });
    await once(child, 'spawn');
    watchdog.watch([{ pid: child.pid ?? Number.NaN, orphanSignal: 'SIGKILL' }]);
    return new Child(child, exited, log);
  }

  get pid(): number {
    return this.process.pid ?? Number.NaN;
  }

  get isRunning(): boolean {
    return this.process.exitCode === null && this.process.signalCode === null;
  }

  /** Sends the signal at once; nothing of this process runs after a SIGKILL. */
  signal(signal: NodeJS.Signals): void {
    this.process.kill(signal);
  }

  /** Kills it, and resolves when it is gone. */
  async kill(): Promise<void> {
    if (this.isRunning) this.signal('SIGKILL');
    await this.exited;
    this.log.end();
  }
}
