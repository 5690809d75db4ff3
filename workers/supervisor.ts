import { join } from 'node:path';
import { launchDefaults } from './launch';
import { identifyProcess } from './process-identity';
import { acquireSupervisorLock } from './supervisor/lock';
import { endLeftovers, recordChildren } from './supervisor/recorded-children';
import { SupervisedChild } from './supervisor/supervised-child';
import {
  ChildPhase,
  type ChildSpec,
  type ChildState,
  defaultRestartPolicy,
  type RestartPolicy,
} from './supervisor/types';
import { startWatchdog, type Watchdog } from './supervisor/watchdog';

/** npm and a wrapping Node pass a Ctrl-C on that the terminal has delivered already: within this time it is the same one. */
const sameSignalMs = 1_000;
const stopSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export interface SupervisorOptions {
  readonly children: readonly ChildSpec[];
  /** Holds the lock, the record of running children and `logs/`. Made if missing. */
  readonly stateDir: string;
  /** Called with all children after every change of one. */
  readonly onState?: (states: readonly ChildState[]) => void;
  readonly policy?: RestartPolicy;
  /** Made here when left out. */
  readonly claim?: StateFolderClaim;
}

/** The right to use a state folder, held by one process at a time. */
export interface StateFolderClaim {
  /** Names of processes left over from a killed supervisor, which were ended. */
  readonly endedLeftovers: readonly string[];
  /** Gives the folder up; a supervisor that got the claim does so at its end. */
  release(): void;
}

/** How a supervisor ended. */
export interface SupervisorEnd {
  /** Set when a child never came up, which ended all of them. */
  readonly failure?: string;
}

export interface Supervisor {
  /** Resolves when every child that is not optional has been ready once; rejects with the reason when one never will, or when stopped before. */
  readonly allReady: Promise<unknown>;
  /** Resolves when every child has ended. */
  readonly ended: Promise<SupervisorEnd>;
  /** Names of processes left over from a killed supervisor, which were ended first. */
  readonly endedLeftovers: readonly string[];
  states(): readonly ChildState[];
  /** Stops the children in reverse order of their dependencies. SIGINT, SIGTERM and SIGHUP do the same; a second one kills. */
  stop(): Promise<void>;
}

/**
 * Starts the children in the order of their dependencies and restarts those that die, until stopped. The children end
 * with this process, even when it is killed.
 * @throws SupervisorRunningError when another supervisor runs on the same state folder
 * @throws Error when the dependencies name no child or form a circle
 */
export async function startSupervisor(options: SupervisorOptions): Promise<Supervisor> {
  const ordered = inStartOrder(options.children);
  const claim = options.claim ?? (await claimStateFolder(options.stateDir));
  return new ProcessSupervisor(ordered, options, claim);
}

/**
 * Makes the state folder this process's alone and ends what a killed supervisor has left running there. To be done
 * before anything in the folder is made or moved, and before ports are chosen, which left-over processes still hold.
 * @throws SupervisorRunningError when another supervisor runs on the same state folder
 */
export async function claimStateFolder(stateDir: string): Promise<StateFolderClaim> {
  const release = acquireSupervisorLock(stateDir);
  try {
    return { endedLeftovers: await endLeftovers(stateDir), release };
  } catch (error) {
    release();
    throw error;
  }
}

/** Children such that each comes after those it depends on. */
export function inStartOrder(children: readonly ChildSpec[]): readonly ChildSpec[] {
  const byName = new Map(children.map((child) => [child.name, child]));
  if (byName.size < children.length)
    throw new Error(`Two children have the same name: ${children.map(({ name }) => name).join(', ')}`);
  const ordered = new Set<ChildSpec>();
  const visit = (child: ChildSpec, path: readonly string[]): void => {
    if (path.includes(child.name))
      throw new Error(`Children depend on each other in a circle: ${[...path, child.name].join(' → ')}`);
    for (const name of child.dependsOn ?? []) {
      const dependency = byName.get(name);
      if (dependency === undefined)
        throw new Error(`Child ${child.name} depends on ${name}, which is not among the children`);
      visit(dependency, [...path, child.name]);
    }
    ordered.add(child);
  };
  for (const child of children) visit(child, []);
  return [...ordered];
}

class ProcessSupervisor implements Supervisor {
  readonly allReady: Promise<unknown>;
  readonly ended: Promise<SupervisorEnd>;
  readonly endedLeftovers: readonly string[];

