import { setTimeout as sleep } from 'node:timers/promises';
import type { World } from '../crash/harness/world';
import { explain, type Chronicle } from './chronicle';
import { Target } from './schedule';

/** One kill of one or several processes at an instant. Wall times. */
export interface Strike {
  readonly killedMs: number;
  readonly targets: readonly Target[];
}

/** A time in which a server was down: from its death until it could be reached again. */
export interface Downtime {
  readonly target: Target;
  readonly fromMs: number;
  /** Null while it is still down. */
  toMs: number | null;
}

interface Server {
  kill(): void;
  restart(): Promise<void>;
}

const RESTART_TRIES = 4;
const BETWEEN_TRIES_MS = 500;

/** Kills processes and, as a supervisor would, starts them again. */
export class Supervisor {
  readonly strikes: Strike[] = [];
  readonly downtimes: Downtime[] = [];
  /** What is down right now, with the work that brings it back. */
  private readonly restarts = new Map<Target, Promise<void>>();

  constructor(
    private readonly world: World,
    private readonly chronicle: Chronicle,
  ) {}

  /** SIGKILL of everything named that is up; servers come back `downMs` later, workers at once. */
  strike(targets: readonly Target[], downMs: number): void {
    const standing = targets.filter((target) => !this.restarts.has(target));
    if (standing.length === 0) {
      this.chronicle.note('harness', `nothing to kill: ${targets.join(' + ')} is down already`);
      return;
    }
    const killedMs = Date.now();
    for (const target of standing) this.kill(target);
    this.strikes.push({ killedMs, targets: standing });
    this.chronicle.note('kill', `SIGKILL ${standing.join(' + ')}`);
    for (const target of standing) {
      const server = this.serverOf(target);
      if (server === undefined) continue;
      const revived = this.revive(target, server, killedMs, downMs);
      // Whoever waits for everything to be up learns of it; until then a run goes on without that server.
      revived.catch(() => undefined);
      this.restarts.set(target, revived);
    }
  }

  isUp(target: Target): boolean {
    return !this.restarts.has(target);
  }

  /** Resolves when everything is up again. @throws Error when a server cannot be brought back */
  async allUp(): Promise<void> {
    while (this.restarts.size > 0) await Promise.all(this.restarts.values());
  }

  private kill(target: Target): void {
    try {
      if (target === Target.Worker) for (const worker of this.world.allWorkers) worker.kill();
      else this.serverOf(target)?.kill();
    } catch (error) {
      this.chronicle.note('problem', `${target} was dead before it was killed: ${explain(error)}`);
    }
  }

  private async revive(target: Target, server: Server, fromMs: number, downMs: number): Promise<void> {
    const downtime: Downtime = { target, fromMs, toMs: null };
    this.downtimes.push(downtime);
    await sleep(downMs);
    for (let tries = 1; ; tries += 1) {
      try {
        await server.restart();
        break;
      } catch (error) {
        this.chronicle.note('problem', `${target} did not come back: ${explain(error)}`);
        if (tries === RESTART_TRIES) throw error;
        await sleep(BETWEEN_TRIES_MS);
      }
    }
    downtime.toMs = Date.now();
    this.restarts.delete(target);
    this.chronicle.note('harness', `${target} is up again`);
  }

  private serverOf(target: Target): Server | undefined {
    const { servers, exchange } = this.world;
    switch (target) {
      case Target.Worker:
        return undefined;
      case Target.Temporal:
        return servers.temporal;
      case Target.Postgres:
        return servers.postgres;
      case Target.Exchange:
        return exchange;
    }
  }
}
