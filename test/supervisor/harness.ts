import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isRunning, type ProcessIdentity } from '../../workers/process-identity';
import type { ChildSpec, ChildState, RestartPolicy } from '../../workers/supervisor/types';

const pollMs = 20;

/** Quick enough for a test, same shape as the real one. */
export const quickPolicy: RestartPolicy = {
  firstDelayMs: 5,
  maxDelayMs: 20,
  stableAfterMs: 60_000,
  maxFailedStarts: 3,
};

/** Resolves when the condition holds; the test's own time limit is the bound. */
export async function waitFor(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(pollMs);
}

/** A state folder and the journal in which the fixture children write what happens to them. */
export class Stage {
  readonly stateDir = mkdtempSync(join(tmpdir(), 'ballast-supervisor-'));
  readonly journal = join(this.stateDir, 'journal');

  lines(): string[] {
    return existsSync(this.journal) ? readFileSync(this.journal, 'utf8').trim().split('\n') : [];
  }

  /** Lines without pids. */
  events(): string[] {
    return this.lines().map((line) => line.split(' ').slice(0, 2).join(' '));
  }

  pidsOf(name: string): number[] {
    return this.lines()
      .filter((line) => line.startsWith(`${name} started `))
      .map((line) => Number(line.split(' ')[2]));
  }

  /** A child that runs the fixture worker; ready once that has written its line. */
  child(name: string, overrides: Partial<ChildSpec> & { readonly stubborn?: boolean } = {}): ChildSpec {
    const { stubborn, ...spec } = overrides;
    let startsSeen = 0;
    return {
      name,
      command: process.execPath,
      args: [
        join(__dirname, 'fixtures/worker.cjs'),
        name,
        this.journal,
        ...(stubborn === true ? ['stubborn'] : []),
      ],
      env: {},
      ready: async (signal) => {
        while (this.pidsOf(name).length <= startsSeen) await sleep(pollMs, undefined, { signal });
        startsSeen = this.pidsOf(name).length;
      },
      ...spec,
    };
  }

  remove(): void {
    rmSync(this.stateDir, { recursive: true, force: true });
  }
}

export function stateOf(states: readonly ChildState[], name: string): ChildState {
  const state = states.find((candidate) => candidate.name === name);
  if (state === undefined) throw new Error(`No child ${name}`);
  return state;
}

export async function waitUntilGone(identity: ProcessIdentity): Promise<void> {
  await waitFor(() => !isRunning(identity));
}
