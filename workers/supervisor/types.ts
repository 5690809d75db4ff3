import type { Launch } from '../launch';

/** A process that the supervisor keeps running. */
export interface ChildSpec extends Launch {
  /** Unique; names the log file too. */
  readonly name: string;
  /** Children which have to be ready before each start of this one. */
  readonly dependsOn?: readonly string[];
  /** The others go on without it: it holds up no start, and is tried for ever however often it fails. */
  readonly isOptional?: boolean;
  /** Milliseconds for `ready`; 60,000 unless given. */
  readonly readyTimeoutMs?: number;
}

export const ChildPhase = {
  /** For the children it depends on. */
  Waiting: 'waiting',
  Starting: 'starting',
  Ready: 'ready',
  /** It died; the next start comes after a pause. */
  BackingOff: 'backing-off',
  Stopping: 'stopping',
  Stopped: 'stopped',
  /** It never came up, and the supervisor has given up. */
  Failed: 'failed',
} as const;
export type ChildPhase = (typeof ChildPhase)[keyof typeof ChildPhase];

/** What a view shows of a child. */
export interface ChildState {
  readonly name: string;
  readonly phase: ChildPhase;
  readonly pid?: number;
  /** Starts after the first. */
  readonly restarts: number;
  /** Wall time of the last change of phase, in milliseconds. */
  readonly sinceMs: number;
  /** Why it died or did not start, the last time it did. */
  readonly reason?: string;
}

/** How patiently dead children are restarted. */
export interface RestartPolicy {
  /** The pause after the first failure; it doubles with each further one. */
  readonly firstDelayMs: number;
  /** The longest pause. */
  readonly maxDelayMs: number;
  /** A child that was ready for so long has recovered: the count of its failures starts again. */
  readonly stableAfterMs: number;
  /** A child that fails so often without ever having been ready makes the start fail. Once up, it is restarted for ever. */
  readonly maxFailedStarts: number;
}

export const defaultRestartPolicy: RestartPolicy = {
  firstDelayMs: 250,
  maxDelayMs: 30_000,
  stableAfterMs: 30_000,
  maxFailedStarts: 5,
};