  private readonly children: ReadonlyMap<string, SupervisedChild>;
  private readonly watchdog: Watchdog = startWatchdog();
  private readonly allReadyOutcome = Promise.withResolvers<undefined>();
  private readonly endOutcome = Promise.withResolvers<SupervisorEnd>();
  private readonly changeListeners = new Set<() => void>();
  private readonly notYetReady: Set<string>;
  private recorded = '';
  private stopStarted: { readonly atMs: number; readonly done: Promise<void> } | undefined;
  private failure: string | undefined;

  constructor(
    ordered: readonly ChildSpec[],
    private readonly options: SupervisorOptions,
    private readonly claim: StateFolderClaim,
  ) {
    this.endedLeftovers = claim.endedLeftovers;
    this.allReady = this.allReadyOutcome.promise;
    this.ended = this.endOutcome.promise;
    this.allReady.catch(() => undefined);
    this.notYetReady = new Set(
      ordered.filter(({ isOptional }) => isOptional !== true).map(({ name }) => name),
    );
    this.children = new Map(ordered.map((spec) => [spec.name, this.supervise(spec)]));
    for (const signal of stopSignals) process.on(signal, this.onSignal);
    for (const child of this.children.values()) child.start();
  }

  states(): readonly ChildState[] {
    return [...this.children.values()].map((child) => child.state);
  }

  stop(): Promise<void> {
    this.stopStarted ??= { atMs: performance.now(), done: this.stopInOrder() };
    return this.stopStarted.done;
  }

  private readonly onSignal = (): void => {
    if (this.stopStarted !== undefined && performance.now() - this.stopStarted.atMs > sameSignalMs) {
      for (const child of this.children.values()) child.kill();
    }
    void this.stop();
  };

  private supervise(spec: ChildSpec): SupervisedChild {
    return new SupervisedChild(spec, {
      policy: this.options.policy ?? defaultRestartPolicy,
      logPath: join(this.options.stateDir, 'logs', `${spec.name}.log`),
      onChange: (state) => {
        this.onChange(state);
      },
      dependenciesReady: (signal) => this.whenReady(spec.dependsOn ?? [], signal),
    });
  }

  private onChange(state: ChildState): void {
    this.recordProcesses();
    if (
      state.phase === ChildPhase.Ready &&
      this.notYetReady.delete(state.name) &&
      this.notYetReady.size === 0
    ) {
      this.allReadyOutcome.resolve(undefined);
    }
    if (state.phase === ChildPhase.Failed) {
      this.failure ??= state.reason;
      void this.stop();
    }
    for (const listener of [...this.changeListeners]) listener();
    this.options.onState?.(this.states());
  }

  /** The watchdog and the next supervisor have to know every process from its first moment. */
  private recordProcesses(): void {
    const running = [...this.children.values()].reverse().flatMap((child) => {
      const identity = child.state.pid === undefined ? undefined : identifyProcess(child.state.pid);
      if (identity === undefined) return [];
      return [
        {
          ...identity,
          name: child.spec.name,
          orphanSignal: child.spec.orphanSignal ?? launchDefaults.orphanSignal,
        },
      ];
    });
    const text = JSON.stringify(running);
    if (text === this.recorded) return;
    this.recorded = text;
    this.watchdog.watch(running);
    recordChildren(this.options.stateDir, running);
  }

  private whenReady(names: readonly string[], signal: AbortSignal): Promise<void> {
    const allReady = (): boolean =>
      names.every((name) => this.children.get(name)?.state.phase === ChildPhase.Ready);
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        if (!signal.aborted && !allReady()) return;
        this.changeListeners.delete(settle);
        signal.removeEventListener('abort', settle);
        if (signal.aborted) reject(new Error('stopped'));
        else resolve();
      };
      this.changeListeners.add(settle);
      signal.addEventListener('abort', settle);
      settle();
    });
  }

  /** Whoever depends on a child ends before it. */
  private async stopInOrder(): Promise<void> {
    const stopped = new Map<string, Promise<void>>();
    for (const child of [...this.children.values()].reverse()) {
      const dependents = [...this.children.values()].filter(({ spec }) =>
        spec.dependsOn?.includes(child.spec.name),
      );
      const before = dependents.map(({ spec }) => stopped.get(spec.name) ?? Promise.resolve());
      stopped.set(
        child.spec.name,
        Promise.all(before).then(() => child.stop()),
      );
    }
    await Promise.all([...stopped.values()]);
    for (const signal of stopSignals) process.off(signal, this.onSignal);
    this.watchdog.dismiss();
    this.claim.release();
    this.allReadyOutcome.reject(new Error(this.failure ?? 'Stopped before everything was ready'));
    this.endOutcome.resolve(this.failure === undefined ? {} : { failure: this.failure });
  }
}
