import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { launchDefaults } from '../launch';
import { RotatingLog } from './log-file';
import { messageOf } from '../system-error';
import { signalGroup } from './recorded-children';
import { ChildPhase, type ChildSpec, type ChildState, type RestartPolicy } from './types';

const defaultReadyTimeoutMs = 60_000;
const explainedLines = 5;
/** How long the output of an ended process may still arrive; a grandchild could hold the pipe for ever. */
const lastOutputMs = 500;

/** What a supervised child needs from its supervisor. */
export interface ChildSurroundings {
  readonly policy: RestartPolicy;
  readonly logPath: string;
  /** Called after every change; the pid comes and goes with the process. */
  onChange(state: ChildState): void;
  /** Resolves when everything this child depends on is ready. */
  dependenciesReady(signal: AbortSignal): Promise<void>;
}

/** How one run of the process ended. */
interface Run {
  /** Milliseconds in which it was ready; undefined when it never was. */
  readonly readyForMs?: number;
  readonly reason: string;
}

/** One process, started again whenever it ends, until it is told to stop. */
export class SupervisedChild {
  private current: ChildState;
  private process: ChildProcess | undefined;
  private everReady = false;
  private readonly log: RotatingLog;
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;

  constructor(
    readonly spec: ChildSpec,
    private readonly surroundings: ChildSurroundings,
  ) {
    this.log = new RotatingLog(surroundings.logPath);
    this.current = { name: spec.name, phase: ChildPhase.Waiting, restarts: 0, sinceMs: Date.now() };
  }

  get state(): ChildState {
    return this.current;
  }

  /** Starts supervising; a second call changes nothing. */
  start(): void {
    this.running ??= this.keepRunning();
  }

  /** Asks the process to stop, kills it when it does not, and resolves when it has ended. */
  async stop(): Promise<void> {
    this.stopping.abort();
    if (this.process !== undefined) {
      this.change({ phase: ChildPhase.Stopping });
      this.process.kill(this.spec.stopSignal ?? launchDefaults.stopSignal);
    }
    const patience = setTimeout(() => {
      this.kill();
    }, this.spec.stopTimeoutMs ?? launchDefaults.stopTimeoutMs);
    await this.running;
    clearTimeout(patience);
    if (this.current.phase !== ChildPhase.Failed) this.change({ phase: ChildPhase.Stopped });
    this.log.close();
  }

  /** Kills the process at once. */
  kill(): void {
    if (this.process?.pid !== undefined) signalGroup(this.process.pid, 'SIGKILL');
  }

  private get isStopping(): boolean {
    return this.stopping.signal.aborted;
  }

  private async keepRunning(): Promise<void> {
    const { policy } = this.surroundings;
    let failures = 0;
    while (!this.isStopping) {
      this.change({ phase: ChildPhase.Waiting });
      const mayStart = await this.surroundings.dependenciesReady(this.stopping.signal).then(
        () => true,
        () => false,
      );
      if (!mayStart) return;
      const run = await this.runOnce();
      if (this.stopping.signal.aborted) return;
      failures = (run.readyForMs ?? 0) >= policy.stableAfterMs ? 1 : failures + 1;
      const reason = this.explain(run.reason, failures);
      const isHopeless = !this.everReady && failures >= policy.maxFailedStarts;
      if (isHopeless && this.spec.isOptional !== true) {
        this.change({ phase: ChildPhase.Failed, reason });
        return;
      }
      this.change({ phase: ChildPhase.BackingOff, reason });
      await sleep(backOffDelayMs(policy, failures), undefined, { signal: this.stopping.signal }).catch(
        () => undefined,
      );
      this.change({ restarts: this.current.restarts + 1 });
    }
  }

  private async runOnce(): Promise<Run> {
    this.log.mark();
    this.change({ phase: ChildPhase.Starting });
    try {
      await this.spec.prepare?.();
      if (this.isStopping) return { reason: 'stopped' };
      return await this.superviseProcess(this.spawn());
    } catch (error) {
      return { reason: messageOf(error) };
    } finally {
      this.process = undefined;
      this.change({ pid: undefined });
    }
  }

  private spawn(): ChildProcess {
    const { spec } = this;
    const child = spawn(spec.command, spec.args, {
      cwd: spec.cwd,
      env: { ...spec.env },
      ...spec.user,
      // A session of its own: Ctrl-C in the terminal reaches the supervisor alone, which then stops things in order.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const write = (chunk: Buffer): void => {
      this.log.write(chunk);
    };
    child.stdout.on('data', write);
    child.stderr.on('data', write);
    this.process = child;
    this.change({ pid: child.pid });
    return child;
  }

  private async superviseProcess(child: ChildProcess): Promise<Run> {
    await once(child, 'spawn');
    const ended = new AbortController();
    const exited = once(child, 'exit').then(([code, signal]: (number | string | null)[]) => {
      ended.abort();
      return signal === null ? `exited with code ${String(code)}` : `was ended by ${String(signal)}`;
    });
    const outputRead = once(child, 'close');
    if (this.isStopping) child.kill(this.spec.stopSignal ?? launchDefaults.stopSignal);
    const readiness = await this.waitUntilReady(ended.signal);
    const ending = await exited;
    if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
    await Promise.race([outputRead, sleep(lastOutputMs)]);
    return {
      reason: readiness.complaint ?? ending,
      ...(readiness.atMs !== undefined && { readyForMs: performance.now() - readiness.atMs }),
    };
  }

  /** A process that says it cannot become ready, or takes too long, is killed. */
  private async waitUntilReady(
    ended: AbortSignal,
  ): Promise<{ readonly atMs?: number; readonly complaint?: string }> {
    const timeoutMs = this.spec.readyTimeoutMs ?? defaultReadyTimeoutMs;
    const timeout = AbortSignal.timeout(timeoutMs);
    try {
      const hopeless = AbortSignal.any([ended, timeout]);
      await Promise.race([this.spec.ready(hopeless), rejectionOf(hopeless)]);
      this.everReady = true;
      if (!this.isStopping) this.change({ phase: ChildPhase.Ready });
      return { atMs: performance.now() };
    } catch (error) {
      if (ended.aborted || this.isStopping) return {};
      this.kill();
      if (timeout.aborted) return { complaint: `was not ready within ${timeoutMs / 1000} s` };
      return { complaint: `did not become ready: ${messageOf(error)}` };
    }
  }

  private explain(reason: string, failures: number): string {
    const tail = this.log.tail(explainedLines);
    const often = failures > 1 ? `, ${failures} times in a row` : '';
    return `${this.spec.name} ${reason}${often}; log: ${this.log.path}${tail === '' ? '' : `\n${tail}`}`;
  }

  private change(change: Partial<Omit<ChildState, 'pid'>> & { readonly pid?: number | undefined }): void {
    const { pid, ...rest } = { ...this.current, ...change };
    const sinceMs =
      change.phase !== undefined && change.phase !== this.current.phase ? Date.now() : this.current.sinceMs;
    this.current = { ...rest, sinceMs, ...(pid !== undefined && { pid }) };
    this.surroundings.onChange(this.current);
  }
}

/** Rejects when the signal is aborted, for the sake of those that do not watch it. */
async function rejectionOf(signal: AbortSignal): Promise<never> {
  if (!signal.aborted) await once(signal, 'abort');
  throw new Error('aborted');
}

/** Doubles with each failure in a row, up to the longest pause. */
export function backOffDelayMs(policy: RestartPolicy, failures: number): number {
  return Math.min(policy.maxDelayMs, policy.firstDelayMs * 2 ** (failures - 1));
}
